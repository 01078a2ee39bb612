// Facts from the paths of systemd's cgroups. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

// systemd writes bytes that are not allowed in a unit's name as \xNN:
// machine-my\x2dvm.scope is "machine-my-vm.scope". Control bytes stay escaped.
std::string without_unit_escapes(std::string_view name);

// "nginx.service" is of type ".service"; ".service" alone is no unit.
bool is_unit_of_type(std::string_view name, std::string_view suffix);

// The user of the slice that contains it: /user.slice/user-1000.slice/...
std::optional<std::uint32_t> user_of(std::string_view cgroup_path);

// The user below whose own manager it is (/user.slice/user-1000.slice/user@1000.service/...):
// the user made it, and gave it its name.
std::optional<std::uint32_t> maker_of(std::string_view cgroup_path);

struct UnitPlace {
  std::string unit;                           // "nginx.service"
  std::optional<std::uint32_t> user_manager;  // the user of its user@UID.service; empty: the host's systemd
};

// A service, slice or scope of this host's systemd or of a user's manager: all cgroups
// above are slices. Empty for a unit of a systemd inside a container.
std::optional<UnitPlace> unit_at(std::string_view cgroup_path);

// The machine's name in machine-NAME.scope, or in systemd-nspawn@NAME.service, below
// machine.slice. Empty if the path is neither, or the name cannot be a file name.
std::string machine_at(std::string_view cgroup_path);

}  // namespace tallyman
