// Typed stats of many cgroups at once. The layers above do not know where they come from:
// files today, an eBPF cgroup iterator where the kernel has one. One thread owns a
// source.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/cgroup_stats_kind.h"
#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/read_report.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tallyman {

class StatsSource {
 public:
  using Handle = std::uint32_t;
  virtual ~StatsSource() = default;

  // `cgroup_path` from the root of the hierarchies ("/", "/docker/ID"). Parents before
  // children. Never fails: reading shows what is missing.
  virtual Handle attach(const std::string& cgroup_path) = 0;
  virtual void detach(Handle handle) = 0;

  // It has another path in hierarchies that do not have the first.
  virtual void also_at(Handle handle, const std::string& other_path) {
    (void)handle;
    (void)other_path;
  }

  // A pass over all attached cgroups: begin_pass(), then read() for each kind wanted,
  // kLimits before kCpu. Slow kinds are read in a slow pass and in the first passes of a
  // new cgroup; otherwise they keep their values.
  virtual void begin_pass(bool slow) = 0;
  virtual ReadReport read(CgroupStatsKind kind) = 0;
  // Once a pass, after the last read(): sums that need the whole tree.
  virtual void end_pass() = 0;

  // Valid until detach(). Complete after end_pass().
  virtual const CgroupStats& stats(Handle handle) const = 0;
  // The cgroup was removed during the last pass: some of its stats are older.
  virtual bool gone(Handle handle) const = 0;
  // The id by which sockets refer to it: the inode of its directory in the v2 tree. 0:
  // there is no v2 tree, or the directory is gone.
  virtual std::uint64_t unified_id(Handle handle) = 0;
  // The ids of the processes in the cgroup itself.
  virtual Result<std::vector<std::uint32_t>> processes(Handle handle) = 0;

  // Of the cgroups below it, the nearest first; at most `most`.
  virtual std::vector<std::uint32_t> processes_below(Handle handle, std::size_t most) = 0;

  virtual std::size_t open_files() const = 0;
  virtual std::size_t open_files_limit() const = 0;
  // The limit was reached: some files are opened for each read.
  virtual bool reopens_files() const = 0;
};

}  // namespace tallyman
