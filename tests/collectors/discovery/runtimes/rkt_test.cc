// Paths and the pod manifest as rkt 1.30, the last one, made them.
#include "collectors/discovery/runtimes/rkt.h"
#include "tests/support/host_builder.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

const std::string kUuid = "5bc080ca-4b8e-4f0f-9f0d-6d1c9b6a7e31";
const std::string kScope = "/machine.slice/machine-rkt\\x2d5bc080ca\\x2d4b8e\\x2d4f0f\\x2d9f0d\\x2d6d1c9b6a7e31.scope";

TEST(RktMatch, KnowsItsMachines) {
  HostBuilder host;
  const auto match = make_rkt_runtime(host.root())->match(kScope);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->container_id, kUuid);
  EXPECT_TRUE(match->certain);
}

TEST(RktMatch, LeavesOtherMachinesAndTheAppsInsideAlone) {
  HostBuilder host;
  const auto runtime = make_rkt_runtime(host.root());
  for (const std::string& path :
       {std::string("/machine.slice/machine-debian.scope"), std::string("/machine.slice/machine-rkt\\x2d.scope"),
        kScope + "/system.slice/nginx.service", "/system.slice" + kScope.substr(14),
        std::string("/machine.slice/machine-rkt\\x2dmy\\x2dvm.scope"), std::string("/")}) {
    EXPECT_FALSE(runtime->match(path)) << path;
  }
}

TEST(Rkt, NamesAPodByItsApps) {
  HostBuilder host;
  const std::string manifest = "var/lib/rkt/pods/run/" + kUuid + "/pod";
  host.file(manifest, R"({"acVersion":"0.8.11","acKind":"PodManifest","apps":[
      {"name":"etcd","image":{"name":"coreos.com/etcd","id":"sha512-1","labels":[
          {"name":"os","value":"linux"},{"name":"version","value":"v2.0.9"}]},"app":{"exec":["/etcd"]}},
      {"name":"proxy","image":{"name":"example.com/proxy"}}]})");
  const auto runtime = make_rkt_runtime(host.root());
  EXPECT_NE(runtime->revision(kUuid), 0U);
  const ContainerMetadata metadata = runtime->describe(kUuid)->metadata;
  EXPECT_EQ(metadata.name, "etcd+proxy");
  EXPECT_EQ(metadata.image, "coreos.com/etcd:v2.0.9");
  host.file(manifest, R"({"apps":{"name":1}})");
  EXPECT_EQ(runtime->describe(kUuid)->metadata.name, "");
  host.file(manifest, "[");
  EXPECT_EQ(runtime->describe(kUuid).error().where, "/" + manifest);
}

TEST(Rkt, WithoutAManifestHasNoFacts) {
  HostBuilder host;
  const auto runtime = make_rkt_runtime(host.root());
  EXPECT_EQ(runtime->revision(kUuid), 0U);
  EXPECT_EQ(runtime->describe(kUuid).error().kind, ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace tallyman
