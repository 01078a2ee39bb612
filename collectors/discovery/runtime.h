// One container runtime: recognises its cgroups by path and knows its
// containers from read-only files. No socket, no client library.
#pragma once

#include "collectors/kernel/error.h"
#include "collectors/kernel/host_root.h"
#include "collectors/workload.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual std::string_view name() const = 0;

  // The container's id if this cgroup path is one of this runtime's containers
  // itself (not something below it). Pure: by the path alone, cheap.
  virtual std::optional<std::string> match(std::string_view cgroup_path) const = 0;

  // A number that changes when describe() would tell something else; 0 when the
  // files are not there (yet). A few stats, no reads.
  virtual std::uint64_t revision(const std::string& container_id) = 0;

  // Reads the container's files. kUnsupported: not there; kDenied, kMalformed
  // (with the file's name): what could be read is lost only for this container.
  virtual Result<ContainerMetadata> describe(const std::string& container_id) = 0;
};

// Docker, both cgroup drivers: /docker/ID, docker-ID.scope, PARENT/ID. `data_root`
// as the host names it ("/var/lib/docker"); empty: from /etc/docker/daemon.json,
// else the default.
std::unique_ptr<Runtime> make_docker_runtime(const HostRoot& root, std::string data_root);

}  // namespace tallyman
