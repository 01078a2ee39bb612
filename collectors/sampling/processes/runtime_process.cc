#include "collectors/sampling/processes/runtime_process.h"

#include <algorithm>
#include <array>

namespace tallyman {
namespace {

using Serves = RuntimeProcess::Serves;

struct KnownProgram {
  std::string_view executable;  // a prefix
  std::string_view component;
  Serves serves;
  std::string_view flag{};  // followed by what it serves
};
// Longer names before their prefixes.
constexpr std::array kPrograms = {
    KnownProgram{"containerd-shim", "containerd-shim", Serves::kContainer, "-id"},  // Kubernetes: the pod's sandbox
    KnownProgram{"containerd", "containerd", Serves::kHost},
    KnownProgram{"docker-containerd-shim", "containerd-shim", Serves::kContainer},  // before Docker 18.09: by place
    KnownProgram{"docker-containerd", "containerd", Serves::kHost},
    KnownProgram{"docker-proxy", "docker-proxy", Serves::kAddress, "-container-ip"},
    KnownProgram{"dockerd", "dockerd", Serves::kHost},
    KnownProgram{"conmon", "conmon", Serves::kContainer, "-c"},
    KnownProgram{"podman", "podman", Serves::kHost},
    KnownProgram{"crio", "crio", Serves::kHost},
    KnownProgram{"lxc-start", "lxc-monitor", Serves::kCgroup},
};

const KnownProgram* find(std::string_view executable) {
  const auto found = std::find_if(kPrograms.begin(), kPrograms.end(), [&](const KnownProgram& program) {
    // "containerd-shim-runc-v2", but not "containerd-stress" and "podman-compose".
    if (!executable.starts_with(program.executable)) return false;
    return executable.size() == program.executable.size() || program.component == "containerd-shim";
  });
  return found == kPrograms.end() ? nullptr : &*found;
}

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

// "-id ID" and "-id=ID", with one dash or two.
std::string_view value_of(std::string_view flag, std::string_view command) {
  while (!command.empty()) {
    std::string_view word = next_word(command);
    if (word.starts_with("--")) word.remove_prefix(1);
    if (word == flag) return next_word(command);
    if (word.starts_with(flag) && word.substr(flag.size()).starts_with("=")) return word.substr(flag.size() + 1);
  }
  return {};
}

// "docker-containerd-shim ID /var/run/docker/libcontainerd/ID docker-runc".
std::string_view first_argument(std::string_view command) {
  next_word(command);
  return next_word(command);
}

// LXC gives the monitor a cgroup next to the container's: /lxc.monitor.NAME, /lxc.payload.NAME.
std::string payload_beside(std::string_view cgroup) {
  constexpr std::string_view kMonitor = "lxc.monitor", kPayload = "lxc.payload";
  const auto at = cgroup.rfind(kMonitor);
  if (at == cgroup.npos) return {};
  return std::string(cgroup.substr(0, at)).append(kPayload).append(cgroup.substr(at + kMonitor.size()));
}

}  // namespace

bool is_runtime_program(std::string_view executable) { return find(executable) != nullptr; }

std::optional<RuntimeProcess> recognise_runtime_process(std::string_view executable, std::string_view command,
                                                        std::string_view cgroup) {
  const KnownProgram* program = find(executable);
  if (program == nullptr) return {};
  RuntimeProcess process{program->component, program->serves, {}};
  if (program->serves == Serves::kCgroup) {
    process.of = payload_beside(cgroup);
  } else if (program->serves != Serves::kHost) {
    process.of = program->flag.empty() ? first_argument(command) : value_of(program->flag, command);
  }
  if (program->serves != Serves::kHost && process.of.empty()) return {};
  return process;
}

}  // namespace tallyman
