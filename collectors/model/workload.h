// A workload: a container, service or other thing that has a name. A value; shared as
// std::shared_ptr<const Workload>, replaced as a whole when a fact changes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

enum class WorkloadKind : std::uint8_t {
  kHost,  // the root cgroup, id "/"
  kContainer,
  kPod,
  kMachine,
  kService,
  kSlice,
  kScope,
  kProcess,
  kCgroup,  // any other cgroup
};
std::string_view to_string(WorkloadKind kind);

enum class Health : std::uint8_t { kNone, kStarting, kHealthy, kUnhealthy };
std::string_view to_string(Health health);  // "none", "starting", ...

struct PortMapping {
  std::uint16_t container_port = 0;
  std::string protocol;  // "tcp", "udp", "sctp"
  std::string host_ip;   // empty: not published
  std::uint16_t host_port = 0;
  bool operator==(const PortMapping&) const = default;
};

struct NetworkAttachment {
  std::string name;  // "bridge", "farm_default"
  std::string ip_address, ipv6_address, mac_address, gateway;
  std::vector<std::string> aliases, links;
  bool operator==(const NetworkAttachment&) const = default;
};

struct MountPoint {
  std::string type;  // "bind", "volume", "tmpfs"
  std::string source, destination, name, driver;
  bool read_only = false;
  bool operator==(const MountPoint&) const = default;
};

// How a container's last run ended.
struct ContainerExit {
  std::optional<std::int64_t> code;
  bool oom_killed = false;
  std::uint64_t started_nsec = 0, finished_nsec = 0;  // since the epoch
  std::optional<std::int64_t> signal{};               // that ended it, if the kernel says so
  bool operator==(const ContainerExit&) const = default;
};

// Which container of which pod it is, from the runtime that Kubernetes uses on this host: never
// from what an image or a user wrote.
struct KubernetesIdentity {
  std::string container;  // empty: the pod's sandbox
  std::string pod, name_space, uid;
  bool operator==(const KubernetesIdentity&) const = default;
};

// The facts about one container from its runtime's files. Empty if they do not have them.
struct ContainerMetadata {
  std::string name;
  std::string image;
  std::map<std::string, std::string> labels;       // from the runtime: raw, unbounded
  std::map<std::string, std::string> environment;  // of its first process; only the variables that are asked for
  std::optional<std::uint64_t> created_nsec, started_nsec;  // since the epoch
  std::optional<std::uint32_t> init_pid;
  Health health = Health::kNone;
  std::optional<std::uint64_t> restart_count;
  std::optional<std::uint64_t> cpu_shares;  // as the user set them, on v1's scale
  std::optional<ContainerExit> exit;        // of its last run, while it is stopped
  std::string network_mode;                 // "bridge", "host", "none", "container:ID", a network's name
  std::string storage_driver;
  std::string layer_directory;  // the directory it writes to, as a path on the host, if the runtime's files name it
  std::vector<PortMapping> ports;
  std::vector<NetworkAttachment> networks;
  std::vector<std::string> links;  // legacy --link: "/db:/web/db"
  std::vector<MountPoint> mounts;
  std::optional<KubernetesIdentity> kubernetes;
  // A user's own files say all this: it is that user's claim, and nothing that the user
  // does not own is measured because of it.
  std::optional<std::uint32_t> claimed_by;
  bool operator==(const ContainerMetadata&) const = default;
};

// The controller that made a pod: "Deployment", "StatefulSet", "DaemonSet" or "Job", and its
// name in the pod's namespace. As the pod's own labels say, which its author may write.
struct PodOwner {
  std::string kind, name;
  bool operator==(const PodOwner&) const = default;
};

// A Kubernetes pod, identified by its own cgroup (kind pod). Empty if unknown.
struct PodIdentity {
  std::string name, name_space;  // known as soon as its sandbox or a container is
  std::string uid;
  std::string qos;         // "guaranteed", "burstable", "besteffort"
  bool is_static = false;  // from a file on the node, not from the API server
  PodOwner owner{};        // empty if its sandbox's labels do not say
  bool operator==(const PodIdentity&) const = default;
};

// The facts about a service, slice or scope from systemd's files.
struct UnitFacts {
  std::string started_by;  // "systemd", "transient", "fleet", or the user's manager: "user@1000.service"
  std::optional<std::uint64_t> started_nsec;  // since the epoch
  bool operator==(const UnitFacts&) const = default;
};

struct Workload {
  WorkloadKind kind = WorkloadKind::kCgroup;
  std::string id;               // cgroup path, "/" for the host, "process:NAME" for a group: the label `id`
  std::uint64_t inode = 0;      // of the cgroup's directory: a recreated path is another workload
  std::string workload;         // the label of that name: container name, unit name, or the path
  std::string runtime;          // "docker", ... or empty
  std::string container_id;     // the runtime's id, or empty
  std::uint64_t seen_nsec = 0;  // when the agent first saw it, since the epoch
  // Creation time of the directory, if known; for a group of processes the start of its oldest.
  std::optional<std::uint64_t> cgroup_created_nsec;
  std::optional<std::uint64_t> ended_nsec;  // since the epoch; empty while it exists
  ContainerMetadata container;              // empty unless kind is kContainer or kMachine
  PodIdentity pod;                          // empty unless kind is kPod
  UnitFacts unit;                           // empty unless kind is kService, kSlice or kScope
  std::string ecs_task;                     // id of the Amazon ECS task that it is, or belongs to
  std::optional<std::uint32_t> user;        // uid of the user of its slice
  // Below that user's own manager: the user made and named it. `workload` begins with
  // "user@UID/".
  bool made_by_user = false;
  // The id of the container or machine that it is inside of. `workload` begins with its
  // name and "/".
  std::string inside;
  // cgroup v1: its paths in hierarchies that do not have `id`.
  std::vector<std::string> also_at;
};

using WorkloadPtr = std::shared_ptr<const Workload>;
// Sorted by id.
using WorkloadList = std::vector<WorkloadPtr>;
using WorkloadListPtr = std::shared_ptr<const WorkloadList>;

}  // namespace tallyman
