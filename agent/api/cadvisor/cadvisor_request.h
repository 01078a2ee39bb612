// A request of cAdvisor's REST API: /api/VERSION/TYPE/NAME with its options. Pure; thread-safe.
#pragma once

#include "agent/http/http_server.h"
#include "collectors/model/workload.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

enum class CadvisorType : std::uint8_t {
  kMachine,
  kContainers,
  kSubcontainers,
  kDocker,
  kEvents,
  kVersion,
  kAttributes,
  kMachineStats,
  kStats,
  kSpec,
  kSummary,
  kStorage,
};

// What a name means.
enum class CadvisorIdType : std::uint8_t { kName, kDocker, kPodman };

struct CadvisorRequest {
  CadvisorType type = CadvisorType::kMachine;
  bool v2 = false, v2_1 = false;
  std::string name = "/";  // of a cgroup; with another id type a container's id or name
  bool all = true;         // without a name
  CadvisorIdType id_type = CadvisorIdType::kName;
  bool recursive = false;
  std::size_t samples = 60;  // at most so many for each container
  // Of events: which kinds are wanted, of this container alone or of those below it too.
  bool creation = false, deletion = false, oom = false, oom_kill = false, subcontainers = false, stream = false;
  std::size_t max_events = 10;
  std::optional<std::uint64_t> from_nsec, until_nsec;  // since the epoch, both included
};

struct CadvisorRefusal {
  int status;
  std::string sentence;
};

// A type that a version does not have, or that the agent does not serve, is 404; a wrong option is 400.
Result<CadvisorRequest, CadvisorRefusal> cadvisor_request(const HttpRequest& request);

}  // namespace tallyman
