// The counters of a cgroup at the moment it empties: between the last process's
// exit and rmdir there is a millisecond or so in which its files still answer
// (Docker: 0.9 to 48 ms), and afterwards what was not read is gone.
//
// An inotify watch on the cgroup's cgroup.events tells of that moment; one on its
// directory tells of cgroups made below it, so that none has to be shown first. The files
// are opened then: kept open they would save 10 µs each, against 4.8 KB of
// kernel memory for each and every living cgroup. What counts is that the thread
// runs at once, so it asks for real-time priority (CAP_SYS_NICE; without it, it
// reads as soon as it gets a turn).
//
// Needs a v2 tree, if only beside v1 (hybrid): v1 tells nobody that a cgroup
// has emptied.
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
  std::uint64_t unwatched = 0;  // cgroups for which there was no watch left
  std::uint64_t read = 0;       // times that a cgroup was found empty and read
  std::uint64_t overflows = 0;  // times the kernel dropped events
  std::uint64_t cpu_nsec = 0;   // of the thread
  bool real_time = false;
};

class FinalStatsWatcher {
 public:
  // Null where there is no v2 tree or no inotify.
  static std::unique_ptr<FinalStatsWatcher> make(const HostRoot& root, const CgroupMounts& hierarchy);
  virtual ~FinalStatsWatcher() = default;  // stops the thread

  virtual void start() = 0;
  virtual void stop() = 0;

  // All thread-safe.
  // The cgroup is listened for until take(); 0 if it cannot be, or before start(). One that is gone
  // already may have been heard all the same.
  using Token = int;
  virtual Token watch(const std::string& cgroup_path) = 0;
  // True once it has been read empty.
  virtual bool was_read(Token token) const = 0;
  // What it counted when it was last found empty: CPU, I/O, memory's peak and
  // events; the rest is missing. Of that cgroup alone and all below it.
  virtual std::optional<CgroupStats> take(Token token) = 0;
  virtual FinalStatsWatcherStatistics statistics() const = 0;
};

// The later of two readings of one cgroup: counters and peaks of `words` where
// they are larger, all else as in `stats`.
void add_final_stats(CgroupStats& stats, const CgroupStats& words);

}  // namespace tallyman
