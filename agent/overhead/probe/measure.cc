#include "agent/overhead/probe/measure.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

namespace tallyman::probe {
namespace {

std::uint64_t read_clock(clockid_t clock) {
  timespec now{};
  if (clock_gettime(clock, &now) != 0) return 0;
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t nanoseconds(const timeval& time) {
  return (static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec)) * 1'000;
}

}  // namespace

std::uint64_t now_ns() { return read_clock(CLOCK_MONOTONIC); }

std::uint64_t process_cpu_ns(int pid) {
  clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
  if (pid > 0 && clock_getcpuclockid(pid, &clock) != 0) return 0;
  return read_clock(clock);
}

std::uint64_t ended_children_cpu_ns() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
}

Outcome failed_with(std::string_view what) {
  Outcome outcome;
  outcome.error = what;
  return outcome;
}

Outcome failed(std::string_view what) { return failed_with(std::string(what) + ": " + std::strerror(errno)); }

int fork_bound() {
  const int parent = getpid();
  const int pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // the parent ended before the line above
  return 0;
}

}  // namespace tallyman::probe
