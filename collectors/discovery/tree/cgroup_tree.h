// All cgroups of the host, kept current by inotify and reconciled by a walk. The union
// over the given hierarchies: a cgroup that exists in one of them exists. Not
// thread-safe: one thread owns it.
//
// Costs: one inotify watch per cgroup in each watched hierarchy (the first two), about
// 0.1 ms from mkdir to the event. A walk stats every directory and lists those that have
// children (kernfs: link count above 2). The next walk notices a cgroup created or
// removed only in a hierarchy that is not watched. A cgroup removed everywhere is noticed
// at once, by a few polls after the event. Symbolic links are not followed, except for
// the hierarchies themselves.
#pragma once

#include "collectors/discovery/tree/cgroup_choice.h"
#include "collectors/kernel/system/error.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

struct CgroupNode {
  std::uint64_t inode = 0;     // of its directory in `hierarchy`; another inode there means another cgroup
  std::uint8_t hierarchy = 0;  // where it was first seen: kept as long as it exists there
  // Creation time of the directory (statx), else its mtime when first seen: cgroupfs has
  // no creation time, and its mtime is never too early but may be late.
  std::optional<std::uint64_t> created_nsec;
};

// A cgroup that was created or removed. If it was gone before it could be read, its node
// is empty. A cgroup recreated under the same path is reported as removed, then as
// created.
struct CgroupChange {
  const std::string& path;
  const CgroupNode& node;
  bool created = false;
};

struct CgroupTreeOptions {
  std::vector<std::string> hierarchies;  // directories; the first two are watched
  // Directories on which something else is mounted. What is there is no cgroup of the hierarchy
  // around it (a net_cls inside the v2 tree). Another device is noticed without them.
  std::vector<std::string> mounted_over;
  bool use_inotify = true;
  std::chrono::milliseconds walk_interval{60'000};                    // while watching
  std::chrono::milliseconds unwatched_walk_interval{2'000};           // while not
  std::size_t max_cgroups = 20'000;                                   // more are left out, counted and reported
  std::size_t max_inside_container = 200;                             // of these; see ContainerBounds
  std::size_t max_depth = 64;                                         // directories below are left out too
  std::size_t max_watches = std::numeric_limits<std::size_t>::max();  // the kernel has its own limit
  CgroupChoice choice;                                                // which are not shown
  // A whole sentence, once for each container and cause.
  std::function<void(const std::string&)> on_warning;
  // Cgroups inside of this container come too fast: until `quiet` is false, nobody should listen to
  // them.
  std::function<void(const std::string& container, bool quiet)> on_quiet;
  // Called from wait() and walk() at once, before nodes() is consistent again: must be
  // quick.
  std::function<void(const CgroupChange&)> on_change;
};

struct CgroupTreeStatus {
  bool watching = false;     // false: no inotify, or no watches left: walking instead
  std::string watch_error;   // why not, for a warning that names the sysctl; retried each walk_interval
  int watch_error_code = 0;  // its errno
  std::uint64_t watches = 0;
  std::uint64_t overflows = 0;  // IN_Q_OVERFLOW seen: each is followed by a walk
  std::uint64_t walks = 0;
  std::uint64_t left_out = 0;  // cgroups beyond max_cgroups or max_depth since the last walk began, in every hierarchy
  std::uint64_t left_out_inside = 0;  // those beyond the limit of their container
  std::uint64_t quieted = 0;          // times that a container made cgroups too fast
  std::uint64_t denied = 0;           // directories that could not be listed since the last walk began
};

class CgroupTree {
 public:
  explicit CgroupTree(CgroupTreeOptions options);
  ~CgroupTree();
  CgroupTree(const CgroupTree&) = delete;
  CgroupTree& operator=(const CgroupTree&) = delete;

  // Waits for a change to nodes(), for wake(), for one of `others` to become readable, or
  // for `timeout`, whichever is first; walks when a walk is due. True when nodes()
  // changed.
  bool wait(std::chrono::milliseconds timeout, std::span<const int> others = {});
  // Ends a wait() from another thread. The only thread-safe call.
  void wake();
  // Scans all hierarchies now. True when nodes() changed.
  bool walk();

  // By path from the hierarchy's root: "/", "/docker", "/docker/ID".
  const std::map<std::string, CgroupNode>& nodes() const;
  CgroupTreeStatus status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallyman
