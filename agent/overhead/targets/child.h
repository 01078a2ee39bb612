// Child processes with line-based input and output. Each wait has a time limit and ends
// at an interrupt. A child dies with its parent. One thread.
#pragma once

#include "agent/overhead/model/failure.h"
#include "agent/overhead/targets/interrupt.h"
#include "collectors/kernel/system/file_descriptor.h"

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

// What is set up for a child before its program starts.
struct SpawnOptions {
  std::vector<std::string> cgroup_procs;  // cgroup.procs files of the cgroups to enter
  bool namespaces = false;                // mount, PID, UTS, IPC, network and cgroup
  std::optional<OverlayMount> overlay;    // needs `namespaces`
  std::vector<std::string> environment;   // additional variables, "NAME=value"
};

class Child {
 public:
  // Searches the program on PATH and in the system directories.
  static Result<Child> spawn(const std::vector<std::string>& command, const SpawnOptions& options = {});

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();  // SIGKILL, and waits

  int pid() const { return pid_; }
  bool write_all(std::string_view text);  // false if the child has closed its input
  void close_input() { input_.reset(); }

  // The next line of its output, without the newline.
  Result<std::string> read_line(Clock::time_point deadline, Interrupt& interrupt);
  // Waits for its end. Returns its whole output, or a failure with its error message.
  Result<std::string> finish(Clock::time_point deadline, Interrupt& interrupt);
  void terminate();  // SIGTERM
  // Closes its input, and kills it after the grace period. Safe to call twice.
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
  std::string output_text_, error_text_;
  int status_ = 0;
};

// Runs a program and returns its output without the last newline.
Result<std::string> run_program(const std::vector<std::string>& command, std::chrono::milliseconds limit,
                                Interrupt& interrupt, std::string_view input = {});
// The path of a program, or "" if it is not installed.
std::string find_program(std::string_view name);
std::string seconds_text(std::chrono::milliseconds time);  // "1.5 s"

}  // namespace tallyman::overhead
