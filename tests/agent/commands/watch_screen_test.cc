// A command on a terminal of its own, on which the test types.
#include "agent/commands/watch_screen.h"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

namespace tallyman {
namespace {

using namespace std::chrono_literals;

constexpr int kQuit = 7, kWaited = 8;

void say(const std::string& words) {
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, words.data(), words.size());
}

// "lines", as a shell leaves a terminal, or "keys".
std::string state_of_terminal() {
  termios now{};
  if (tcgetattr(STDIN_FILENO, &now) != 0) return "unknown";
  constexpr auto kBoth = static_cast<tcflag_t>(ICANON | ECHO);
  return (now.c_lflag & kBoth) == kBoth ? "lines" : (now.c_lflag & kBoth) == 0 ? "keys" : "mixed";
}

// Has the terminal to itself, as a command that a shell has started.
[[noreturn]] void watch(std::chrono::milliseconds time) {
  setpgid(0, 0);
  std::signal(SIGTTOU, SIG_IGN);
  tcsetpgrp(STDIN_FILENO, getpgrp());
  std::signal(SIGTTOU, SIG_DFL);
  int code = 0;
  {
    WatchKeys keys(STDIN_FILENO);
    say("ready:" + state_of_terminal() + ";");
    code = keys.wait(time) ? kWaited : kQuit;
  }
  _exit(code);
}

// Says how its child ends or stops, and what state the terminal is in then. A shell is what
// keeps a terminal: the kernel resets one that nobody has any more.
[[noreturn]] void shell(std::chrono::milliseconds time) {
  const pid_t child = fork();
  if (child == 0) watch(time);
  for (;;) {
    int status = 0;
    if (waitpid(child, &status, WUNTRACED) != child) _exit(1);
    if (WIFSTOPPED(status)) {
      say("stopped:" + state_of_terminal() + ";");
      kill(child, SIGCONT);
      continue;
    }
    const std::string end = WIFEXITED(status) ? "exit " + std::to_string(WEXITSTATUS(status))
                                              : "signal " + std::to_string(WTERMSIG(status));
    say(end + ":" + state_of_terminal() + ";");
    _exit(0);
  }
}

class OnATerminal {
 public:
  explicit OnATerminal(std::chrono::milliseconds time) {
    shell_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (shell_ == 0) shell(time);
  }
  ~OnATerminal() {
    kill(shell_, SIGKILL);
    waitpid(shell_, nullptr, 0);
    close(terminal_);
  }

  // What the two say up to this and the next ';'.
  std::string wait_for(const std::string& word) {
    std::array<char, 256> buffer{};
    for (;;) {
      const auto at = seen_.find(word);
      const auto end = at == seen_.npos ? at : seen_.find(';', at);
      if (end != seen_.npos) return seen_.substr(at, end - at);
      const ssize_t got = read(terminal_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return "nothing but: " + seen_;
      seen_.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  void type(const std::string& keys) {
    EXPECT_EQ(write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void send_to_foreground(int signal) { EXPECT_EQ(kill(-tcgetpgrp(terminal_), signal), 0); }

 private:
  int terminal_ = -1;
  pid_t shell_ = -1;
  std::string seen_;
};

TEST(WatchKeys, QEndsTheWatchAndTheTerminalIsAsBefore) {
  OnATerminal child(10min);
  EXPECT_EQ(child.wait_for("ready"), "ready:keys");
  child.type("x");
  child.type("q");
  EXPECT_EQ(child.wait_for("exit"), "exit 7:lines");
}

TEST(WatchKeys, OtherKeysEndNothing) {
  OnATerminal child(200ms);
  EXPECT_EQ(child.wait_for("ready"), "ready:keys");
  child.type("x\x1b[A\n");
  EXPECT_EQ(child.wait_for("exit"), "exit 8:lines");
}

TEST(WatchKeys, ASignalRestoresTheTerminalAndEndsTheProcessAsAlways) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    OnATerminal child(10min);
    EXPECT_EQ(child.wait_for("ready"), "ready:keys");
    child.send_to_foreground(number);
    EXPECT_EQ(child.wait_for("signal"), "signal " + std::to_string(number) + ":lines");
  }
}

TEST(WatchKeys, CtrlCIsASignalStill) {
  OnATerminal child(10min);
  EXPECT_EQ(child.wait_for("ready"), "ready:keys");
  child.type("\x03");
  EXPECT_EQ(child.wait_for("signal"), "signal 2:lines");
}

TEST(WatchKeys, CtrlZGivesTheTerminalBackUntilItContinues) {
  OnATerminal child(10min);
  EXPECT_EQ(child.wait_for("ready"), "ready:keys");
  child.type("\x1a");
  EXPECT_EQ(child.wait_for("stopped"), "stopped:lines");
  child.type("q\n");
  EXPECT_EQ(child.wait_for("exit"), "exit 7:lines");
}

TEST(WatchKeys, WhatIsNoTerminalIsLeftAlone) {
  int both[2];
  ASSERT_EQ(pipe2(both, O_CLOEXEC), 0);
  sigset_t before, now;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    WatchKeys keys(both[0]);
    ASSERT_EQ(write(both[1], "q", 1), 1);
    EXPECT_TRUE(keys.wait(1ms));
    pthread_sigmask(SIG_SETMASK, nullptr, &now);
    EXPECT_EQ(sigismember(&now, SIGTERM), sigismember(&before, SIGTERM));
  }
  EXPECT_TRUE(WatchKeys(-1).wait(0ms));
  close(both[0]);
  close(both[1]);
}

}  // namespace
}  // namespace tallyman
