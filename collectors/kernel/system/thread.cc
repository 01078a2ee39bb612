#include "collectors/kernel/system/thread.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace tallyman {
namespace {

// Blocks signals while a thread is made, because a thread inherits the mask of its maker.
// Only the thread that waits for signals gets them. Faults stay open: if they were
// blocked, the kernel would end the process before a sanitizer could report them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&blocked, fault);
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

void Thread::start(std::function<void()> body) {
  if (started()) return;
  stopping_ = false;
  stop_event_.take();  // of an earlier stop
  constexpr std::size_t kMaxNameBytes = 15;
  const SignalsBlocked guard;
  thread_ = std::thread([name = name_.substr(0, kMaxNameBytes), body = std::move(body)] {
    pthread_setname_np(pthread_self(), name.c_str());
    body();
  });
}

void Thread::request_stop() {
  stopping_ = true;
  stop_event_.ring();
}

void Thread::stop() {
  if (!started()) return;
  request_stop();
  thread_.join();
}

bool Thread::wait_until(std::chrono::steady_clock::time_point due) const { return !stop_event_.is_rung_until(due); }

}  // namespace tallyman
