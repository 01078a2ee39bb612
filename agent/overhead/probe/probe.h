// The small static program that does the work of an overhead run. It is the same binary
// in every mode. Single-threaded and independent of the caller.
//
//   probe serve       reads orders from standard input, one per line, answers each
//                     with one line of JSON, and ends with its input
//   probe nothing     ends at once; fork-exec starts it
//
// An order is a word and settings: "integer duration=100000000 warm=20000000".
// Times are nanoseconds. {"error": "..."} is the answer to an order that failed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyman::probe {

// The settings of one order.
class Order {
 public:
  explicit Order(std::string_view line);
  const std::string& word() const { return word_; }
  std::string text(std::string_view name) const;  // "" if it is missing
  std::uint64_t number(std::string_view name, std::uint64_t fallback) const;

 private:
  std::string word_;
  std::vector<std::pair<std::string, std::string>> settings_;
};

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

// Null if there is no such order.
using Work = Outcome (*)(const Order&);
Work find_work(std::string_view word);

Outcome integer(const Order&);
Outcome floating_point(const Order&);
Outcome system_calls(const Order&);
Outcome context_switches(const Order&);
Outcome page_faults(const Order&);
Outcome fork_exec(const Order&);
Outcome small_files(const Order&);
Outcome sequential_write(const Order&);
Outcome sequential_read(const Order&);
Outcome synced_write(const Order&);
Outcome random_read(const Order&);
Outcome random_write(const Order&);
Outcome first_write(const Order&);
Outcome tcp_throughput(const Order&);
Outcome tcp_latency(const Order&);
Outcome tcp_connect(const Order&);

// A child process that serves the three TCP works until it is killed.
struct Server {
  int pid = -1;
  unsigned port = 0;
  std::string error;
};
Server start_server(bool loopback_only, unsigned port);
void stop_server(Server& server);

// Brings up the loopback interface of a new network namespace, if permitted.
void raise_loopback();

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
