#include "collectors/sampling/processes/runtime_process.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

using Serves = RuntimeProcess::Serves;
using Found = std::optional<RuntimeProcess>;

// As docker.io 20.10.24, containerd 1.6.20, conmon 2.1.6, lxc 5.0.2 and Docker 1.13 start them.
TEST(RuntimeProcess, AShimNamesItsContainer) {
  EXPECT_EQ(recognise_runtime_process("containerd-shim-runc-v2",
                                      "/usr/bin/containerd-shim-runc-v2 -namespace moby -id 0a1b -address /run/c.sock",
                                      "/system.slice/docker.service"),
            (RuntimeProcess{"containerd-shim", Serves::kContainer, "0a1b"}));
  EXPECT_EQ(recognise_runtime_process("docker-containerd-shim", "docker-containerd-shim 0a1b /run/x/0a1b docker-runc",
                                      "/docker"),
            (RuntimeProcess{"containerd-shim", Serves::kContainer, "0a1b"}));
  EXPECT_EQ(
      recognise_runtime_process("conmon", "/usr/bin/conmon --api-version 1 -c 0a1b -u 0a1b -r /usr/bin/crun", "/"),
      (RuntimeProcess{"conmon", Serves::kContainer, "0a1b"}));
}

TEST(RuntimeProcess, AProxyNamesTheAddress) {
  EXPECT_EQ(recognise_runtime_process("docker-proxy",
                                      "/usr/sbin/docker-proxy -proto tcp -host-ip 127.0.0.1 -host-port 8080 "
                                      "-container-ip 172.17.0.2 -container-port 80",
                                      "/"),
            (RuntimeProcess{"docker-proxy", Serves::kAddress, "172.17.0.2"}));
}

TEST(RuntimeProcess, LxcsMonitorIsKnownByItsCgroup) {
  EXPECT_EQ(recognise_runtime_process("lxc-start", "[lxc monitor] /var/lib/lxc web", "/lxc.monitor.web"),
            (RuntimeProcess{"lxc-monitor", Serves::kCgroup, "/lxc.payload.web"}));
  EXPECT_EQ(recognise_runtime_process("lxc-start", "lxc-start -n web", "/a/lxc.monitor.web"),
            (RuntimeProcess{"lxc-monitor", Serves::kCgroup, "/a/lxc.payload.web"}));
  EXPECT_EQ(recognise_runtime_process("lxc-start", "lxc-start -n web", "/user.slice"), Found());
}

TEST(RuntimeProcess, DaemonsServeTheHost) {
  for (const std::string_view name : {"dockerd", "containerd", "crio", "podman"}) {
    EXPECT_EQ(recognise_runtime_process(name, name, "/"), (RuntimeProcess{name, Serves::kHost, {}}));
  }
}

TEST(RuntimeProcess, OthersAreNot) {
  for (const std::string_view name : {"", "docker", "dockerd2", "containerd-stress", "podman-compose", "nginx"}) {
    EXPECT_FALSE(is_runtime_program(name)) << name;
    EXPECT_EQ(recognise_runtime_process(name, "x -id 0a1b", "/lxc.monitor.web"), Found()) << name;
  }
  EXPECT_TRUE(is_runtime_program("containerd-shim"));
  EXPECT_EQ(recognise_runtime_process("containerd-shim-runc-v2", "containerd-shim-runc-v2 -id", "/"), Found());
  EXPECT_EQ(recognise_runtime_process("conmon", "", "/"), Found());
}

}  // namespace
}  // namespace tallyman
