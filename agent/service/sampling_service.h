// Connects the cgroup mounts, discovery and the sampler, and runs the thread that
// samples. Publishes the newest Snapshot; readers never wait for a pass.
#pragma once

#include "agent/config/options.h"
#include "collectors/discovery/discovery.h"
#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/cgroup/final_stats_watcher.h"
#include "collectors/kernel/filesystem/filesystem_source.h"
#include "collectors/kernel/system/thread.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/collector.h"
#include "collectors/model/events.h"
#include "collectors/model/process_facts.h"
#include "collectors/model/snapshot.h"
#include "collectors/sampling/processes/process_watch.h"
#include "collectors/sampling/sampler.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// Callbacks of the sampling service, called from its threads. All are optional.
struct SamplingServiceEvents {
  std::function<void(std::string_view, const std::string&)> fault;  // a collector's name and its error, in each pass
  std::function<void(const Error&)> metadata_fault;                 // from discovery
  std::function<void(const std::string&)> warning;                  // from discovery too; a whole sentence
  std::function<void(const SnapshotPtr&)> published;                // each snapshot; must not wait
  std::shared_ptr<EventLog> log;                                    // events of workloads; outlives a reload
};

struct SamplingServiceStatistics {
  SamplerStatistics sampler;
  DiscoveryStatus discovery;
  std::optional<ProcessScanStatistics> processes;  // empty: not scanned
  ProcessWatchStatistics process_watch;
  std::optional<FilesystemStatistics> filesystem;          // empty when that collector is off
  std::optional<FinalStatsWatcherStatistics> final_stats;  // empty if the kernel does not report emptied cgroups
  double last_pass_seconds = 0;
  double last_lag_seconds = 0;       // how much later than planned the last pass began
  std::uint64_t passes_skipped = 0;  // because the previous pass took too long
};

class SamplingService {
 public:
  // Errors: no cgroup hierarchy; an invalid expression for labels or interfaces.
  static Result<std::unique_ptr<SamplingService>> make(const Options& options, SamplingServiceEvents events);
  ~SamplingService();  // stop()

  // Runs discovery and samples once, in the caller's thread. Not after start().
  SnapshotPtr sample_once();
  void start();
  void stop();  // within the time of one pass

  // All three are thread-safe. snapshot() is null before the first pass.
  SnapshotPtr snapshot() const;
  WorkloadListPtr workloads() const;  // cgroups, then groups of processes
  SamplingServiceStatistics statistics() const;

  // A workload's processes in the last scan; empty if unknown. Thread-safe.
  std::optional<ProcessFacts> processes_of(const Workload& workload) const;
  // The machine in the last pass. Thread-safe.
  HostStats host() const;
  std::chrono::milliseconds interval() const { return interval_; }
  const CgroupMounts& mounts() const { return mounts_; }
  const std::vector<const Collector*>& collectors() const { return collectors_; }

 private:
  SamplingService(const Options& options, SamplingServiceEvents events, CgroupMounts mounts);
  bool has_collector(StatsKind needed) const;  // whether a collector that needs it is on
  void run();
  void pass(double lag_seconds);

  std::chrono::milliseconds interval_;
  SamplingServiceEvents events_;
  CgroupMounts mounts_;
  std::vector<const Collector*> collectors_;
  std::unique_ptr<FinalStatsWatcher> final_stats_;  // may be null
  std::unique_ptr<Discovery> discovery_;
  std::unique_ptr<ProcessWatch> processes_;       // null if no collector needs it
  std::shared_ptr<FilesystemSource> filesystem_;  // null if that collector is off
  std::unique_ptr<Sampler> sampler_;              // used only by the sampling thread once that runs
  Thread thread_{"sampler"};

  // The newest list of all workloads, rebuilt when one of its parts changes. Its own
  // lock is held only for that.
  struct Merged {
    WorkloadListPtr cgroups;
    ProcessReportPtr report;
    WorkloadListPtr all;
  };
  mutable Mutex merging_;
  mutable Merged merged_ GUARDED_BY(merging_);

  mutable Mutex mutex_;
  SnapshotPtr snapshot_ GUARDED_BY(mutex_);
  SamplingServiceStatistics statistics_ GUARDED_BY(mutex_);
  HostStats host_ GUARDED_BY(mutex_);
};

// The collectors that are on: the defaults with the user's changes.
std::vector<const Collector*> chosen_collectors(const Options::Collectors& options);

}  // namespace tallyman
