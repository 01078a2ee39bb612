// Child processes that are talked to line by line, each wait with a time limit
// and ended by an interrupt. A child dies with the agent. One thread.
#pragma once

#include "agent/overhead/model/failure.h"
#include "agent/overhead/targets/interrupt.h"
#include "collectors/kernel/system/kernel_file.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman::overhead {

using Clock = std::chrono::steady_clock;

struct OverlayMount {
  std::string lower, upper, work, merged;
};

// What a child gets before its program begins.
struct SpawnOptions {
  std::vector<std::string> cgroup_procs;  // it enters each of these
  bool namespaces = false;                // mount, PID, UTS, IPC, network and cgroup
  std::optional<OverlayMount> overlay;    // needs `namespaces`
  std::vector<std::string> environment;   // more of it, "NAME=value"
};

class Child {
 public:
  // The program is looked for on PATH, and in the system's own directories.
  static Result<Child> spawn(const std::vector<std::string>& command, const SpawnOptions& options = {});

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();  // SIGKILL, and waits

  int pid() const { return pid_; }
  bool say(std::string_view text);  // all of it; false when the child has closed its input
  void close_input() { input_.reset(); }

  // The next line of its output, without the newline.
  Result<std::string> read_line(Clock::time_point deadline, Interrupt& interrupt);
  // Waits for its end; all that it printed, or what it said on standard error.
  Result<std::string> finish(Clock::time_point deadline, Interrupt& interrupt);
  void terminate();  // SIGTERM
  // Closes its input, and kills it after the grace. Safe to call twice.
  void end(std::chrono::milliseconds grace);

 private:
  Child() = default;
  enum class Received { kOutput, kEnd, kLate, kInterrupted };
  Received listen(Clock::time_point deadline, Interrupt& interrupt);
  bool wait_until(Clock::time_point deadline);  // true: it has ended
  std::string complaint() const;                // the last line of standard error

  std::string name_;
  int pid_ = -1;
  FileDescriptor input_, output_, errors_;
  std::string output_text_, said_wrong_;
  int status_ = 0;
};

// Runs a program to its end: what it printed, without the last newline.
Result<std::string> run_program(const std::vector<std::string>& command, std::chrono::milliseconds limit,
                                Interrupt& interrupt, std::string_view input = {});
// Its path, or "" if it is not installed.
std::string find_program(std::string_view name);
std::string seconds_text(std::chrono::milliseconds time);  // "1.5 s"

}  // namespace tallyman::overhead
