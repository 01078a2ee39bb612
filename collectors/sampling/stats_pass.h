// One pass of reading: every kind of stats of all attached workloads, in the right order,
// with its cost booked on the collector that it is read for. One thread owns it.
#pragma once

#include "collectors/kernel/host/host_source.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/read_report.h"
#include "collectors/model/collector.h"
#include "collectors/model/snapshot.h"
#include "collectors/model/stats_needs.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/sample_time.h"
#include "collectors/sampling/sampled_sources.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// Costs and errors of one collector, for the agent's own metrics.
struct CollectorStatistics {
  std::string_view collector;
  double last_seconds = 0;  // reading what it needs; what two need is booked on the one it is named after, or the first
  double total_seconds = 0;
  std::uint64_t denied = 0, malformed = 0, io = 0;  // since the start
  std::string last_fault;                           // of the last pass; empty when there was none
};

// Files that are kept open between passes.
struct KeptFiles {
  std::size_t open = 0, limit = 0;
  bool reopens = false;  // the limit was reached: some are opened for each read
};

class StatsPass {
 public:
  using Handle = StatsSource::Handle;
  // Called before and after CPU time and pressure are read. Null: the time given to read().
  using Clock = std::function<SampleTime()>;

  // `cpu_per_cpu`: CPU time is read by CPU too.
  StatsPass(const std::vector<const Collector*>& collectors, bool cpu_per_cpu, const HostRoot& root,
            SampledSources sources, Clock now);

  Handle attach(const Workload& workload);
  void update(Handle handle, const Workload& workload);  // one of its facts has changed
  void detach(Handle handle);

  // A slow pass reads what changes seldom too. The result is the time at which the host's CPU time was read: rates
  // are computed with it, and a pass may wait for a CPU before it reads.
  SampleTime read(bool slow, SampleTime began);

  // The cgroup was removed during the last read(): its values are not from one instant.
  bool gone(Handle handle) const { return sources_.cgroups->gone(handle); }
  const CgroupStats& stats(Handle handle) const { return sources_.cgroups->stats(handle); }
  // When its CPU time was last read; Snapshot::kNotTimed: at the time that read() returned.
  std::chrono::steady_clock::time_point read_at(Handle handle, const Workload& workload) const;
  bool has_processes(Handle handle) const;
  // All that is known about it since the last read(). Valid until the next read(), attach() or detach().
  Observation observe(Handle handle, const Workload& workload, std::uint64_t now_nsec) const;
  const HostStats& host() const { return host_source_.stats(); }

  const std::vector<CollectorStatistics>& collectors() const { return collectors_; }
  KeptFiles kept_files() const;

 private:
  static constexpr int kNoCollector = -1;

  SampleTime read_timed(SampleTime began);
  void read_cgroups(CgroupStatsKind kind);
  void book(int index, const ReadReport& report, double seconds);

  StatsNeeds needs_;
  SampledSources sources_;
  HostSource host_source_;
  Clock now_;
  std::optional<Handle> host_;
  std::vector<CollectorStatistics> collectors_;
  // Indices into collectors_, or kNoCollector.
  std::array<int, kCgroupStatsKinds> cgroups_booked_on_{};
  std::array<int, kSourceKinds> sources_booked_on_{};
  std::vector<bool> booked_in_pass_;  // by that index
};

}  // namespace tallyman
