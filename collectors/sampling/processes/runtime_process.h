// Which processes belong to a container runtime, and which container each of them serves.
// Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

struct RuntimeProcess {
  enum class Serves : std::uint8_t {
    kHost,       // all containers: a daemon
    kContainer,  // the one with this id
    kAddress,    // the one with this address
    kCgroup,     // the one with this cgroup
  };
  std::string_view component;  // a literal: "containerd-shim", "dockerd"
  Serves serves = Serves::kHost;
  std::string of;  // id, address or path; empty for kHost
  bool operator==(const RuntimeProcess&) const = default;
};

// Whether recognise_runtime_process() could know it, from the name of its executable:
// only then its arguments need to be read.
bool is_runtime_program(std::string_view executable);

// `command` has its arguments, separated by blanks. Empty for a process that serves a
// container but does not name it.
std::optional<RuntimeProcess> recognise_runtime_process(std::string_view executable, std::string_view command,
                                                        std::string_view cgroup);

}  // namespace tallyman
