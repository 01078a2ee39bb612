// A state file of systemd-machined. Pure: text in, facts out. Unknown keys are ignored;
// an invalid value loses only that fact.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

struct MachineState {
  std::string name, root;               // root: the directory or image on the host
  std::optional<bool> is_vm;            // CLASS=vm, else container
  std::optional<std::uint32_t> leader;  // its first process
  std::optional<std::uint64_t> started_nsec;
};

MachineState parse_machine_state(std::string_view text);

}  // namespace tallyman
