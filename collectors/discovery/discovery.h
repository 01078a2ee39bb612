// Which workloads exist: joins the cgroup tree with the runtimes' metadata and
// publishes the list. Has a thread of its own; a runtime directory that hangs
// holds up neither the sampler nor a scrape.
//
// A workload exists as soon as its cgroup does. Metadata is asked for at that
// moment, so that a container normally has its name from the first list on, and
// is asked for again for ever where it is missing or has changed. What was known
// once is kept while it cannot be read. A workload whose facts did not change is
// the same object in the next list.
#pragma once

#include "collectors/discovery/exits.h"
#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/discovery/tree/cgroup_tree.h"
#include "collectors/kernel/system/error.h"
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
  std::chrono::milliseconds refresh_interval{1'000};  // how often runtimes' files are looked at for changes
  FinalStatsWatcher* final_stats = nullptr;           // may be null; outlives the discovery
  // From the thread that looks: each cause once, and again when it comes back.
  // Also for a watch_error; `where` is then the whole text.
  std::function<void(const Error&)> on_error;
};

struct DiscoveryStatus {
  CgroupTreeStatus tree;
  std::uint64_t metadata_errors = 0;     // describe() that failed or was incomplete, other than "not there"
  std::uint64_t unnamed_containers = 0;  // recognised by path, never described
  std::uint64_t exits_dropped = 0;       // that nobody has taken in time
};

class Discovery {
 public:
  Discovery(DiscoveryOptions options, std::vector<std::unique_ptr<Runtime>> runtimes);
  ~Discovery();  // stops the thread

  // Looks at everything once, in the caller's thread. For --once, for tests, and
  // before start(); not between start() and stop().
  void refresh();
  void start();
  void stop();  // may be started again

  // Workloads that have ended since the last call, those too that were never in a
  // list. Thread-safe. Taken before current(), that list has none of them any more.
  std::vector<WorkloadExit> take_exits();

  // The newest list; never null. Thread-safe, as is status().
  WorkloadListPtr current() const;
  DiscoveryStatus status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Kind and name from the path alone: host, service, slice, scope, machine or cgroup.
void name_by_path(Workload& workload);

}  // namespace tallyman
