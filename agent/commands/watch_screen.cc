#include "agent/commands/watch_screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <string_view>
#include <thread>

namespace tallyman {
namespace {

using std::chrono::steady_clock;

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : signals) sigaddset(&set, number);
  return set;
}

sigset_t watched_signals() {
  sigset_t set = set_of({});
  for (const int number : kSignals) {
    struct sigaction action {};
    // What the parent has set to be ignored (nohup) stays ignored.
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&set, number);
  }
  return set;
}

bool in_foreground(int terminal) { return tcgetpgrp(terminal) == getpgrp(); }

}  // namespace

Screen screen_of_output() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return {size.ws_col, size.ws_row};
  }
  return {isatty(STDOUT_FILENO) != 0 ? std::size_t{80} : std::size_t{120}, 0};
}

WatchKeys::WatchKeys(int input) : input_(input) {
  termios now{};
  if (isatty(input_) == 0 || !in_foreground(input_) || tcgetattr(input_, &now) != 0) return;
  const sigset_t watched = watched_signals();
  signals_ = FileDescriptor(signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return;
  pthread_sigmask(SIG_BLOCK, &watched, &mask_before_);
  before_ = now;
  read_single_keys();
}

WatchKeys::~WatchKeys() {
  if (!before_) return;
  restore();
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void WatchKeys::read_single_keys() {
  termios single = *before_;
  single.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  single.c_cc[VMIN] = 1;
  single.c_cc[VTIME] = 0;
  tcsetattr(input_, TCSANOW, &single);
}

void WatchKeys::restore() {
  if (in_foreground(input_))
    tcsetattr(input_, TCSANOW, &*before_);  // else the shell has it, and would stop this process
}

bool WatchKeys::take_keys() {
  std::array<char, 64> keys{};
  const ssize_t got = read(input_, keys.data(), keys.size());
  if (got <= 0) return got < 0 && (errno == EINTR || errno == EAGAIN);  // the terminal is gone
  const std::string_view typed(keys.data(), static_cast<std::size_t>(got));
  return typed.find_first_of("qQ") == typed.npos;
}

void WatchKeys::take_signal() {
  signalfd_siginfo info{};
  if (read(signals_.get(), &info, sizeof info) != sizeof info) return;
  const int number = static_cast<int>(info.ssi_signo);
  restore();
  const sigset_t one = set_of({number});
  raise(number);  // its default: this process ends, or stops until SIGCONT
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  pthread_sigmask(SIG_BLOCK, &one, nullptr);
  if (in_foreground(input_)) read_single_keys();
}

bool WatchKeys::wait(std::chrono::milliseconds time) {
  if (!before_) {
    std::this_thread::sleep_for(time);
    return true;
  }
  const auto until = steady_clock::now() + time;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now()).count();
    std::array<pollfd, 2> both = {pollfd{input_, POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0}};
    const int ready = poll(both.data(), both.size(), left > 0 ? static_cast<int>(left) : 0);
    if (ready < 0 && errno != EINTR) return false;
    if (ready > 0 && both[1].revents != 0) take_signal();
    if (ready > 0 && both[0].revents != 0 && !take_keys()) return false;
    if (left <= 0) return true;
  }
}

}  // namespace tallyman
