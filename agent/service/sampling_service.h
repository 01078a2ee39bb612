// Runs discovery, the scan of processes and the thread that samples, and publishes the
// newest Snapshot; readers never wait for a pass. make_sampling_service.h makes one.
#pragma once

#include "collectors/discovery/discovery.h"
#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/cgroup/final_stats_watcher.h"
#include "collectors/kernel/filesystem/filesystem_source.h"
#include "collectors/kernel/system/thread.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/collector.h"
#include "collectors/model/events.h"
#include "collectors/model/label_filter.h"
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
#include <utility>
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

// What the service runs and publishes. The later ones refer to the earlier ones.
struct SamplingParts {
  explicit SamplingParts(CgroupMounts found) : mounts(std::move(found)) {}

  std::chrono::milliseconds interval{};
  CgroupMounts mounts;
  std::vector<const Collector*> collectors;
  LabelFilter labels;                              // of containers: those that leave the agent
  std::unique_ptr<FinalStatsWatcher> final_stats;  // null if the kernel does not report emptied cgroups
  std::unique_ptr<Discovery> discovery;
  std::unique_ptr<ProcessWatch> processes;       // null if no collector needs it
  std::shared_ptr<FilesystemSource> filesystem;  // null if that collector is off
  std::unique_ptr<Sampler> sampler;              // used only by the sampling thread once that runs
};

class SamplingService {
 public:
  SamplingService(SamplingParts parts, SamplingServiceEvents events);
  ~SamplingService();  // stop()

  // Runs discovery and samples once, in the caller's thread. Not after start().
  SnapshotPtr sample_once();
  void start();
  void stop();  // within the time of one pass

  // All are thread-safe. snapshot() is null before the first pass.
  SnapshotPtr snapshot() const;
  SnapshotPtr snapshot_before() const;  // the one before; null before the second pass
  WorkloadListPtr workloads() const;    // cgroups, then groups of processes
  SamplingServiceStatistics statistics() const;

  // A workload's processes in the last scan; empty if unknown. Thread-safe.
  std::optional<ProcessFacts> processes_of(const Workload& workload) const;
  // The machine in the last pass. Thread-safe.
  HostStats host() const;
  std::chrono::milliseconds interval() const { return parts_.interval; }
  const CgroupMounts& mounts() const { return parts_.mounts; }
  const LabelFilter& exported_labels() const { return parts_.labels; }
  const std::vector<const Collector*>& collectors() const { return parts_.collectors; }

 private:
  void run();
  void pass(double lag_seconds);

  const SamplingParts parts_;
  const SamplingServiceEvents events_;
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
  SnapshotPtr snapshot_ GUARDED_BY(mutex_), snapshot_before_ GUARDED_BY(mutex_);
  SamplingServiceStatistics statistics_ GUARDED_BY(mutex_);
  HostStats host_ GUARDED_BY(mutex_);
};

}  // namespace tallyman
