// Paths and files as Podman 4.3 left them here, of root; the same for a user.
#include "tests/collectors/discovery/oci_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tallyman {
namespace {

std::string containers_json(const std::string& name) {
  return R"([{"id":"other","names":["no"]},{"id":")" + kOciId + R"(","names":[")" + name +
         R"("],"image":"sha","metadata":"{\"image-name\":\"docker.io/library/postgres:16\",\"name\":\")" + name +
         R"(\"}","created":"2026-11-24T00:25:29.5Z"}])";
}

void add_container(HostBuilder& host, const std::string& run, const std::string& graph, const std::string& name) {
  const std::string userdata = "/overlay-containers/" + kOciId + "/userdata";
  host.file(graph + userdata + "/config.json", oci_config(R"("io.container.manager":"libpod")"))
      .file(run + userdata + "/pidfile", "777")
      .file(graph + "/overlay-containers/containers.json", containers_json(name));
}

TEST(PodmanMatch, KnowsBothDriversAndNoConmon) {
  HostBuilder host;
  const auto runtime = make_podman_runtime(host.root());
  for (const std::string& path :
       {"/machine.slice/libpod-" + kOciId + ".scope", "/libpod_parent/libpod-" + kOciId,
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + kOciId + ".scope"}) {
    const auto match = runtime->match(path);
    ASSERT_TRUE(match) << path;
    EXPECT_EQ(match->container_id, kOciId);
    EXPECT_TRUE(match->certain);
  }
  for (const std::string& path :
       {"/machine.slice/libpod-conmon-" + kOciId + ".scope", std::string("/libpod_parent/conmon"),
        "/machine.slice/libpod-" + kOciId + ".scope/container", std::string("/libpod_parent"), std::string("/")}) {
    EXPECT_FALSE(make_podman_runtime(host.root())->match(path)) << path;
  }
}

TEST(Podman, NamesRootsContainers) {
  HostBuilder host;
  add_container(host, "run/containers/storage", "var/lib/containers/storage", "db");
  const ContainerMetadata metadata = described(*make_podman_runtime(host.root()));
  EXPECT_EQ(metadata.name, "db");
  EXPECT_EQ(metadata.image, "docker.io/library/postgres:16");
  EXPECT_EQ(metadata.created_nsec, 1'795'479'929'500'000'000U);
  EXPECT_EQ(metadata.init_pid, 777U);
  EXPECT_EQ(metadata.network_mode, "bridge");
}

TEST(Podman, NamesAUsersContainers) {
  HostBuilder host;
  host.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n");
  add_container(host, "run/user/1000/containers", "home/ann/.local/share/containers/storage", "anns");
  EXPECT_EQ(described(*make_podman_runtime(host.root())).name, "anns");
}

TEST(Podman, NamesContainersThatEndWithTheirProcess) {
  HostBuilder host;
  add_container(host, "run/containers/storage", "var/lib/containers/storage", "db");
  const std::string names = "var/lib/containers/storage/overlay-containers/";
  host.file(names + "volatile-containers.json", containers_json("short")).file(names + "containers.json", "[]");
  EXPECT_EQ(described(*make_podman_runtime(host.root())).name, "short");
}

TEST(Podman, SeesItsProcessStart) {
  HostBuilder host;
  add_container(host, "run/containers/storage", "var/lib/containers/storage", "db");
  const auto runtime = make_podman_runtime(host.root());
  const std::uint64_t running = runtime->revision(kOciId);
  host.remove("run/containers/storage/overlay-containers/" + kOciId);
  const std::uint64_t created = runtime->revision(kOciId);
  EXPECT_NE(created, 0U);
  EXPECT_NE(created, running);
  EXPECT_FALSE(described(*runtime).init_pid);
}

TEST(Podman, KeepsWhatItHasWhenContainersJsonIsNotToBeHad) {
  HostBuilder host;
  add_container(host, "run/containers/storage", "var/lib/containers/storage", "db");
  host.file("var/lib/containers/storage/overlay-containers/containers.json", "[{");
  const auto description = make_podman_runtime(host.root())->describe(kOciId);
  ASSERT_TRUE(description);
  EXPECT_EQ(description->metadata.name, "");
  EXPECT_EQ(description->metadata.init_pid, 777U);
}

}  // namespace
}  // namespace tallyman
