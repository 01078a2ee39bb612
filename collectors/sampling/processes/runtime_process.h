// Which processes are a container runtime's own, and for which container each of
// them runs. Pure; thread-safe.
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

// By the name of its executable: whether recognise_runtime_process() could know it,
// so that its arguments are worth reading.
bool is_runtime_program(std::string_view executable);

// `command` are its arguments with a blank between two. Nothing for what runs for
// a container and does not say for which.
std::optional<RuntimeProcess> recognise_runtime_process(std::string_view executable, std::string_view command,
                                                        std::string_view cgroup);

}  // namespace tallyman
