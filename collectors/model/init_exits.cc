#include "collectors/model/init_exits.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kMaxInits = 4'096;
constexpr std::uint64_t kClockSlackNsec = 100'000'000;

// The low seven bits are the signal, 0x80 is the core dump, the next eight the code.
constexpr std::uint32_t kSignalBits = 0x7F;

constexpr std::array<std::pair<int, std::string_view>, 14> kSignals = {{{SIGHUP, "SIGHUP"},
                                                                        {SIGINT, "SIGINT"},
                                                                        {SIGQUIT, "SIGQUIT"},
                                                                        {SIGILL, "SIGILL"},
                                                                        {SIGTRAP, "SIGTRAP"},
                                                                        {SIGABRT, "SIGABRT"},
                                                                        {SIGBUS, "SIGBUS"},
                                                                        {SIGFPE, "SIGFPE"},
                                                                        {SIGKILL, "SIGKILL"},
                                                                        {SIGSEGV, "SIGSEGV"},
                                                                        {SIGPIPE, "SIGPIPE"},
                                                                        {SIGALRM, "SIGALRM"},
                                                                        {SIGTERM, "SIGTERM"},
                                                                        {SIGSYS, "SIGSYS"}}};

// Both are in the order of time.
template <class Kept>
void make_room(Kept& kept, std::size_t most, std::uint64_t now_nsec) {
  while (!kept.empty() && (kept.size() >= most || kept.front().taken_nsec + InitExits::kKeptNsec < now_nsec)) {
    kept.pop_front();
  }
}

}  // namespace

std::int64_t exit_code_of(std::uint32_t wait_status) {
  const std::uint32_t signal = wait_status & kSignalBits;
  return signal != 0 ? 128 + std::int64_t{signal} : std::int64_t{(wait_status >> 8U) & 0xFFU};
}

std::optional<std::int64_t> signal_of(std::uint32_t wait_status) {
  const std::uint32_t signal = wait_status & kSignalBits;
  return signal != 0 ? std::optional(std::int64_t{signal}) : std::nullopt;
}

std::string signal_name(std::int64_t signal) {
  const auto* const found =
      std::find_if(kSignals.begin(), kSignals.end(), [&](const auto& one) { return one.first == signal; });
  return found == kSignals.end() ? "signal " + std::to_string(signal) : std::string(found->second);
}

void InitExits::add(std::uint32_t pid, std::uint32_t wait_status, std::uint64_t taken_nsec) {
  const MutexLock lock(mutex_);
  make_room(ended_, kMaxKept, taken_nsec);
  ended_.push_back({pid, wait_status, taken_nsec});
}

void InitExits::add_init(const Workload& container, std::uint32_t wait_status, std::uint64_t taken_nsec) {
  const MutexLock lock(mutex_);
  make_room(inits_, kMaxInits, taken_nsec);
  inits_.push_back({container.id, container.inode, taken_nsec, wait_status});
}

void InitExits::complete_until(std::uint64_t nsec) {
  const MutexLock lock(mutex_);
  complete_until_ = nsec;
}

std::optional<std::uint32_t> InitExits::status_of(const Workload& container) const {
  // A pid is used again in time: an earlier owner's end is not this container's.
  const std::uint64_t seen = container.seen_nsec;
  const std::uint64_t began = std::min(container.cgroup_created_nsec.value_or(seen), seen);
  const MutexLock lock(mutex_);
  if (const auto& pid = container.container.init_pid) {
    const auto named = std::find_if(ended_.rbegin(), ended_.rend(), [&](const Ended& one) {
      return one.pid == *pid && one.taken_nsec + kClockSlackNsec >= began;
    });
    if (named != ended_.rend()) {
      return named->wait_status;
    }
  }
  const auto found = std::find_if(inits_.rbegin(), inits_.rend(), [&](const EndedInit& one) {
    return one.inode == container.inode && one.id == container.id;
  });
  return found == inits_.rend() ? std::nullopt : std::optional(found->wait_status);
}

bool InitExits::may_follow(std::uint64_t ended_nsec) const {
  const MutexLock lock(mutex_);
  return complete_until_ <= ended_nsec;
}

}  // namespace tallyman
