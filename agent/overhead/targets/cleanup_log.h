// A log of everything that a run creates outside of itself. Each entry is written
// before the thing is created, so the next run can undo exactly what a killed run
// left behind. Each run has one file in the state directory, and holds a lock there.
//
// The next run may be root's. So it believes a log only if nobody else can have written it,
// and runs no command that it reads there: it knows itself how each kind is removed.
#pragma once

#include "agent/overhead/model/failure.h"
#include "agent/overhead/targets/child.h"
#include "collectors/kernel/system/file_descriptor.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tallyman::overhead {

// One created thing. `kind`: directory, cgroup, container, image, volume, lxc.
// `tool` is the command line that removes it (docker with its -H, podman); empty for
// directories and cgroups.
struct Made {
  std::string kind;
  std::string name;
  std::vector<std::string> tool;
};

// Removes the thing. If it no longer exists, that is not a failure.
using Undo = std::function<Result<void>(const Made&)>;
// Removes real things. Each command may take `limit`.
Undo undo_with(Interrupt& interrupt, std::chrono::milliseconds limit);

class CleanupLog {
 public:
  // A child that was forked just before its run was killed holds the lock until it has called exec.
  static constexpr std::chrono::milliseconds kLockTimeout{2'000};

  // Creates STATE/cleanup-RUN.log. Fails if STATE belongs to somebody else or others may write
  // there, or if another run is under way and still is after
  // `lock_timeout`, because the runs would disturb each other.
  static Result<std::unique_ptr<CleanupLog>> begin(const std::string& state, const std::string& run, Undo undo,
                                                   std::chrono::milliseconds lock_timeout = kLockTimeout);
  // Undoes everything that is left, the newest first. Removes the log if nothing is left.
  ~CleanupLog();
  CleanupLog(const CleanupLog&) = delete;
  CleanupLog& operator=(const CleanupLog&) = delete;

  // Call it before creating the thing. After a failure, do not create it.
  Result<void> about_to_make(const Made& made);
  // Undoes this entry now.
  Result<void> undo(const std::string& kind, const std::string& name);
  // What could not be undone; empty on success.
  std::vector<std::string> undo_all();

  // Undoes what killed runs have left below `state`. Called by `run`, which holds the
  // lock. Returns messages for the user: what was removed and what was not.
  static std::vector<std::string> recover(const std::string& state, const Undo& undo, const std::string& run);

 private:
  CleanupLog(std::string path, FileDescriptor file, FileDescriptor lock, Undo undo);
  std::string path_;
  FileDescriptor file_, lock_;
  Undo undo_;
  std::vector<Made> made_;
};

// As a run would have made it, with the command of its kind; empty if no run makes this.
std::optional<Made> checked(const Made& made, const std::string& state, const std::string& run);

// One line of the cleanup log. from_line() returns false for other text.
std::string to_line(const Made& made);
bool from_line(const std::string& line, Made& made);

}  // namespace tallyman::overhead
