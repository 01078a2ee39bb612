#include "collectors/discovery/runtimes/all_runtimes.h"

#include "collectors/discovery/runtimes/containerd.h"
#include "collectors/discovery/runtimes/crio.h"
#include "collectors/discovery/runtimes/docker.h"
#include "collectors/discovery/runtimes/libvirt.h"
#include "collectors/discovery/runtimes/lxc.h"
#include "collectors/discovery/runtimes/machined.h"
#include "collectors/discovery/runtimes/mesos.h"
#include "collectors/discovery/runtimes/podman.h"
#include "collectors/discovery/runtimes/rkt.h"
#include "collectors/discovery/runtimes/systemd.h"

namespace tallyman {

// The first match that is certain, or that has the container's files, counts. So a path
// that only one runtime makes comes before a path that others make too:
std::vector<std::unique_ptr<Runtime>> all_runtimes(const RuntimeOptions& options) {
  std::vector<std::unique_ptr<Runtime>> all;
  const auto add = [&all](std::unique_ptr<Runtime> runtime) { all.push_back(std::move(runtime)); };
  add(make_docker_runtime(options.root, options.docker_root));
  add(make_podman_runtime(options.root));
  add(make_crio_runtime(options.root));
  add(make_lxc_runtime(options.root));
  add(make_mesos_runtime());
  add(make_rkt_runtime(options.root));
  add(make_libvirt_runtime(options.root));
  // machined also knows the machines of those above: it is asked about what they do not recognise.
  add(make_machined_runtime(options.root));
  // containerd's ids may be any word (/NAMESPACE/ID), so that nearly every path could be its own.
  add(make_containerd_runtime(options.root, options.containerd_state));
  // Last: the scope of a container is a unit of systemd's too.
  add(make_systemd_runtime(options.root));
  return all;
}

}  // namespace tallyman
