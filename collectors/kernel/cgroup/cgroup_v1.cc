// Documentation/admin-guide/cgroup-v1/: cpuacct, memory, blkio-controller, hugetlb, pids.
#include "collectors/kernel/cgroup/cgroup_v1.h"

#include "collectors/kernel/formats/cgroup_text.h"
#include "collectors/kernel/formats/io_text.h"
#include "collectors/kernel/formats/memory_text.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace tallyman {
namespace {

using formats::parse_limit;
using formats::parse_number;

struct IoFiles {
  CgroupFile bytes, operations;
};
// The throttling controller counts all devices, but only those with a rule since Linux 5.0 or so. The two schedulers
// count the devices that they serve. Before Linux 4.16 the first had no sum over the cgroups below.
constexpr IoFiles kIoFiles[] = {
    {CgroupFile::kV1IoBytes, CgroupFile::kV1IoOperations},
    {CgroupFile::kV1BfqBytes, CgroupFile::kV1BfqOperations},
    {CgroupFile::kV1CfqBytes, CgroupFile::kV1CfqOperations},
    {CgroupFile::kV1OwnIoBytes, CgroupFile::kV1OwnIoOperations},
};
constexpr unsigned kOfTheCgroupAlone = 3;

class CgroupV1Reader final : public CgroupReader {
 public:
  void cpu(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    stats.cpu.usage_nsec = context.number(files, CgroupFile::kV1CpuacctUsage, parse_number);
    // Not usage_user and usage_sys: those are sampled at the tick, while cpuacct.stat is
    // scaled to the precise sum, like v2's cpu.stat.
    context.rows(files, CgroupFile::kV1CpuacctStat,
                 [&](std::string_view text) { return formats::parse_cpuacct_stat(text, stats.cpu); });
    if (stats.limits.cpu_quota_usec.value_or(kUnlimited) != kUnlimited) {
      context.rows(files, CgroupFile::kV1CpuStat,
                   [&](std::string_view text) { return formats::parse_cpu_stat_v1(text, stats.cpu); });
    }
  }

  void cpu_per_cpu(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    context.rows(files, CgroupFile::kV1CpuacctPercpu,
                 [&](std::string_view text) { return formats::parse_percpu(text, stats.cpu.usage_percpu_nsec); });
  }

  void memory(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    context.rows(files, CgroupFile::kV1MemoryStat,
                 [&](std::string_view text) { return formats::parse_memory_stat_v1(text, stats.memory); });
    stats.memory.current = context.gauge(files, CgroupFile::kV1MemoryUsage);
    stats.memory.peak = context.gauge(files, CgroupFile::kV1MemoryPeak);
    if (context.slow_pass) {
      stats.memory.kernel = context.gauge(files, CgroupFile::kV1MemoryKernel);
    }
  }

  void memory_events(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    // It counts hits of this cgroup's own limit: without one it cannot change.
    const bool limited = stats.limits.memory_max.value_or(0) != kUnlimited;
    if (limited || context.slow_pass) {
      stats.memory_events.failcnt = context.number(files, CgroupFile::kV1MemoryFailcnt, parse_number);
    }
    if (!limited) {
      files.release(CgroupFile::kV1MemoryFailcnt);
    }
    stats.memory_events.max = stats.memory_events.failcnt;  // what v2 counts as max
    context.rows(files, CgroupFile::kV1MemoryOomControl,
                 [&](std::string_view text) { return formats::parse_oom_control(text, stats.memory_events); });
  }

  void io(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    stats.io.clear();
    const unsigned before = std::exchange(stats.v1_io_files, 0);
    for (std::size_t i = 0; i < std::size(kIoFiles); ++i) {
      // Most v1 kernels account nothing without a throttle rule: try again in the next slow pass.
      if (context.slow_pass || ((before >> i) & 1U) != 0) {
        stats.v1_io_files |= read_io(files, context, kIoFiles[i], stats.io) ? 1U << i : 0U;
      }
    }
    stats.io_excludes_children = ((stats.v1_io_files >> kOfTheCgroupAlone) & 1U) != 0;
  }

  void pids(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    stats.pids.current = context.gauge(files, CgroupFile::kV1PidsCurrent);
    if (context.slow_pass) {
      stats.pids.max = context.number(files, CgroupFile::kV1PidsMax, parse_limit);
    }
  }

  void cpu_limits(CgroupFiles& files, ReadContext& context, LimitStats& limits) const override {
    limits.cpu_quota_usec = context.number(files, CgroupFile::kV1CpuQuota, formats::parse_quota);
    limits.cpu_period_usec = context.number(files, CgroupFile::kV1CpuPeriod, parse_number);
    limits.cpu_shares = context.number(files, CgroupFile::kV1CpuShares, parse_number);
  }

  void memory_limits(CgroupFiles& files, ReadContext& context, LimitStats& limits) const override {
    limits.memory_max = context.number(files, CgroupFile::kV1MemoryLimit, parse_limit);
    limits.memory_low = context.number(files, CgroupFile::kV1MemorySoftLimit, parse_limit);
    const Count with_swap = context.number(files, CgroupFile::kV1MemoryswLimit, parse_limit);
    if (!with_swap || !limits.memory_max) {
      return;
    }
    // v1 limits memory and swap together, v2 limits swap separately.
    const bool unlimited = *with_swap == kUnlimited || *limits.memory_max == kUnlimited;
    limits.swap_max = unlimited ? kUnlimited : *with_swap - std::min(*with_swap, *limits.memory_max);
  }

  void cpuset(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    stats.cpuset.effective_cpus = context.number(files, CgroupFile::kV1CpusetCpus, formats::count_cpu_list);
    stats.cpuset.memory_migrate = context.number(files, CgroupFile::kV1CpusetMigrate, parse_number);
  }

  void hugetlb(CgroupFiles& files, ReadContext& context, const std::vector<std::string>& page_sizes, int hierarchy,
               CgroupStats& stats) const override {
    for (const std::string& size : page_sizes) {
      const auto value = [&](const char* suffix) {
        return context.gauge(files, hierarchy, "hugetlb." + size + suffix);
      };
      HugetlbStats one{size, value(".usage_in_bytes"), value(".max_usage_in_bytes"), value(".failcnt"),
                       value(".rsvd.usage_in_bytes")};
      if (one.current || one.reserved) {
        stats.hugetlb.push_back(std::move(one));
      }
    }
  }

  void numa(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    context.rows(files, CgroupFile::kV1NumaStat,
                 [&](std::string_view text) { return formats::parse_numa_stat_v1(text, stats.numa); });
  }

  Count frozen(CgroupFiles& files, ReadContext& context) const override {
    return context.number(files, CgroupFile::kV1FreezerState, formats::parse_freezer_state);
  }

  bool books_oom_kills_locally() const override { return true; }

 private:
  // Adds the rows of devices that are not in `out` yet. False if these files have none at all.
  static bool read_io(CgroupFiles& files, ReadContext& context, const IoFiles& of, std::vector<IoDeviceStats>& out) {
    std::vector<IoDeviceStats> rows;
    const auto read = [&](CgroupFile file, formats::BlkioFile which) {
      context.rows(
          files, file, [&](std::string_view text) { return formats::parse_blkio(text, which, rows); }, true);
    };
    read(of.bytes, formats::BlkioFile::kBytes);
    if (rows.empty()) {
      files.release(of.bytes);
      files.release(of.operations);
      return false;
    }
    read(of.operations, formats::BlkioFile::kOperations);
    const std::size_t others = out.size();
    for (IoDeviceStats& row : rows) {
      const auto is_it = [&](const IoDeviceStats& one) { return one.major == row.major && one.minor == row.minor; };
      if (std::none_of(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(others), is_it)) {
        out.push_back(std::move(row));
      }
    }
    return true;
  }
};

}  // namespace

const CgroupReader& cgroup_v1_reader() {
  static const CgroupV1Reader reader;
  return reader;
}

}  // namespace tallyman
