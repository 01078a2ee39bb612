// systemd's services, slices and scopes, certain: what started them, and when. Not
// containers: their ids are their cgroups' paths.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/discovery/runtimes/user_files.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>

namespace tallyman {

// `users` may be null: it then has its own.
std::unique_ptr<Runtime> make_systemd_runtime(const HostRoot& root, std::shared_ptr<UserFiles> users = {});

}  // namespace tallyman
