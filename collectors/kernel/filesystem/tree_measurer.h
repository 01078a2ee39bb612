// Measures one tree: by its quota, by the totals of its file system, or by a walk in
// slices. What may hang runs in threads that may be abandoned. One thread owns it.
#pragma once

#include "collectors/kernel/filesystem/filesystem_source.h"
#include "collectors/kernel/filesystem/measured_trees.h"
#include "collectors/kernel/filesystem/mount_table.h"
#include "collectors/kernel/system/deadline_caller.h"
#include "collectors/kernel/system/error.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace tallyman {

class TreeMeasurer {
 public:
  using Tree = MeasuredTrees::Tree;
  using Time = MeasuredTrees::Time;
  static constexpr std::size_t kMaxLeftBehind = 4;  // abandoned calls of one caller

  // Of walks, since the start.
  struct Statistics {
    std::uint64_t complete = 0, failed = 0;
    std::uint64_t entries = 0, links_estimated = 0;
    double cpu_seconds = 0, seconds = 0;
  };
  struct Callbacks {
    std::function<void(ErrorKind, const std::string&)> note;  // a fault, and where
    std::function<bool()> stopping;                           // then a call without an answer is no fault
  };

  // All that is referred to outlives it. Calls about whole file systems go through `disk_caller`.
  TreeMeasurer(const FilesystemOptions& options, const FilesystemPorts& ports, const MeasuredTrees& trees,
               DeadlineCaller& disk_caller, Callbacks callbacks);

  // The next piece of work on this tree. True when that was the last for now: its state and stats are set.
  bool work_on(Tree& tree, const MountTable& mounts);
  Time rest_until() const { return rest_until_; }  // before the next piece

  // Thread-safe: abandons the running call.
  void hurry() { walk_caller_.hurry(); }
  std::size_t hanging() const { return walk_caller_.hanging(); }  // calls that do not return
  const Statistics& statistics() const { return statistics_; }

 private:
  struct Slice;

  bool begin(Tree& tree, const MountTable& mounts);
  void ask_own_filesystem(Tree& tree);
  bool advance(Tree& tree);
  bool finish_slice(Tree& tree, const Slice& slice);
  void count(const Slice& slice);
  void hang(Tree& tree);
  void fail(Tree& tree, const Error& error);
  static void settle(Tree& tree, TreeState state, std::chrono::nanoseconds next);

  const FilesystemOptions& options_;
  const FilesystemPorts& ports_;
  const MeasuredTrees& trees_;
  DeadlineCaller& disk_caller_;
  const Callbacks callbacks_;
  DeadlineCaller walk_caller_;
  Time rest_until_;
  Statistics statistics_;
};

}  // namespace tallyman
