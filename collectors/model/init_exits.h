// How processes have ended, by the kernel's records of exits, kept for a minute: the end of
// a container's first process is the container's exit code under every runtime. Only that
// process is asked about; what else ends in a container says nothing of it. Thread-safe.
#pragma once

#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/workload.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace tallyman {

// A status as wait() gives it, for people: the code, or 128 and the signal, as shells and
// runtimes say it.
std::int64_t exit_code_of(std::uint32_t wait_status);
std::optional<std::int64_t> signal_of(std::uint32_t wait_status);  // that ended it
// "SIGKILL"; "signal 40" for one without a name.
std::string signal_name(std::int64_t signal);

class InitExits {
 public:
  // A process has ended, as was known at `taken_nsec`.
  void add(std::uint32_t pid, std::uint32_t wait_status, std::uint64_t taken_nsec);
  // It was the first process of this container or machine.
  void add_init(const Workload& container, std::uint32_t wait_status, std::uint64_t taken_nsec);
  // All that ended before this time are added.
  void complete_until(std::uint64_t nsec);

  // The status of the container's first process: the one that its runtime names, else the
  // oldest that was seen in it. Empty: not known.
  std::optional<std::uint32_t> status_of(const Workload& container) const;
  // Records from before this time may still be to come.
  bool may_follow(std::uint64_t ended_nsec) const;

  static constexpr std::size_t kMaxKept = 16'384;
  static constexpr std::uint64_t kKeptNsec = 60'000'000'000;

 private:
  struct Ended {
    std::uint32_t pid, wait_status;
    std::uint64_t taken_nsec;
  };
  struct EndedInit {
    std::string id;
    std::uint64_t inode, taken_nsec;
    std::uint32_t wait_status;
  };
  mutable Mutex mutex_;
  std::deque<Ended> ended_ GUARDED_BY(mutex_);
  std::deque<EndedInit> inits_ GUARDED_BY(mutex_);
  std::uint64_t complete_until_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tallyman
