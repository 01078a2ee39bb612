#include "collectors/discovery/runtimes/machine_state.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/kernel/system/text.h"

#include <algorithm>
#include <charconv>

namespace tallyman {
namespace {

// machined writes paths with C's escapes; only \xNN and \\ can occur in one.
std::string unescaped(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  std::string plain;
  for (std::size_t i = 0; i < value.size(); ++i) {
    unsigned code = 0;
    const char* digits = value.data() + i + 2;
    if (value[i] == '\\' && i + 3 < value.size() && value[i + 1] == 'x' &&
        std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
      plain.push_back(static_cast<char>(code));
      i += 3;
    } else if (value[i] == '\\' && i + 1 < value.size()) {
      plain.push_back(value[++i]);
    } else {
      plain.push_back(value[i]);
    }
  }
  return plain;
}

void take(std::string_view key, std::string_view value, MachineState& machine) {
  if (key == "NAME") machine.name = value;
  if (key == "CLASS") machine.is_vm = value == "vm";
  if (key == "ROOT") machine.root = unescaped(value);
  if (key == "LEADER") machine.leader = parse_pid_file(value);
  if (key == "REALTIME") {
    constexpr std::uint64_t kMaxUsec = 1ULL << 53;
    const auto usec = to_number(value);
    if (usec && *usec < kMaxUsec) machine.started_nsec = *usec * 1'000;
  }
}

}  // namespace

MachineState parse_machine_state(std::string_view text) {
  MachineState machine;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const bool whole = line.size() < text.size();  // a last line without newline may be cut
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (whole && equals != std::string_view::npos && !line.starts_with('#'))
      take(line.substr(0, equals), line.substr(equals + 1), machine);
  }
  return machine;
}

}  // namespace tallyman
