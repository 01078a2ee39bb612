// The counters of a cgroup at the moment it becomes empty. Between the last process's
// exit and rmdir its files stay readable for about a millisecond (Docker: 0.9 to 48 ms).
// What was not read by then is lost.
//
// An inotify watch on the cgroup's cgroup.events reports that moment. A watch on its
// directory reports cgroups created below it, so they need not be registered first. The
// files are opened only then: keeping them open would save 10 µs each, but cost 4.8 KB of
// kernel memory for every existing cgroup. The thread must run at once, so it asks for
// real-time priority (CAP_SYS_NICE). Without it, it reads as soon as it is scheduled.
//
// Needs a v2 tree (a hybrid host's is enough): v1 does not report that a cgroup has
// become empty. The kernel counts inotify instances per user, and a container may take all
// of root's: the thread tries again until it gets one.
#pragma once

#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/host_root.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tallyman {

struct FinalStatsWatcherStatistics {
  std::uint64_t watches = 0;    // now
  std::uint64_t unwatched = 0;  // cgroups that got no watch
  std::uint64_t read = 0;       // times that an empty cgroup was read
  std::uint64_t overflows = 0;  // times the kernel dropped events
  std::uint64_t cpu_nsec = 0;   // of the thread
  bool real_time = false;
  bool active = false;  // it has an inotify instance
};

class FinalStatsWatcher {
 public:
  // Null if there is no v2 tree.
  static std::unique_ptr<FinalStatsWatcher> make(const HostRoot& root, const CgroupMounts& mounts);
  virtual ~FinalStatsWatcher() = default;  // stops the thread

  virtual void start() = 0;
  virtual void stop() = 0;

  // All thread-safe. Watches the cgroup until take(). 0 if it cannot be watched, or
  // before start(). Final stats of a cgroup that is gone already may have been read
  // nevertheless.
  using Token = int;
  virtual Token watch(const std::string& cgroup_path) = 0;
  // True once it has been read empty.
  virtual bool was_read(Token token) const = 0;
  // What it counted when it was last found empty: CPU, I/O, peak memory and memory
  // events; the rest is missing. Covers that cgroup and its descendants.
  virtual std::optional<CgroupStats> take(Token token) = 0;
  // Cgroups inside of this one come too fast, or no longer do: they are not watched meanwhile.
  virtual void ignore_inside(const std::string& cgroup_path, bool ignore) = 0;
  virtual FinalStatsWatcherStatistics statistics() const = 0;
};

}  // namespace tallyman
