// Which workloads exist: joins the cgroup tree with the runtimes' metadata and publishes
// the list. Has a thread of its own, so a runtime directory that hangs blocks neither the
// sampler nor a scrape.
//
// A workload exists as soon as its cgroup does. Its metadata is read at that moment, so a
// container normally has its name from the first list on. It is read again whenever it is
// missing or has changed. Known metadata is kept while it cannot be read. A workload
// whose facts did not change is the same object in the next list.
#pragma once

#include "collectors/discovery/exits.h"
#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/discovery/tree/cgroup_tree.h"
#include "collectors/kernel/system/error.h"
#include "collectors/model/label_filter.h"
#include "collectors/model/workload.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tallyman {

struct DiscoveryOptions {
  CgroupTreeOptions tree;
  std::chrono::milliseconds refresh_interval{1'000};  // how often runtimes' files are checked for changes
  FinalStatsWatcher* final_stats = nullptr;           // may be null; outlives the discovery
  // A container may lack its name and start time for so long before that is worth a warning:
  // runtimes write some of their files after they have created its cgroup.
  std::chrono::milliseconds starting_time{3'000};
  LabelFilter variables{};  // of containers' environments: those that are read
  // Called from the discovery thread: once for each cause, and again when the cause
  // returns. Also for a watch_error; `where` is then the whole text.
  std::function<void(const Error&)> on_error;
  // Called in the same way if containers of a runtime stay without a name, which is no error
  // of a file. The text is a whole sentence.
  std::function<void(const std::string&)> on_warning;
};

struct DiscoveryStatus {
  CgroupTreeStatus tree;
  std::uint64_t metadata_errors = 0;     // describe() calls that failed or were incomplete, except for missing files
  std::uint64_t unnamed_containers = 0;  // recognised by path; the runtime has no files of them
  std::uint64_t exits_dropped = 0;       // not taken in time
};

class Discovery {
 public:
  Discovery(DiscoveryOptions options, std::vector<std::unique_ptr<Runtime>> runtimes);
  ~Discovery();  // stops the thread

  // Scans everything once, in the caller's thread. For --once, for tests, and before
  // start(); not between start() and stop().
  void refresh();
  void start();
  void stop();  // may be started again

  // Workloads that have ended since the last call, including those that were never in a
  // list. Thread-safe. If it is called before current(), that list no longer contains any
  // of them.
  std::vector<WorkloadExit> take_exits();

  // The newest list; never null. Thread-safe, as is status().
  WorkloadListPtr current() const;
  DiscoveryStatus status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallyman
