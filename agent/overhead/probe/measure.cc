#include "agent/overhead/probe/measure.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
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

// The first bytes of a file, or "".
std::string beginning_of(const std::string& path) {
  char text[128];
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
  if (fd >= 0) close(fd);
  return got <= 0 ? std::string() : std::string(text, static_cast<std::size_t>(got));
}

bool proc_has_our_pids() {
  char link[32];
  const ssize_t got = readlink("/proc/self", link, sizeof link);
  return got > 0 && std::string_view(link, static_cast<std::size_t>(got)) == std::to_string(getpid());
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

// "124750 1234 23": on a CPU, waiting for one, how often. The kernel adds a wait when it is over.
std::optional<std::uint64_t> cpu_wait_ns(int pid) {
  static const bool kKnowsOthers = proc_has_our_pids();
  if (pid > 0 && !kKnowsOthers) return {};
  const std::string text = beginning_of("/proc/" + (pid > 0 ? std::to_string(pid) : "self") + "/schedstat");
  char* end = nullptr;
  const std::uint64_t ran = std::strtoull(text.c_str(), &end, 10);
  if (*end != ' ' || (pid == 0 && ran == 0)) return {};  // 0: the kernel does not count
  return std::strtoull(end, nullptr, 10);
}

Meter::Meter(int partner)
    : partner_(partner),
      wait_before_(wait_ns()),
      children_before_(ended_children_cpu_ns()),
      cpu_before_(cpu_ns()),
      began_ns_(now_ns()) {}

std::uint64_t Meter::cpu_ns() const {
  return process_cpu_ns(0) + ended_children_cpu_ns() + (partner_ > 0 ? process_cpu_ns(partner_) : 0);
}

std::optional<std::uint64_t> Meter::wait_ns() const {
  const auto own = cpu_wait_ns(0), other = partner_ > 0 ? cpu_wait_ns(partner_) : 0;
  if (!own || !other) return {};
  return *own + *other;
}

void Meter::read_into(Outcome& outcome) const {
  outcome.wall_ns = now_ns() - began_ns_;
  outcome.cpu_ns = cpu_ns() - cpu_before_;
  const auto wait = wait_ns();
  // No one knows how long children waited that have ended.
  const bool childless = ended_children_cpu_ns() == children_before_;
  if (wait && wait_before_ && childless && *wait >= *wait_before_) outcome.wait_ns = *wait - *wait_before_;
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
