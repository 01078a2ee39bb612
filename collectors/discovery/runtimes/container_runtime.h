// One runtime of containers, machines or units: recognises its cgroups by path and reads
// their facts from files. No socket, no client library.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/model/workload.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

// What a cgroup's path shows.
struct ContainerMatch {
  std::string container_id;  // the id for revision() and describe()
  // The path itself names the runtime (/docker/ID). If it does not (PARENT/ID), the
  // cgroup is this runtime's only while revision() is not 0.
  bool certain = false;
  WorkloadKind kind = WorkloadKind::kContainer;
};

struct ContainerDescription {
  ContainerMetadata metadata;
  std::optional<WorkloadKind> kind;  // if the files are more precise than the path
  UnitFacts unit;
  // A file that should have been read and was not: `metadata` lacks its facts. Should be
  // retried.
  std::optional<Error> incomplete;
};

// Used by one thread at a time; match() by any.
class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual std::string_view name() const = 0;

  // If this cgroup path is one of this runtime's containers itself (not something below
  // it). Pure: uses only the path, cheap.
  virtual std::optional<ContainerMatch> match(std::string_view cgroup_path) const = 0;

  // A number that changes when the result of describe() would change. 0 when the files do
  // not exist (yet) or cannot be reached. A few stat calls, no reads.
  virtual std::uint64_t revision(const std::string& container_id) = 0;

  // Reads the container's files. kUnsupported: they do not exist; kDenied (`where` is the
  // directory or file without permission), kMalformed (the file's name).
  virtual Result<ContainerDescription> describe(const std::string& container_id) = 0;

  // The first place where describe() looks, as the host names it, and the flag that gives
  // another; for the warning that containers have no names. Empty where a name needs no file.
  struct MetadataSource {
    std::string path;
    std::string_view flag;
  };
  virtual MetadataSource metadata_source() const { return {}; }

  // How its last run ended, for runtimes that write this to a separate, possibly
  // short-lived file: event_fd() becomes readable, and handle_events() reads the file.
  virtual std::optional<ContainerExit> exit_of(const std::string& container_id) {
    (void)container_id;
    return {};
  }
  virtual int event_fd() const { return -1; }
  virtual void handle_events() {}
};

// Docker, both cgroup drivers: .../docker/ID and docker-ID.scope, certain; and PARENT/ID
// (--cgroup-parent), not certain. Containers inside a container do not belong to this
// host's Docker. `data_root` is the path on the host ("/var/lib/docker"). If empty: the
// value in /etc/docker/daemon.json, else the default, and the home directories of users
// who run it rootless. Containers of userns-remap below it are found too. Symbolic links
// are followed as the host would.
//
// While a container is being started, its files still describe its last run: start time,
// pid and health are left out until it runs.
std::unique_ptr<Runtime> make_docker_runtime(const HostRoot& root, std::string data_root);

// containerd's own containers (Kubernetes' CRI, nerdctl, ctr): cri-containerd-ID.scope
// and nerdctl-ID.scope, certain; kubepods/.../podUID/ID and /NAMESPACE/ID, not certain.
// Read from the OCI bundles below `state`, a path on the host. If empty: /run/containerd,
// and the directories of k3s and MicroK8s.
std::unique_ptr<Runtime> make_containerd_runtime(const HostRoot& root, const std::string& state);

// Podman: libpod-ID.scope and libpod-ID, certain. Read from the OCI bundle and
// containers.json of containers/storage, of root and of users.
std::unique_ptr<Runtime> make_podman_runtime(const HostRoot& root);

// CRI-O: crio-ID.scope and crio-ID, certain. Read from the bundles of containers/storage.
std::unique_ptr<Runtime> make_crio_runtime(const HostRoot& root);

// LXC, Incus, LXD: lxc.payload.NAME and /lxc/NAME, certain; the name is the id.
std::unique_ptr<Runtime> make_lxc_runtime(const HostRoot& root);

// Mesos: /mesos/ID, including nested ones, certain; the id is the name.
std::unique_ptr<Runtime> make_mesos_runtime();

// Rocket: machine.slice/machine-rkt-UUID.scope, certain; named by the pod's manifest.
std::unique_ptr<Runtime> make_rkt_runtime(const HostRoot& root);

// libvirt's LXC and QEMU: machine-qemu\x2dN\x2dNAME.scope, NAME.libvirt-qemu and
// libvirt/qemu/NAME, certain, kind machine; named by /run/libvirt/{qemu,lxc}/NAME.xml.
std::unique_ptr<Runtime> make_libvirt_runtime(const HostRoot& root);

// systemd-machined's machines: machine-NAME.scope, kind machine or container according to
// its class, and systemd-nspawn@NAME.service, certain; other units that have registered
// themselves, not certain. Named by /run/systemd/machines.
std::unique_ptr<Runtime> make_machined_runtime(const HostRoot& root);

// systemd's services, slices and scopes, certain: what started them, and when. Not
// containers: their ids are their cgroups' paths.
std::unique_ptr<Runtime> make_systemd_runtime(const HostRoot& root);

}  // namespace tallyman
