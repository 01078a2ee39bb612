// Adds up the disk usage of a directory and everything below it, like `du -sx`: blocks,
// each inode once, on one file system, no symbolic link followed. Works in slices:
// between two slices nothing is open, so a walk of hours pins no mount and may be dropped
// at any time. Memory does not grow with the number of files.
//
// A tree may change during the walk: removed files are left out, new ones may be missed.
// One thread at a time.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"

#include <sys/types.h>
#include <boost/unordered/unordered_flat_set.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

struct TreeUsage {
  std::uint64_t bytes = 0;   // of blocks
  std::uint64_t inodes = 0;  // including directories and the top
};

struct TreeWalkLimits {
  std::size_t depth = 8'192;  // what is in directories below is not counted
  // Inodes with several links that are remembered. Beyond this number each link counts as
  // its share of the inode, which is right only if all its links are in the tree.
  std::size_t links = 65'536;
  std::size_t pending_bytes = std::size_t{512} * 1024;  // names of directories read but not entered yet
};

class TreeWalk {
 public:
  enum class State : std::uint8_t { kRunning, kDone, kFailed };
  // Opens the top, O_RDONLY | O_DIRECTORY; called once per slice.
  using OpenTop = std::function<Result<FileDescriptor>()>;

  explicit TreeWalk(OpenTop open_top, TreeWalkLimits limits = {});

  // Visits up to `entries` more, until the time is over; at least one.
  State advance(std::uint64_t entries, std::chrono::steady_clock::time_point until);

  TreeUsage usage() const;                            // complete when kDone
  const Error& error() const { return error_; }       // when kFailed; `where` is below the top, bounded, printable
  std::uint64_t entries() const { return entries_; }  // visited so far
  std::uint64_t links_estimated() const { return links_estimated_; }
  std::uint64_t too_deep() const { return too_deep_; }  // directories that were not entered

 private:
  // A directory between the top and the one that is being read.
  struct Level {
    std::string name;
    std::uint64_t inode = 0;
    off_t position = 0;  // in the directory, after the last entry visited
    bool read_all = false;
    std::string pending;   // names of directories in it still to be entered, each with its NUL
    std::size_t next = 0;  // the first of them
  };
  struct Budget;

  bool open_top();
  bool open_levels();
  void step(Budget& budget);
  void read_entries(Budget& budget);
  void visit(const char* name, Level& level);
  void add_file(std::uint64_t inode, std::uint64_t bytes, std::uint32_t links);
  void enter_next();
  void leave();
  void pop();
  void fail(ErrorKind kind, int code, std::string_view name);
  void fail_by_errno(int code, std::string_view name);

  OpenTop open_top_;
  TreeWalkLimits limits_;
  State state_ = State::kRunning;
  Error error_;
  TreeUsage usage_;
  double shared_inodes_ = 0;  // from links beyond those remembered
  std::uint64_t entries_ = 0, links_estimated_ = 0, too_deep_ = 0;
  std::uint64_t device_ = 0;
  std::size_t pending_bytes_ = 0;
  std::vector<Level> levels_;
  boost::unordered_flat_set<std::uint64_t> links_;
  FileDescriptor current_;  // of the last level; only within advance()
};

}  // namespace tallyman
