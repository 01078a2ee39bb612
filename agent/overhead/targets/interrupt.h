// SIGINT, SIGTERM and SIGHUP as something to wait for, so that nothing is left
// half done. One of them at a time in a process; children get the signals back
// as they were (see child.cc).
#pragma once

#include "collectors/kernel/system/kernel_file.h"

#include <csignal>

namespace tallyman::overhead {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();  // the signals do again what they did
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  int descriptor() const { return signals_.get(); }  // readable once a signal has come
  bool raised();                                     // stays true
  int number() const { return number_; }             // which signal it was, 0: none

  // While cleaning up nothing waits for a signal any more.
  void ignore_from_now() { ignored_ = true; }
  bool ignored() const { return ignored_; }

 private:
  FileDescriptor signals_;
  sigset_t before_{};
  int number_ = 0;
  bool ignored_ = false;
};

}  // namespace tallyman::overhead
