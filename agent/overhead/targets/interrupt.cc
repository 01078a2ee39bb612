#include "agent/overhead/targets/interrupt.h"

#include "agent/overhead/model/failure.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tallyman::overhead {

Interrupt::Interrupt() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&wanted, number);
  sigprocmask(SIG_BLOCK, &wanted, &before_);
  std::signal(SIGPIPE, SIG_IGN);  // writing to an ended child then fails with an error
  signals_ = FileDescriptor(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
}

Interrupt::~Interrupt() {
  raised();  // clears a signal that has already been handled
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

bool Interrupt::raised() {
  signalfd_siginfo info{};
  while (signals_.valid() && read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (number_ == 0) number_ = static_cast<int>(info.ssi_signo);
  }
  return number_ != 0 && !ignored_;
}

}  // namespace tallyman::overhead
