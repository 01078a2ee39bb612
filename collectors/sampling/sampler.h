// One pass over all workloads: attaches and detaches, reads, and makes the next Snapshot.
// No thread and no clock of its own: the caller provides both, so a test can too. One
// thread owns a sampler.
#pragma once

#include "collectors/kernel/cgroup/stats_source.h"
#include "collectors/kernel/host/host_source.h"
#include "collectors/kernel/network/network_source.h"
#include "collectors/kernel/process/oom_log.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/model/collector.h"
#include "collectors/model/events.h"
#include "collectors/model/labels.h"
#include "collectors/model/snapshot.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/lifecycle/cpu_balance.h"
#include "collectors/sampling/lifecycle/event_detector.h"
#include "collectors/sampling/lifecycle/exited_workloads.h"
#include "collectors/sampling/lifecycle/oom_victims.h"
#include "collectors/sampling/sources/workload_stats_source.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

struct SampleTime {
  std::chrono::system_clock::time_point wall;
  std::chrono::steady_clock::time_point steady;
};

struct SamplerOptions {
  std::vector<const Collector*> collectors;
  bool cpu_per_cpu = false;
  std::chrono::milliseconds slow_interval{10'000};
  std::chrono::milliseconds ended_grace{120'000};  // how long ended containers are shown
  std::shared_ptr<EventLog> events;                // null: the sampler makes its own
  std::size_t network_files_kept_open = 1024;
  NetworkSource::Ignore ignore_interface;
  // Called before and after CPU time and pressure are read: a snapshot's time is the
  // middle. Rates are computed with it, and a pass may wait for a CPU before it reads.
  // Null: the time given to sample().
  std::function<SampleTime()> now;
};

// Costs and errors of the last pass, for the agent's own metrics.
struct CollectorStatistics {
  std::string_view collector;
  double last_seconds = 0;  // reading what it needs; what two need is booked on the one it is named after, or the first
  double total_seconds = 0;
  std::uint64_t denied = 0, malformed = 0, io = 0;  // since the start
  std::string last_fault;                           // of the last pass; empty when there was none
};

struct SamplerStatistics {
  std::vector<CollectorStatistics> collectors;
  std::uint64_t passes = 0;
  std::uint64_t duplicates = 0;  // series dropped in the last pass: same metric and labels as another
  std::size_t open_files = 0, open_files_limit = 0;
  bool reopens_files = false;
  std::size_t attached = 0, ended = 0;
  FinalStatsCounts finals;
  std::uint64_t labels_truncated = 0, label_collisions = 0;
};

class BlockList;

class Sampler {
 public:
  // Uses those of `workload_sources` that a collector needs; the sources of networks and sockets are made here.
  Sampler(SamplerOptions options, const HostRoot& root, std::unique_ptr<StatsSource> source, LabelPolicy labels,
          std::vector<std::unique_ptr<WorkloadStatsSource>> workload_sources = {});
  ~Sampler();

  // `workloads` sorted by id, never null; `exits` taken before it. The result
  // is complete and never null.
  SnapshotPtr sample(const WorkloadListPtr& workloads, SampleTime time, std::vector<WorkloadExit> exits = {});
  SamplerStatistics statistics() const;
  // The machine, at the last pass.
  const HostStats& host() const { return host_source_.stats(); }

 private:
  struct Attached;

  void reconcile(const WorkloadList& workloads, SampleTime time);
  std::unique_ptr<Attached> attach(const WorkloadPtr& workload, SampleTime time);
  void update(Attached& one, const WorkloadPtr& workload);
  void detach(Attached& one, SampleTime time);
  SampleTime read_everything(bool slow, SampleTime began);
  SampleTime read_timed(SampleTime began);
  void read_kind(StatsKind kind);
  void book(StatsKind kind, const ReadReport& report, double seconds);
  void drop_gone(SampleTime time);
  void write_block(BlockList& blocks, Attached& one, Scope scope, SampleTime time);
  Observation observe(const Attached& one, SampleTime time) const;
  void follow_ends(std::vector<WorkloadExit> exits, SampleTime time);
  void detect_events(SampleTime time);
  const Attached* find(const std::string& id) const;
  bool has_processes(const std::string& id) const;
  void write_ended(BlockList& blocks);
  void add_block(BlockList& blocks, const WorkloadPtr& workload, std::shared_ptr<const PlannedSeries>& planned,
                 std::string_view base_labels, const std::function<void(SeriesWriter&)>& write, bool ended);

  SamplerOptions options_;
  std::unique_ptr<StatsSource> source_;
  std::unique_ptr<NetworkSource> networks_;  // for workload_sources that enter network namespaces
  std::vector<std::unique_ptr<WorkloadStatsSource>> workload_sources_;
  HostSource host_source_;
  LabelPolicy labels_;
  StatsMask needs_;
  std::array<int, kStatsKinds> booked_on_{};  // kind -> index into statistics_.collectors, or -1
  std::vector<bool> booked_in_pass_;          // by that index

  std::vector<std::unique_ptr<Attached>> attached_;  // sorted by id
  std::shared_ptr<EventLog> events_;
  std::unique_ptr<OomLog> oom_log_;  // null: no permission
  OomVictims oom_victims_;
  EventDetector detector_;
  CpuBalance balance_;
  std::vector<CpuBalance::Reading> readings_;
  ExitedWorkloads ended_;
  std::set<std::pair<std::string, std::uint64_t>> gone_;  // found gone, but still in the list
  std::vector<std::uint64_t> values_;
  std::shared_ptr<const Layout> layout_;
  std::uint64_t sequence_ = 0;
  std::chrono::steady_clock::time_point last_slow_pass_;
  SamplerStatistics statistics_;
};

}  // namespace tallyman
