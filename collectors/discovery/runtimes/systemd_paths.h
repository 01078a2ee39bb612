// What the paths of systemd's cgroups say. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

// systemd writes bytes that a unit's name must not have as \xNN:
// machine-my\x2dvm.scope is "machine-my-vm.scope". Control bytes stay escaped.
std::string without_unit_escapes(std::string_view name);

// The user in whose slice it lies: /user.slice/user-1000.slice/...
std::optional<std::uint32_t> user_of(std::string_view cgroup_path);

struct UnitPlace {
  std::string unit;                           // "nginx.service"
  std::optional<std::uint32_t> user_manager;  // of whose user@UID.service it is; nobody's: the host's systemd
};

// A service, slice or scope of this host's systemd or of a user's manager: above
// it are slices alone. Nothing for a unit of a systemd inside a container.
std::optional<UnitPlace> unit_at(std::string_view cgroup_path);

// The machine's name in machine-NAME.scope, or in systemd-nspawn@NAME.service,
// below machine.slice; empty when it is neither, or no name that a file can have.
std::string machine_at(std::string_view cgroup_path);

}  // namespace tallyman
