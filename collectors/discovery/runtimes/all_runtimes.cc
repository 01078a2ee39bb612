#include "collectors/discovery/runtimes/all_runtimes.h"

#include "collectors/discovery/runtimes/buildkit.h"
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
#include "collectors/discovery/runtimes/user_files.h"

#include <fcntl.h>

namespace tallyman {

// The first match that is certain, or that has the container's files, counts. So a path
// that only one runtime makes comes before a path that others make too:
std::vector<std::unique_ptr<Runtime>> all_runtimes(const RuntimeOptions& options) {
  std::vector<std::unique_ptr<Runtime>> all;
  const auto add = [&all](std::unique_ptr<Runtime> runtime) { all.push_back(std::move(runtime)); };
  const auto users = std::make_shared<UserFiles>(options.root);
  add(make_docker_runtime(options.root, options.docker_root, users));
  add(make_podman_runtime(options.root, users));
  add(make_buildkit_runtime());
  add(make_crio_runtime(options.root));
  add(make_lxc_runtime(options.root));
  add(make_mesos_runtime());
  add(make_rkt_runtime(options.root));
  add(make_libvirt_runtime(options.root));
  // machined also knows the machines of those above: it is asked about what they do not recognise.
  add(make_machined_runtime(options.root));
  // containerd's ids may be any word (/NAMESPACE/ID), so that nearly every path could be its own.
  add(make_containerd_runtime(options.root, options.containerd_state, users, options.containerd_root));
  // Last: the scope of a container is a unit of systemd's too.
  add(make_systemd_runtime(options.root, users));
  return all;
}

// Docker makes both directories when it is started the first time; later they stay.
Result<void> check_runtime_options(const RuntimeOptions& options) {
  if (options.docker_root.empty()) return {};
  const std::string setting = "docker.root: " + options.docker_root;
  RootedFiles files(options.root);
  for (const char* below : {"", "/containers"}) {
    const auto directory = files.open(options.docker_root + below, O_PATH | O_DIRECTORY);
    if (directory || directory.error().kind == ErrorKind::kDenied) continue;
    const std::string what =
        *below == '\0' ? " is no directory" : " is no data root of Docker: it has no \"containers\"";
    return Error{ErrorKind::kUnsupported, 0, setting + what};
  }
  return {};
}

}  // namespace tallyman
