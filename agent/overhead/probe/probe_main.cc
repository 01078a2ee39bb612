#include "agent/overhead/probe/probe.h"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>

namespace tallyman::probe {
namespace {

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

std::uint64_t all_cpu_ns() { return process_cpu_ns(0) + ended_children_cpu_ns(); }

// "spent_ns" is the CPU time of the whole order, including set-up and warm-up. A cgroup
// accounts for the same time.
void perform(Work work, const Order& order) {
  const std::uint64_t before = all_cpu_ns();
  const Outcome outcome = work(order);
  if (!outcome.error.empty()) return answer("{\"error\":\"" + escaped(outcome.error) + "\"}");
  answer("{\"operations\":" + std::to_string(outcome.operations) + ",\"wall_ns\":" + std::to_string(outcome.wall_ns) +
         ",\"cpu_ns\":" + std::to_string(outcome.cpu_ns) + ",\"spent_ns\":" + std::to_string(all_cpu_ns() - before) +
         "}");
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
      answer("{\"cpu_ns\":" + std::to_string(server.pid > 0 ? process_cpu_ns(server.pid) : 0) + "}");
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

Work find_work(std::string_view word) {
  for (const Named& named : kWorks) {
    if (named.word == word) return named.work;
  }
  return nullptr;
}

Order::Order(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  bool first = true;
  while (!line.empty()) {
    const auto blank = line.find(' ');
    const std::string_view part = line.substr(0, blank);
    line.remove_prefix(blank == line.npos ? line.size() : blank + 1);
    const auto equals = part.find('=');
    if (first) {
      word_ = part;
    } else if (equals != part.npos) {
      settings_.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    }
    first = false;
  }
}

std::string Order::text(std::string_view name) const {
  for (const auto& [key, value] : settings_) {
    if (key == name) return value;
  }
  return {};
}

std::uint64_t Order::number(std::string_view name, std::uint64_t fallback) const {
  const std::string value = text(name);
  std::uint64_t number = fallback;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

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
