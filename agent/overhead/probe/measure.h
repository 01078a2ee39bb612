// How a work is measured, and what that takes: clocks, and a child that does not stay behind.
#pragma once

#include "agent/overhead/probe/order.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman::probe {

// The work done in the measured time, including the partner process.
struct Outcome {
  std::uint64_t operations = 0, wall_ns = 0, cpu_ns = 0;
  std::optional<std::uint64_t> wait_ns{};  // ready to run, without a CPU; empty if it is not known of each process
  std::string error;                       // if not empty, the other members are invalid
};

Outcome failed(std::string_view what);       // with errno
Outcome failed_with(std::string_view what);  // without
std::uint64_t now_ns();                      // CLOCK_MONOTONIC
std::uint64_t process_cpu_ns(int pid);       // of one process, 0: this one
std::uint64_t ended_children_cpu_ns();       // of children that have been waited for
// How long a process (0: this one) was ready to run and had no CPU. Empty if the kernel does
// not count it, and of another process if /proc belongs to another PID namespace.
std::optional<std::uint64_t> cpu_wait_ns(int pid);

// The times from its construction on, of this process and of `partner`.
class Meter {
 public:
  explicit Meter(int partner = 0);
  std::uint64_t began_ns() const { return began_ns_; }
  void read_into(Outcome& outcome) const;

 private:
  std::uint64_t cpu_ns() const;
  std::optional<std::uint64_t> wait_ns() const;

  const int partner_;
  const std::optional<std::uint64_t> wait_before_;
  const std::uint64_t children_before_, cpu_before_, began_ns_;
};

// Like fork(), but the child ends with this process.
int fork_bound();

// Repeats `batch` (returns the number of operations, or a negative number with errno) for
// the order's `warm` nanoseconds, which do not count, then for its `duration`. The CPU
// time of the process `partner` counts too.
template <class Batch>
Outcome measure(const Order& order, Batch batch, int partner = 0) {
  const auto repeat = [&](std::uint64_t until, std::uint64_t& operations) {
    do {
      const std::int64_t done = batch();
      if (done < 0) return false;
      operations += static_cast<std::uint64_t>(done);
    } while (now_ns() < until);
    return true;
  };
  Outcome outcome;
  std::uint64_t warmed = 0;
  const std::uint64_t warm = order.number("warm", 0);
  if (warm > 0 && !repeat(now_ns() + warm, warmed)) return failed(order.word());
  const Meter meter(partner);
  if (!repeat(meter.began_ns() + order.number("duration", 100'000'000), outcome.operations)) {
    return failed(order.word());
  }
  meter.read_into(outcome);
  return outcome;
}

}  // namespace tallyman::probe
