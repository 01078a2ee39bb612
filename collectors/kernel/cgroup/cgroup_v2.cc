// Documentation/admin-guide/cgroup-v2.rst.
#include "collectors/kernel/cgroup/cgroup_v2.h"

#include "collectors/kernel/formats/cgroup_text.h"
#include "collectors/kernel/formats/io_text.h"
#include "collectors/kernel/formats/memory_text.h"

namespace tallyman {
namespace {

using formats::parse_limit;
using formats::parse_number;

class CgroupV2Reader final : public CgroupReader {
 public:
  void cpu(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    context.rows(files, CgroupFile::kCpuStat,
                 [&](std::string_view text) { return formats::parse_cpu_stat_v2(text, stats.cpu); });
    if (stats.limits.cpu_quota_usec.value_or(kUnlimited) == kUnlimited) {
      CpuStats& cpu = stats.cpu;
      cpu.nr_periods = cpu.nr_throttled = cpu.throttled_nsec = cpu.nr_bursts = cpu.burst_nsec = Count();
    }
  }

  void cpu_per_cpu(CgroupFiles&, ReadContext&, CgroupStats&) const override {}  // v2 does not count it

  void memory(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    stats.memory.kernel = Count();
    context.rows(files, CgroupFile::kMemoryStat,
                 [&](std::string_view text) { return formats::parse_memory_stat_v2(text, stats.memory); });
    stats.memory.current = context.gauge(files, CgroupFile::kMemoryCurrent);
    stats.memory.peak = context.gauge(files, CgroupFile::kMemoryPeak);
    stats.memory.swap_current = context.gauge(files, CgroupFile::kMemorySwapCurrent);
    // The root has no memory.current: v1's definition is used. A malformed file is not replaced.
    const auto missing = [&] {
      const auto text = files.read(CgroupFile::kMemoryCurrent, context.buffer);
      return !text && text.error().kind == ErrorKind::kUnsupported;
    };
    if (!stats.memory.current && stats.memory.anon && stats.memory.file && missing()) {
      stats.memory.current = *stats.memory.anon + *stats.memory.file;
    }
  }

  void memory_events(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    stats.memory_events.failcnt = Count();
    context.rows(files, CgroupFile::kMemoryEvents,
                 [&](std::string_view text) { return formats::parse_memory_events(text, stats.memory_events); });
    stats.memory_events.failcnt = stats.memory_events.max;  // what v1 counts in memory.failcnt
  }

  void io(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    stats.io.clear();
    context.rows(
        files, CgroupFile::kIoStat, [&](std::string_view text) { return formats::parse_io_stat(text, stats.io); },
        true);
  }

  void pids(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    stats.pids.current = context.gauge(files, CgroupFile::kPidsCurrent);
    if (context.slow_pass) {
      stats.pids.max = context.number(files, CgroupFile::kPidsMax, parse_limit);
    }
  }

  void cpu_limits(CgroupFiles& files, ReadContext& context, LimitStats& limits) const override {
    context.rows(files, CgroupFile::kCpuMax,
                 [&](std::string_view text) { return formats::parse_cpu_max(text, limits); });
    limits.cpu_weight = context.number(files, CgroupFile::kCpuWeight, parse_number);
  }

  void memory_limits(CgroupFiles& files, ReadContext& context, LimitStats& limits) const override {
    limits.memory_max = context.number(files, CgroupFile::kMemoryMax, parse_limit);
    limits.memory_high = context.number(files, CgroupFile::kMemoryHigh, parse_limit);
    limits.memory_low = context.number(files, CgroupFile::kMemoryLow, parse_limit);
    limits.memory_min = context.number(files, CgroupFile::kMemoryMin, parse_limit);
    limits.swap_max = context.number(files, CgroupFile::kMemorySwapMax, parse_limit);
    if (limits.memory_low && *limits.memory_low == 0) {
      limits.memory_low = kUnlimited;  // v2's "no reservation" is 0, v1's is the largest number
    }
  }

  void cpuset(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    stats.cpuset.effective_cpus = context.number(files, CgroupFile::kCpusetCpus, formats::count_cpu_list);
  }

  void hugetlb(CgroupFiles& files, ReadContext& context, const std::vector<std::string>& page_sizes, int hierarchy,
               CgroupStats& stats) const override {
    for (const std::string& size : page_sizes) {
      const Count current = context.gauge(files, hierarchy, "hugetlb." + size + ".current");
      const Count reserved = context.gauge(files, hierarchy, "hugetlb." + size + ".rsvd.current");
      if (!current && !reserved) {
        continue;
      }
      MemoryEvents events;
      const std::string name = "hugetlb." + size + ".events";
      if (const auto text = context.text(files, hierarchy, name); text) {
        if (formats::parse_memory_events(*text, events) != 0) {
          context.malformed(files.name_of(hierarchy, name));
        }
      }
      stats.hugetlb.push_back({size, current, {}, events.max, reserved});
    }
  }

  void numa(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    context.rows(files, CgroupFile::kNumaStat, [&](std::string_view text) {
      return formats::parse_numa_stat_v2(text, context.page_size, stats.numa);
    });
  }

  Count frozen(CgroupFiles& files, ReadContext& context) const override {
    CgroupEvents events;
    context.rows(files, CgroupFile::kCgroupEvents,
                 [&](std::string_view text) { return formats::parse_cgroup_events(text, events); });
    return events.frozen;
  }

  bool books_oom_kills_locally() const override { return false; }
};

}  // namespace

const CgroupReader& cgroup_v2_reader() {
  static const CgroupV2Reader reader;
  return reader;
}

}  // namespace tallyman
