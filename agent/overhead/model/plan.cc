#include "agent/overhead/model/plan.h"

#include <array>

namespace tallyman::overhead {
namespace {

using std::chrono::milliseconds;

constexpr std::array kWorkloads = {
    Workload{"integer", Kind::kProcessor, "integer", "1000 steps", "Multiplications, shifts and branches."},
    Workload{"floating-point", Kind::kProcessor, "floating-point", "1000 steps", "Multiplications and divisions."},
    Workload{"system-calls", Kind::kKernel, "system-calls", "call", "getppid()."},
    Workload{"context-switches", Kind::kKernel, "context-switches", "round trip",
             "A byte through a pipe to another process on the same CPU, and back."},
    Workload{"page-faults", Kind::kKernel, "page-faults", "page", "4 MiB mapped, touched, unmapped."},
    Workload{"fork-exec", Kind::kKernel, "fork-exec", "process", "fork, exec and wait."},
    Workload{"start", Kind::kStart, "", "start", "From the request to the first instruction of main."},
    Workload{"small-files", Kind::kFiles, "small-files", "file", "100 files of 1 KiB created, listed, deleted."},
    Workload{"write", Kind::kFiles, "write", "64 KiB", "Sequential writes into the page cache."},
    Workload{"read", Kind::kFiles, "read", "64 KiB", "Sequential reads from the page cache."},
    Workload{"write-fsync", Kind::kFiles, "write-fsync", "write", "4 KiB written, then fsync."},
    Workload{"random-read", Kind::kFiles, "random-read", "read", "4 KiB anywhere, direct I/O."},
    Workload{"random-write", Kind::kFiles, "random-write", "write", "4 KiB anywhere, direct I/O."},
    Workload{"copy-up-4k", Kind::kCopyUp, "first-write", "file", "The first write to a file of 4 KiB."},
    Workload{"copy-up-1m", Kind::kCopyUp, "first-write", "file", "The first write to a file of 1 MiB."},
    Workload{"copy-up-16m", Kind::kCopyUp, "first-write", "file", "The first write to a file of 16 MiB."},
    Workload{"loopback-throughput", Kind::kLoopback, "tcp-throughput", "64 KiB", "One TCP stream over loopback."},
    Workload{"loopback-latency", Kind::kLoopback, "tcp-latency", "round trip", "A byte there and back."},
    Workload{"loopback-connect", Kind::kLoopback, "tcp-connect", "connection", "A connection to its first byte."},
    Workload{"tcp-throughput", Kind::kNetwork, "tcp-throughput", "64 KiB",
             "One TCP stream from a process on the host."},
    Workload{"tcp-latency", Kind::kNetwork, "tcp-latency", "round trip", "A byte there and back."},
    Workload{"tcp-connect", Kind::kNetwork, "tcp-connect", "connection", "A connection to its first byte."},
    Workload{"nginx", Kind::kApplication, "", "request", "A page of 4 KiB from nginx, requested by wrk."},
    Workload{"postgresql", Kind::kApplication, "", "transaction", "PostgreSQL under pgbench, select only."},
};

constexpr std::array kModes = {
    Mode{"bare", Runtime::kOwn, "a process on the host"},
    Mode{"cgroup", Runtime::kOwn, "in a cgroup of its own", true},
    Mode{"namespaces", Runtime::kOwn, "in namespaces of its own: mount, PID, UTS, IPC, network, cgroup", false, true},
    Mode{"contained", Runtime::kOwn, "cgroup and namespaces", true, true},
    Mode{"overlay", Runtime::kOwn, "cgroup, namespaces and an overlay mount", true, true, true},
    Mode{"docker", Runtime::kDocker, "docker run"},
    Mode{"docker-unconfined", Runtime::kDocker, "with seccomp off", false, false, false,
         "--security-opt seccomp=unconfined"},
    Mode{"docker-host", Runtime::kDocker, "with the host's network", false, false, false, "--network host"},
    Mode{"docker-volume", Runtime::kDocker, "with a volume and a bind mount", false, false, false, {}, true},
    Mode{"docker-published",
         Runtime::kDocker,
         "with a port published on 127.0.0.1",
         false,
         false,
         false,
         {},
         false,
         true},
    Mode{"docker-options", Runtime::kDocker, "with --docker.options", false, false, false, {}, false, false, true},
    Mode{"podman", Runtime::kPodman, "podman run, without a network"},
    Mode{"lxc", Runtime::kLxc, "lxc-start, with an empty network namespace"},
    Mode{"nspawn", Runtime::kNspawn, "systemd-nspawn, with an empty network namespace"},
};

constexpr std::array kLowerFiles = {LowerFiles{"4k", 4 << 10, 16}, LowerFiles{"1m", 1 << 20, 4},
                                    LowerFiles{"16m", 16 << 20, 1}};

constexpr Extent kQuick{"quick", 10, milliseconds(20), 8 << 20, milliseconds(105'000), false};
constexpr Extent kDefault{"default", 10, milliseconds(100), 32 << 20, milliseconds(0), false};
constexpr Extent kFull{"full", 20, milliseconds(200), 64 << 20, milliseconds(0), true};

// A container that differs from "docker" only by its files or its port.
bool only_for_its_extras(const Mode& mode) { return mode.mounts || mode.publishes || mode.overlay; }

std::vector<std::string_view> directories_of(const Mode& mode) {
  if (mode.overlay) return {"overlay"};
  if (mode.mounts) return {"bind mount", "volume"};
  if (mode.name == "docker" || mode.users || mode.runtime == Runtime::kPodman) return {"layer"};
  if (mode.runtime == Runtime::kOwn && !mode.namespaces) return {"host"};
  return {};
}

bool has_lower_layer(const Mode& mode) {
  return mode.name == "bare" || mode.overlay || mode.name == "docker" || mode.users || mode.runtime == Runtime::kPodman;
}

bool is_reachable(const Mode& mode) {
  if (mode.runtime == Runtime::kOwn) return mode.name == "bare";
  return mode.runtime == Runtime::kDocker && !mode.mounts && mode.name != "docker-unconfined";
}

bool runs_applications(const Mode& mode) {
  return mode.name == "bare" || mode.name == "docker" || mode.name == "docker-host";
}

}  // namespace

std::span<const Workload> workloads() { return kWorkloads; }
std::span<const Mode> modes() { return kModes; }
std::span<const LowerFiles> lower_files() { return kLowerFiles; }

const Extent& extent(bool quick, bool full) { return quick ? kQuick : full ? kFull : kDefault; }

std::vector<Cell> cells_of(const Workload& workload, const Mode& mode, std::string_view name) {
  const Cell cell{&workload, std::string(name), {}, std::string(name)};
  const auto one_if = [&](bool applies) { return applies ? std::vector{cell} : std::vector<Cell>(); };
  switch (workload.kind) {
    case Kind::kProcessor:
    case Kind::kKernel:
    case Kind::kLoopback:
      return one_if(!only_for_its_extras(mode));
    case Kind::kStart:
      return one_if(true);
    case Kind::kCopyUp:
      return one_if(has_lower_layer(mode));
    case Kind::kNetwork:
      return one_if(is_reachable(mode));
    case Kind::kApplication:
      return one_if(runs_applications(mode));
    case Kind::kFiles:
      break;
  }
  std::vector<Cell> cells;
  const auto directories = directories_of(mode);
  for (const std::string_view directory : directories) {
    cells.push_back(cell);
    cells.back().directory = directory;
    if (directories.size() > 1) cells.back().label += ": " + std::string(directory);
  }
  return cells;
}

}  // namespace tallyman::overhead
