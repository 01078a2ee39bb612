// What a run has made outside of itself, written down before it is made, so
// that the next run can undo what a killed one left, and only that. One file a
// run in the state directory, beside a lock that lives as long as its run.
#pragma once

#include "agent/overhead/model/failure.h"
#include "agent/overhead/targets/child.h"
#include "collectors/kernel/system/kernel_file.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tallyman::overhead {

// One made thing. `kind`: directory, cgroup, container, image, volume, lxc.
// `tool` is the command line that removes it (docker and its -H, podman): empty
// for directories and cgroups.
struct Made {
  std::string kind;
  std::string name;
  std::vector<std::string> tool;
};

// Undoes it. Something that is not there any more is no failure.
using Undo = std::function<Result<void>(const Made&)>;
// The real one: each command may take `limit`.
Undo undo_with(Interrupt& interrupt, std::chrono::milliseconds limit);

class CleanupLog {
 public:
  // A child that was forked just before its run was killed holds the lock until it has called exec.
  static constexpr std::chrono::milliseconds kLockTimeout{2'000};

  // Creates STATE/cleanup_log-RUN. Failure if another run is under way, and still is
  // after `lock_timeout`: they would measure each other.
  static Result<std::unique_ptr<CleanupLog>> begin(const std::string& state, const std::string& run, Undo undo,
                                                   std::chrono::milliseconds lock_timeout = kLockTimeout);
  // Undoes all that is left, last things first. The cleanup_log goes when nothing is left.
  ~CleanupLog();
  CleanupLog(const CleanupLog&) = delete;
  CleanupLog& operator=(const CleanupLog&) = delete;

  // Before the thing is made. Failure: then do not make it.
  Result<void> about_to_make(const Made& made);
  // Undoes this one now.
  Result<void> undo(const std::string& kind, const std::string& name);
  // What could not be undone; empty after all is well.
  std::vector<std::string> undo_all();

  // Undoes what runs that were killed have left below `state`; to be called by
  // `run`, which holds the lock. What was done and what could not be, for the user.
  static std::vector<std::string> recover(const std::string& state, const Undo& undo, const std::string& run);

 private:
  CleanupLog(std::string path, FileDescriptor file, FileDescriptor lock, Undo undo);
  std::string path_;
  FileDescriptor file_, lock_;
  Undo undo_;
  std::vector<Made> made_;
};

// One line of the cleanup_log; nothing where the text is none.
std::string to_line(const Made& made);
bool from_line(const std::string& line, Made& made);

}  // namespace tallyman::overhead
