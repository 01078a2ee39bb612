// Wires the eyes together: hierarchy, discovery, sampler, and the thread that
// samples. Publishes the newest Snapshot; readers never wait for a pass.
#pragma once

#include "agent/config/options.h"
#include "collectors/discovery/discovery.h"
#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/cgroup/final_stats_watcher.h"
#include "collectors/kernel/filesystem/filesystem_source.h"
#include "collectors/model/collector.h"
#include "collectors/model/events.h"
#include "collectors/model/snapshot.h"
#include "collectors/sampling/processes/process_watch.h"
#include "collectors/sampling/sampler.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tallyman {

// What the sampling_service tells while it runs; called from its threads. All optional.
struct SamplingServiceEvents {
  std::function<void(std::string_view, const std::string&)> fault;  // a collector's name and what it met, each pass
  std::function<void(const Error&)> metadata_fault;                 // from discovery
  std::function<void(const SnapshotPtr&)> published;                // each snapshot; must not wait
  std::shared_ptr<EventLog> log;                                    // of what happens to workloads; outlives a reload
};

struct SamplingServiceStatistics {
  SamplerStatistics sampler;
  DiscoveryStatus discovery;
  std::optional<ProcessScanStatistics> processes;  // empty: not scanned
  ProcessWatchStatistics process_watch;
  std::optional<FilesystemStatistics> filesystem;          // empty when that collector is off
  std::optional<FinalStatsWatcherStatistics> final_stats;  // empty where nothing tells that a cgroup has emptied
  double last_pass_seconds = 0;
  double last_lag_seconds = 0;       // how much later than planned the last pass began
  std::uint64_t passes_skipped = 0;  // because the one before took too long
};

class SamplingService {
 public:
  // Errors: no cgroup hierarchy; a bad expression for labels or interfaces.
  static Result<std::unique_ptr<SamplingService>> make(const Options& options, SamplingServiceEvents events);
  ~SamplingService();  // stop()

  // Looks and samples once, in the caller's thread; not after start().
  SnapshotPtr sample_once();
  void start();
  void stop();  // within the time of one pass

  // Thread-safe, all three. snapshot() is null before the first pass.
  SnapshotPtr snapshot() const;
  WorkloadListPtr workloads() const;  // cgroups, then groups of processes
  SamplingServiceStatistics statistics() const;

  // Of a workload's processes, as of the last scan of them; empty if not known. Thread-safe.
  std::optional<ProcessFacts> processes_of(const Workload& workload) const;
  // The machine as of the last pass. Thread-safe.
  HostStats host() const;
  std::chrono::milliseconds interval() const { return interval_; }
  const CgroupMounts& hierarchy() const { return hierarchy_; }
  const std::vector<const Collector*>& collectors() const { return collectors_; }

 private:
  SamplingService(const Options& options, SamplingServiceEvents events, CgroupMounts hierarchy);
  bool has_collector(StatsKind needed) const;  // one that needs it is on
  void run();
  bool wait_until(std::chrono::steady_clock::time_point due);  // false: stop
  void pass(double lag_seconds);

  std::chrono::milliseconds interval_;
  SamplingServiceEvents events_;
  CgroupMounts hierarchy_;
  std::vector<const Collector*> collectors_;
  std::unique_ptr<FinalStatsWatcher> final_stats_;  // may be null
  std::unique_ptr<Discovery> discovery_;
  std::unique_ptr<ProcessWatch> processes_;       // null: nobody asks
  std::shared_ptr<FilesystemSource> filesystem_;  // null when that collector is off
  std::unique_ptr<Sampler> sampler_;              // of the sampling thread, once it runs
  int stop_event_ = -1;
  std::thread thread_;

  // The newest list of all, made anew when one of its parts is; with a lock of
  // its own, that is held for no longer than that.
  struct Merged {
    WorkloadListPtr cgroups;
    ProcessReportPtr report;
    WorkloadListPtr all;
  };
  mutable std::mutex merging_;
  mutable Merged merged_;

  mutable std::mutex mutex_;  // guards what follows
  SnapshotPtr snapshot_;
  SamplingServiceStatistics statistics_;
  HostStats host_;
};

// The collectors that are on: their defaults, changed by what the user named.
std::vector<const Collector*> chosen_collectors(const Options& options);

}  // namespace tallyman
