// Waits for SIGINT, SIGTERM and SIGHUP with a descriptor, so that a run can clean up. At
// most one object per process. Children get the original signal handling back (see
// child.cc).
#pragma once

#include "collectors/kernel/system/file_descriptor.h"

#include <csignal>

namespace tallyman::overhead {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();  // restores the signals
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  int descriptor() const { return signals_.get(); }  // readable after a signal
  bool raised();                                     // stays true
  int number() const { return number_; }             // the signal's number, 0: none

  // Signals are ignored from now on, for the cleanup.
  void ignore_from_now() { ignored_ = true; }
  bool ignored() const { return ignored_; }

 private:
  FileDescriptor signals_;
  sigset_t before_{};
  int number_ = 0;
  bool ignored_ = false;
};

}  // namespace tallyman::overhead
