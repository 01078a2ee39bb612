// libvirt's LXC and QEMU: machine-qemu\x2dN\x2dNAME.scope, NAME.libvirt-qemu and
// libvirt/qemu/NAME, certain, kind machine; named by /run/libvirt/{qemu,lxc}/NAME.xml.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>

namespace tallyman {

std::unique_ptr<Runtime> make_libvirt_runtime(const HostRoot& root);

}  // namespace tallyman
