// Turns the files of one cgroup version into typed stats. cgroup_v1.cc and cgroup_v2.cc
// implement this; only they know the difference.
#pragma once

#include "collectors/kernel/cgroup/block_devices.h"
#include "collectors/kernel/cgroup/cgroup_files.h"
#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/system/kernel_file.h"
#include "collectors/kernel/system/read_report.h"

#include <array>
#include <cstdint>
#include <string>

namespace tallyman {

// One pass's tools. `gone` is set as soon as a file says that the cgroup was removed.
struct ReadContext {
  ReadBuffer& buffer;
  BlockDevices& devices;
  std::uint64_t page_size;
  bool slow_pass = false;  // also read files that change rarely
  bool gone = false;
  ReadReport report;

  // The text of a file; empty if it is missing, gone or faulty (faults are noted).
  std::optional<std::string_view> text(CgroupFiles& files, CgroupFile file);
  // The same for a file with a name composed at run time.
  std::optional<std::string_view> text(CgroupFiles& files, int hierarchy, const std::string& name);
  void malformed(const std::string& path);

  // A file of a single number; `parse` is of formats/.
  template <class Parse>
  Count number(CgroupFiles& files, CgroupFile file, Parse parse) {
    const auto content = text(files, file);
    if (!content) {
      return {};
    }
    const Count value = parse(*content);
    if (!value) {
      malformed(files.name_of(file));
    }
    return value;
  }
  template <class Parse>
  Count number(CgroupFiles& files, int hierarchy, const std::string& name, Parse parse) {
    const auto content = text(files, hierarchy, name);
    if (!content) {
      return {};
    }
    const Count value = parse(*content);
    if (!value) {
      malformed(files.name_of(hierarchy, name));
    }
    return value;
  }

  // A number that may not be is_wrapped(): then it is empty, and no fault.
  Count gauge(CgroupFiles& files, CgroupFile file);
  Count gauge(CgroupFiles& files, int hierarchy, const std::string& name);

  // A file of rows; `parse` returns how many it could not parse. Only files with one row
  // per device may be empty.
  template <class Parse>
  void rows(CgroupFiles& files, CgroupFile file, Parse parse, bool may_be_empty = false) {
    const auto content = text(files, file);
    if (content && (parse(*content) != 0 || (content->empty() && !may_be_empty))) {
      malformed(files.name_of(file));
    }
  }
};

class CgroupReader {
 public:
  virtual ~CgroupReader() = default;
  // Each fills its part of the stats, which is empty before, except where noted.
  virtual void cpu(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const = 0;  // reads stats.limits
  virtual void cpu_per_cpu(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const = 0;
  virtual void memory(CgroupFiles& files, ReadContext& context,
                      CgroupStats& stats) const = 0;  // stats.memory.kernel may stay
  // Reads stats.limits; stats.memory_events.failcnt may stay.
  virtual void memory_events(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const = 0;
  // stats.io has the rows of the last pass, and gets those of this one.
  virtual void io(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const = 0;
  virtual void pids(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const = 0;  // stats.pids.max may stay
  virtual void cpu_limits(CgroupFiles& files, ReadContext& context, LimitStats& limits) const = 0;
  virtual void memory_limits(CgroupFiles& files, ReadContext& context, LimitStats& limits) const = 0;
  virtual void cpuset(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const = 0;
  virtual void hugetlb(CgroupFiles& files, ReadContext& context, const std::vector<std::string>& page_sizes,
                       int hierarchy, CgroupStats& stats) const = 0;
  virtual void numa(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const = 0;
  virtual Count frozen(CgroupFiles& files, ReadContext& context) const = 0;  // 1 while paused
  // v1 counts an OOM kill only in the victim's own cgroup, v2 also in all above it.
  virtual bool books_oom_kills_locally() const = 0;
};

// Only v2 has PSI; on a hybrid host it comes from the unified tree.
void read_pressure(CgroupFiles& files, ReadContext& context, CgroupStats& stats);

}  // namespace tallyman
