// Documentation/admin-guide/cgroup-v1/: cpuacct, memory, blkio-controller, hugetlb, pids.
#include "collectors/kernel/cgroup/cgroup_v1.h"

#include "collectors/kernel/formats/cgroup_text.h"
#include "collectors/kernel/formats/io_text.h"
#include "collectors/kernel/formats/memory_text.h"

namespace tallyman {
namespace {

using formats::parse_limit;
using formats::parse_number;

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
    stats.memory.current = context.number(files, CgroupFile::kV1MemoryUsage, parse_number);
    stats.memory.peak = context.number(files, CgroupFile::kV1MemoryPeak, parse_number);
    if (context.slow_pass) {
      stats.memory.kernel = context.number(files, CgroupFile::kV1MemoryKernel, parse_number);
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
    context.rows(files, CgroupFile::kV1MemoryOomControl,
                 [&](std::string_view text) { return formats::parse_oom_control(text, stats.memory_events); });
  }

  void io(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    const bool accounted = !stats.io.empty();
    stats.io.clear();
    if (!accounted && !context.slow_pass) {
      return;  // most v1 kernels account nothing without a throttle rule: try again in the next slow pass
    }
    context.rows(
        files, CgroupFile::kV1IoBytes,
        [&](std::string_view text) { return formats::parse_blkio(text, formats::BlkioFile::kBytes, stats.io); }, true);
    if (stats.io.empty()) {
      files.release(CgroupFile::kV1IoBytes);
      files.release(CgroupFile::kV1IoOperations);
      return;
    }
    context.rows(
        files, CgroupFile::kV1IoOperations,
        [&](std::string_view text) { return formats::parse_blkio(text, formats::BlkioFile::kOperations, stats.io); },
        true);
  }

  void pids(CgroupFiles& files, ReadContext& context, CgroupStats& stats) const override {
    stats.pids.current = context.number(files, CgroupFile::kV1PidsCurrent, parse_number);
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
        return context.number(files, hierarchy, "hugetlb." + size + suffix, parse_number);
      };
      HugetlbStats one{size, value(".usage_in_bytes"), value(".max_usage_in_bytes"), value(".failcnt")};
      if (one.current) {
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
};

}  // namespace

const CgroupReader& cgroup_v1_reader() {
  static const CgroupV1Reader reader;
  return reader;
}

}  // namespace tallyman
