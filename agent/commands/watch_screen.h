// The terminal of `tallyman ls --watch`: keys without Enter, and the screen's size.
#pragma once

#include "agent/commands/terminal_text.h"
#include "collectors/kernel/system/file_descriptor.h"

#include <termios.h>

#include <chrono>
#include <csignal>
#include <optional>

namespace tallyman {

// The size of standard output; of what is no terminal 120 columns.
Screen screen_of_output();

// While it exists, single keys are read, if `input` is a terminal that this process may use;
// otherwise it changes nothing and only waits. The terminal is as before when it is
// destroyed, and at SIGINT, SIGTERM, SIGHUP and SIGQUIT, which then do what they always do;
// while the process is stopped by Ctrl-Z too. These signals are blocked in the meantime: make
// it before any thread.
class WatchKeys {
 public:
  explicit WatchKeys(int input);
  ~WatchKeys();
  WatchKeys(const WatchKeys&) = delete;
  WatchKeys& operator=(const WatchKeys&) = delete;

  // Waits for this time, or for a key that ends the watch (q): then it is false. At a signal
  // that ends the process it does not return.
  bool wait(std::chrono::milliseconds time);

 private:
  void read_single_keys();
  void restore();
  bool take_keys();  // false: q, or there is no terminal any more
  void take_signal();

  const int input_;
  std::optional<termios> before_;  // empty: no terminal
  sigset_t mask_before_{};
  FileDescriptor signals_;
};

}  // namespace tallyman
