// CRI-O: names, images and pods in the annotations of the OCI bundle.
#include "collectors/discovery/runtimes/crio.h"

#include "collectors/discovery/runtimes/containers_storage.h"

namespace tallyman {

std::unique_ptr<Runtime> make_crio_runtime(const HostRoot& root) {
  return std::make_unique<ContainersStorageRuntime>(root, "crio", std::initializer_list<std::string_view>{"crio"},
                                                    "/run/crio/exits", nullptr);
}

}  // namespace tallyman
