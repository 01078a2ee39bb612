// The small static program that does the work of an overhead run. It is the same binary
// in every mode. Single-threaded and independent of the caller.
//
//   probe serve       reads orders from standard input, one per line, answers each
//                     with one line of JSON, and ends with its input
//   probe nothing     ends at once; fork-exec starts it
//
// An order is a word and settings: "integer duration=100000000 warm=20000000".
// Times are nanoseconds. {"error": "..."} is the answer to an order that failed.
#include "agent/overhead/probe/file_work.h"
#include "agent/overhead/probe/kernel_work.h"
#include "agent/overhead/probe/measure.h"
#include "agent/overhead/probe/network_work.h"
#include "agent/overhead/probe/order.h"
#include "agent/overhead/probe/processor_work.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace tallyman::probe {
namespace {

using Work = Outcome (*)(const Order&);

struct Named {
  std::string_view word;
  Work work;
};
constexpr Named kWorks[] = {{"integer", integer},           {"floating-point", floating_point},
                            {"system-calls", system_calls}, {"context-switches", context_switches},
                            {"page-faults", page_faults},   {"fork-exec", fork_exec},
                            {"small-files", small_files},   {"write", sequential_write},
                            {"read", sequential_read},      {"write-fsync", synced_write},
                            {"random-read", random_read},   {"random-write", random_write},
                            {"first-write", first_write},   {"tcp-throughput", tcp_throughput},
                            {"tcp-latency", tcp_latency},   {"tcp-connect", tcp_connect}};

// Null if there is no such order.
Work find_work(std::string_view word) {
  for (const Named& named : kWorks) {
    if (named.word == word) return named.work;
  }
  return nullptr;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result;
}

void answer(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

std::string with_wait(std::optional<std::uint64_t> wait_ns) {
  return wait_ns ? ",\"wait_ns\":" + std::to_string(*wait_ns) : std::string();
}

std::uint64_t all_cpu_ns() { return process_cpu_ns(0) + ended_children_cpu_ns(); }

// "spent_ns" is the CPU time of the whole order, including set-up and warm-up. A cgroup
// accounts for the same time.
void perform(Work work, const Order& order) {
  const std::uint64_t before = all_cpu_ns();
  const Outcome outcome = work(order);
  if (!outcome.error.empty()) return answer("{\"error\":\"" + escaped(outcome.error) + "\"}");
  answer("{\"operations\":" + std::to_string(outcome.operations) + ",\"wall_ns\":" + std::to_string(outcome.wall_ns) +
         ",\"cpu_ns\":" + std::to_string(outcome.cpu_ns) + with_wait(outcome.wait_ns) +
         ",\"spent_ns\":" + std::to_string(all_cpu_ns() - before) + "}");
}

// Removes what the works have left in the order's directory.
void forget(const Order& order) {
  unlink((order.text("dir") + "/data").c_str());
  answer("{}");
}

// Executes orders until the input ends.
void serve(std::uint64_t first_instruction_ns) {
  raise_loopback();
  answer("{\"ready\":" + std::to_string(first_instruction_ns) + "}");
  Server server;
  char line[4096];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    const Order order(line);
    if (order.word() == "listen") {
      stop_server(server);
      server = start_server(false, static_cast<unsigned>(order.number("port", 0)));
      answer(server.error.empty() ? "{\"port\":" + std::to_string(server.port) + "}"
                                  : "{\"error\":\"" + escaped(server.error) + "\"}");
    } else if (order.word() == "server-cpu") {
      const bool runs = server.pid > 0;
      answer("{\"cpu_ns\":" + std::to_string(runs ? process_cpu_ns(server.pid) : 0) +
             with_wait(runs ? cpu_wait_ns(server.pid) : std::nullopt) + "}");
    } else if (order.word() == "close") {
      stop_server(server);
      answer("{}");
    } else if (order.word() == "forget") {
      forget(order);
    } else if (const Work work = find_work(order.word()); work != nullptr) {
      perform(work, order);
    } else {
      answer("{\"error\":\"no such order: " + escaped(order.word()) + "\"}");
    }
  }
  stop_server(server);
}

}  // namespace
}  // namespace tallyman::probe

int main(int argc, char** argv) {
  const std::uint64_t first_instruction_ns = tallyman::probe::now_ns();
  const std::string_view command = argc == 2 ? argv[1] : "";
  if (command == "nothing") return 0;
  if (command != "serve") {
    std::fputs("usage: probe serve\n", stderr);
    return 2;
  }
  tallyman::probe::serve(first_instruction_ns);
  return 0;
}
