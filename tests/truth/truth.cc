#include "tests/truth/truth.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <limits>
#include <span>
#include <vector>

namespace tallyman::truth {

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

void fail(std::string_view what) {
  std::fprintf(stderr, "truth: %.*s\n", static_cast<int>(what.size()), what.data());
  _exit(1);
}

void fail_errno(std::string_view what) { fail(std::string(what) + ": " + std::strerror(errno)); }

namespace {

constexpr const char* kUsage =
    "usage: truth COMMAND [then COMMAND]...\n"
    "  burn SECONDS            exactly so much CPU time, by the process's own clock\n"
    "  spin                    burns until it is killed\n"
    "  touch-memory MIB        allocates, touches every page, keeps it to the end\n"
    "  hog MIB                 the same in steps, to be killed before it gets there; else exit 1\n"
    "  write FILE MIB [direct] writes and fsyncs\n"
    "  read FILE [direct]      reads all of it, from the disk where it can\n"
    "  send HOST PORT BYTES    exactly so much TCP payload\n"
    "  receive PORT BYTES      takes it\n"
    "  crowd N                 N child processes that do nothing\n"
    "  children N SECONDS      N child processes, one after the other, that burn so much each\n"
    "  child COMMAND           runs the command in a child and prints how it ended\n"
    "  sleep SECONDS\n"
    "  ignore WORD...          nothing: the words are in the process's command line\n"
    "  await                   goes on at SIGUSR1\n"
    "  stay                    until SIGTERM or SIGINT, which end it with 0 at any time\n";

[[noreturn]] void usage(const std::string& what) {
  std::fprintf(stderr, "truth: %s\n%s", what.c_str(), kUsage);
  _exit(2);
}

using Arguments = std::span<const std::string>;

template <class Number>
Number number(const std::string& text, const char* what) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() ||
      !(value >= Number{} && value <= std::numeric_limits<Number>::max())) {
    usage("not " + std::string(what) + ": " + text);
  }
  return value;
}

std::uint64_t nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

// Some 60 µs of user time (1 ms in an emulator): so much may be burnt too much, and
// the system call for the clock is lost in it.
void burn_a_little() {
  volatile unsigned sink = 0;
  for (unsigned i = 0; i < 30'000; ++i) {
    sink = sink + i;
  }
}

void burn(double seconds) {
  const std::uint64_t start = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  const auto wanted = static_cast<std::uint64_t>(seconds * 1e9);
  std::uint64_t burnt = 0;
  while (burnt < wanted) {
    burn_a_little();
    burnt = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - start;
  }
  char text[64];
  std::snprintf(text, sizeof text, "burnt %.6f", static_cast<double>(burnt) * 1e-9);
  say(text);
}

unsigned char* map_bytes(std::uint64_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    fail_errno("mmap");
  }
  madvise(memory, bytes, MADV_NOHUGEPAGE);  // exactly the pages that were touched
  return static_cast<unsigned char*>(memory);
}

void touch(std::uint64_t bytes) {
  unsigned char* memory = map_bytes(bytes);
  for (std::uint64_t i = 0; i < bytes; i += 4096) {
    memory[i] = 1;
  }
}

void touch_memory(std::uint64_t mebibytes) {
  touch(mebibytes * kMebibyte);
  say("ready " + std::to_string(mebibytes * kMebibyte));
}

void hog(std::uint64_t mebibytes) {
  for (std::uint64_t i = 0; i < mebibytes; ++i) {
    touch(kMebibyte);
  }
  fail("hog was not killed within " + std::to_string(mebibytes) + " MiB");
}

void crowd(unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    pid_t child = fork();
    if (child < 0) {
      fail_errno("fork");
    }
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) {
        pause();
      }
    }
  }
  say("crowd " + std::to_string(count));
}

// Each is there for hardly longer than it burns. What they have used is the
// kernel's own figure, of what the parent has waited for.
void children(unsigned count, double seconds_each) {
  const auto wanted = static_cast<std::uint64_t>(seconds_each * 1e9);
  for (unsigned i = 0; i < count; ++i) {
    pid_t child = fork();
    if (child < 0) {
      fail_errno("fork");
    }
    if (child == 0) {
      while (nanoseconds(CLOCK_PROCESS_CPUTIME_ID) < wanted) {
        burn_a_little();
      }
      _exit(0);
    }
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  const auto in_seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  char text[64];
  std::snprintf(text, sizeof text, "children %.6f", in_seconds(used.ru_utime) + in_seconds(used.ru_stime));
  say(text);
}

void nap(double seconds) {
  timespec left{static_cast<time_t>(seconds),
                static_cast<long>((seconds - static_cast<double>(static_cast<time_t>(seconds))) * 1e9)};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

void await_signal() {
  say("awaiting");
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  int number_of_signal = 0;
  sigwait(&set, &number_of_signal);
}

void run(Arguments command);

void run_in_child(Arguments command) {
  pid_t child = fork();
  if (child < 0) {
    fail_errno("fork");
  }
  if (child == 0) {
    run(command);
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      fail_errno("waitpid");
    }
  }
  say(WIFSIGNALED(status) ? "child killed by signal " + std::to_string(WTERMSIG(status))
                          : "child exited with " + std::to_string(WEXITSTATUS(status)));
}

bool direct_flag(Arguments arguments, std::size_t index) {
  if (arguments.size() <= index) {
    return false;
  }
  if (arguments[index] != "direct") {
    usage("not 'direct': " + arguments[index]);
  }
  return true;
}

struct Command {
  std::string_view name;
  std::size_t least, most;  // arguments
  void (*run)(Arguments arguments);
};

[[noreturn]] void spin() {
  for (;;) {
    burn_a_little();
  }
}

[[noreturn]] void stay() {
  for (;;) {
    pause();
  }
}

double seconds(const std::string& text) {
  const auto value = number<double>(text, "seconds");
  if (value > 1e6) {
    usage("too many seconds: " + text);
  }
  return value;
}

std::uint64_t count(const std::string& text, const char* what) { return number<std::uint64_t>(text, what); }

constexpr Command kCommands[] = {
    {"burn", 1, 1, [](Arguments a) { burn(seconds(a[0])); }},
    {"spin", 0, 0, [](Arguments) { spin(); }},
    {"touch-memory", 1, 1, [](Arguments a) { touch_memory(count(a[0], "MiB")); }},
    {"hog", 1, 1, [](Arguments a) { hog(count(a[0], "MiB")); }},
    {"write", 2, 3, [](Arguments a) { write_file(a[0], count(a[1], "MiB"), direct_flag(a, 2)); }},
    {"read", 1, 2, [](Arguments a) { read_file(a[0], direct_flag(a, 1)); }},
    {"send", 3, 3, [](Arguments a) { send_bytes(a[0], number<std::uint16_t>(a[1], "a port"), count(a[2], "bytes")); }},
    {"receive", 2, 2, [](Arguments a) { receive_bytes(number<std::uint16_t>(a[0], "a port"), count(a[1], "bytes")); }},
    {"crowd", 1, 1, [](Arguments a) { crowd(number<unsigned>(a[0], "a number")); }},
    {"children", 2, 2, [](Arguments a) { children(number<unsigned>(a[0], "a number"), seconds(a[1])); }},
    {"child", 1, SIZE_MAX, [](Arguments a) { run_in_child(a); }},
    {"sleep", 1, 1, [](Arguments a) { nap(seconds(a[0])); }},
    {"ignore", 1, SIZE_MAX, [](Arguments) {}},
    {"await", 0, 0, [](Arguments) { await_signal(); }},
    {"stay", 0, 0, [](Arguments) { stay(); }},
};

void run(Arguments words) {
  for (const Command& command : kCommands) {
    if (command.name != words[0]) {
      continue;
    }
    Arguments arguments = words.subspan(1);
    if (arguments.size() < command.least || arguments.size() > command.most) {
      usage("wrong number of arguments: " + words[0]);
    }
    command.run(arguments);
    return;
  }
  usage("unknown command: " + words[0]);
}

// An init process gets no signal that it has no handler for.
void prepare_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { _exit(0); };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  sigset_t set;  // SIGUSR1 waits for its await
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

int main_of_truth(const std::vector<std::string>& words) {
  std::vector<std::vector<std::string>> chain(1);
  for (const std::string& word : words) {
    if (word == "then") {
      chain.emplace_back();
    } else {
      chain.back().push_back(word);
    }
  }
  for (const auto& command : chain) {
    if (command.empty()) {
      usage("a command is missing");
    }
  }
  prepare_signals();
  for (const auto& command : chain) {
    run(command);
  }
  return 0;
}

}  // namespace
}  // namespace tallyman::truth

int main(int argc, char** argv) {
  return tallyman::truth::main_of_truth(std::vector<std::string>(argv + 1, argv + argc));
}
