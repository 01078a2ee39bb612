// Paths as LXC 5.0 (Debian 12) and 3.0 make them, and Incus 6; the configuration of lxc-create.
#include "collectors/discovery/runtimes/lxc.h"
#include "tests/support/host_builder.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(LxcMatch, KnowsThePayloadAndTheOldPath) {
  HostBuilder host;
  const auto runtime = make_lxc_runtime(host.root());
  for (const auto& [path, name] :
       {std::pair("/lxc.payload.web", "web"), std::pair("/lxc/web", "web"), std::pair("/lxc.payload/web", "web"),
        std::pair("/lxc.payload.user-1000_db", "user-1000_db")}) {
    const auto match = runtime->match(path);
    ASSERT_TRUE(match) << path;
    EXPECT_EQ(match->container_id, name);
    EXPECT_TRUE(match->certain);
  }
}

TEST(LxcMatch, LeavesTheMonitorAndWhatIsInsideAlone) {
  HostBuilder host;
  const auto runtime = make_lxc_runtime(host.root());
  for (const char* path : {"/lxc.monitor.web", "/lxc", "/lxc.payload.", "/lxc.payload.web/system.slice", "/lxc.pivot",
                           "/", "/lxc.payload", "/lxc.monitor/web", "/lxc/web/init.scope"}) {
    EXPECT_FALSE(runtime->match(path)) << path;
  }
}

TEST(Lxc, IsNamedWithoutItsConfiguration) {
  HostBuilder host;
  const auto runtime = make_lxc_runtime(host.root());
  EXPECT_NE(runtime->revision("a-name-of-more-than-twelve"), 0U);
  EXPECT_EQ(runtime->describe("a-name-of-more-than-twelve")->metadata.name, "a-name-of-more-than-twelve");
}

TEST(Lxc, OfAUserHasNothingOfRootsConfiguration) {
  HostBuilder host;
  host.file("var/lib/lxc/web/config", "lxc.rootfs.path = /srv/web\n");
  const ContainerMetadata metadata = make_lxc_runtime(host.root())->describe({"web", 1000, true})->metadata;
  EXPECT_EQ(metadata.name, "web");
  EXPECT_EQ(metadata.layer_directory, "");
}

TEST(Lxc, TakesTheNetworkAndTheStorageFromItsConfiguration) {
  HostBuilder host;
  host.file("var/lib/lxc/web/config",
            "# made by lxc-create\nlxc.net.0.type = veth\nlxc.net.0.link = lxcbr0\nlxc.rootfs.path = "
            "overlayfs:/var/lib/lxc/base/rootfs:/var/lib/lxc/web/delta\n");
  const auto runtime = make_lxc_runtime(host.root());
  const ContainerMetadata metadata = runtime->describe("web")->metadata;
  EXPECT_EQ(metadata.network_mode, "veth");
  EXPECT_EQ(metadata.storage_driver, "overlayfs");
  const std::uint64_t before = runtime->revision("web");
  host.file("var/lib/lxc/web/config", "lxc.net.0.type=none\nlxc.rootfs.path = /srv/web\nno equals sign\n=\n");
  EXPECT_NE(runtime->revision("web"), before);
  EXPECT_EQ(runtime->describe("web")->metadata.network_mode, "host") << "LXC shares the host's network by 'none'";
  EXPECT_EQ(runtime->describe("web")->metadata.storage_driver, "dir");
}

}  // namespace
}  // namespace tallyman
