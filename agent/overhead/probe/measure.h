// How a work is measured, and what that takes: clocks, and a child that does not stay behind.
#pragma once

#include "agent/overhead/probe/order.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace tallyman::probe {

// The work done in the measured time, including the partner process.
struct Outcome {
  std::uint64_t operations = 0, wall_ns = 0, cpu_ns = 0;
  std::string error;  // if not empty, the other members are invalid
};

Outcome failed(std::string_view what);       // with errno
Outcome failed_with(std::string_view what);  // without
std::uint64_t now_ns();                      // CLOCK_MONOTONIC
std::uint64_t process_cpu_ns(int pid);       // of one process, 0: this one
std::uint64_t ended_children_cpu_ns();       // of children that have been waited for

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
  const auto cpu = [&] {
    return process_cpu_ns(0) + ended_children_cpu_ns() + (partner > 0 ? process_cpu_ns(partner) : 0);
  };
  Outcome outcome;
  std::uint64_t warmed = 0;
  const std::uint64_t warm = order.number("warm", 0);
  if (warm > 0 && !repeat(now_ns() + warm, warmed)) return failed(order.word());
  const std::uint64_t cpu_before = cpu(), before = now_ns();
  if (!repeat(before + order.number("duration", 100'000'000), outcome.operations)) return failed(order.word());
  outcome.wall_ns = now_ns() - before;
  outcome.cpu_ns = cpu() - cpu_before;
  return outcome;
}

}  // namespace tallyman::probe
