// Follows the list of workloads: attaches and detaches, has them read (StatsPass) and
// written (SnapshotWriter), and notices what happened to them. No thread and no clock of
// its own: the caller provides both, so a test can too. One thread owns a sampler.
#pragma once

#include "collectors/kernel/process/oom_log.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/model/collector.h"
#include "collectors/model/events.h"
#include "collectors/model/init_exits.h"
#include "collectors/model/labels.h"
#include "collectors/model/snapshot.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/lifecycle/cpu_balance.h"
#include "collectors/sampling/lifecycle/event_detector.h"
#include "collectors/sampling/lifecycle/exited_workloads.h"
#include "collectors/sampling/lifecycle/oom_victims.h"
#include "collectors/sampling/lifecycle/restarts.h"
#include "collectors/sampling/sample_time.h"
#include "collectors/sampling/sampled_sources.h"
#include "collectors/sampling/snapshot_writer.h"
#include "collectors/sampling/stats_pass.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

struct SamplerOptions {
  std::vector<const Collector*> collectors;
  bool cpu_per_cpu = false;
  std::chrono::milliseconds slow_interval{10'000};
  std::chrono::milliseconds ended_grace{120'000};                 // how long ended containers are shown
  std::shared_ptr<EventLog> events;                               // null: the sampler makes its own
  std::shared_ptr<const InitExits> init_exits;                    // null: nobody reads them
  std::size_t max_series_of_one_metric = SeriesWriter::kNoBound;  // of a workload other than the host
  StatsPass::Clock now;                                           // null: the time given to sample()
};

struct SamplerStatistics {
  std::vector<CollectorStatistics> collectors;
  std::uint64_t passes = 0;
  std::uint64_t duplicates = 0;       // series dropped in the last pass: same metric and labels as another
  std::uint64_t series_left_out = 0;  // in the last pass, beyond the limit
  KeptFiles files;
  std::size_t attached = 0, ended = 0;
  FinalStatsCounts final_stats_by_source;
  std::uint64_t labels_truncated = 0, label_collisions = 0;
};

class Sampler {
 public:
  Sampler(SamplerOptions options, const HostRoot& root, SampledSources sources, LabelPolicy labels);
  ~Sampler();

  // `workloads` sorted by id, never null; `exits` taken before it. The result
  // is complete and never null.
  SnapshotPtr sample(const WorkloadListPtr& workloads, SampleTime time, std::vector<WorkloadExit> exits = {});
  SamplerStatistics statistics() const;
  // The machine, at the last pass.
  const HostStats& host() const { return pass_.host(); }

 private:
  struct Attached;

  void reconcile(const WorkloadList& workloads, SampleTime time);
  std::unique_ptr<Attached> attach(const WorkloadPtr& workload, SampleTime time);
  void update(Attached& one, const WorkloadPtr& workload);
  void detach(Attached& one, SampleTime time);
  void drop_gone(SampleTime time);
  void follow_ends(std::vector<WorkloadExit> exits, SampleTime time);
  void report_starts(SampleTime time);
  void detect_events(SampleTime time);
  SnapshotPtr write(SampleTime time, SampleTime read);
  void write_host(Attached& host, Observation observation);
  const Attached* find(const std::string& id) const;
  bool has_processes(const std::string& id) const;
  bool first_pass() const { return writer_.written() == 0; }

  SamplerOptions options_;
  StatsPass pass_;
  SnapshotWriter writer_;
  LabelPolicy labels_;

  std::vector<std::unique_ptr<Attached>> attached_;  // sorted by id
  std::shared_ptr<EventLog> events_;
  std::unique_ptr<OomLog> oom_log_;  // null: no permission
  OomVictims oom_victims_;
  EventDetector detector_;
  CpuBalance balance_;
  Restarts restarts_;
  std::vector<CpuBalance::Reading> readings_;
  ExitedWorkloads ended_;
  std::set<std::pair<std::string, std::uint64_t>> gone_;  // found gone, but still in the list
  std::chrono::steady_clock::time_point last_slow_pass_;
};

}  // namespace tallyman
