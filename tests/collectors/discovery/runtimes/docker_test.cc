#include "collectors/discovery/runtimes/docker.h"
#include "collectors/discovery/runtimes/docker_metadata.h"
#include "tests/collectors/discovery/runtimes/docker_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tallyman {
namespace {

using namespace docker_fixture;
using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(DockerMatch, KnowsBothDriversAndIsCertainOfThem) {
  HostBuilder host;
  const auto docker = make_docker_runtime(host.root(), "");
  for (const std::string& path :
       {"/docker/" + kId, "/system.slice/docker-" + kId + ".scope", "/docker-" + kId + ".scope",
        "/lxc.payload.box/docker/" + kId, "/ecstasks-0f1e2d3c4b5a69788796a5b4c3d2e1f0.slice/docker-" + kId + ".scope",
        "/user.slice/user-1000.slice/user@1000.service/docker-" + kId + ".scope", "/a.slice:docker:" + kId}) {
    const auto match = docker->match(path);
    ASSERT_TRUE(match) << path;
    EXPECT_EQ(match->container_id, kId) << path;
    EXPECT_TRUE(match->certain) << path;
  }
}

TEST(DockerMatch, IsNotCertainOfAnIdBelowAnyOtherParent) {
  HostBuilder host;
  const auto docker = make_docker_runtime(host.root(), "");
  for (const std::string& path : {"/" + kId, "/batch/" + kId, "/kubepods/besteffort/podx/" + kId,
                                  "/ecs/0f1e2d3c4b5a69788796a5b4c3d2e1f0/" + kId, "/mydocker/" + kId}) {
    const auto match = docker->match(path);
    ASSERT_TRUE(match) << path;
    EXPECT_EQ(match->container_id, kId) << path;
    EXPECT_FALSE(match->certain) << path;
  }
}

TEST(DockerMatch, LeavesEverythingElseAlone) {
  HostBuilder host;
  const auto docker = make_docker_runtime(host.root(), "");
  std::string upper = kId;
  upper[0] = 'A';
  for (const std::string& path :
       {std::string(), std::string("/"), std::string("/docker"), std::string("docker"), "/docker/" + kId.substr(1),
        "/docker/" + kId + "0", "/docker/" + upper, "/docker/" + kId + "/init.scope",
        "/machine.slice/libpod-" + kId + ".scope", "/kata_overhead/" + kId, "/a.slice:crio:" + kId,
        "/cri-containerd-" + kId + ".scope", "/x/var-lib-docker-overlay2-" + kId + "-merged.mount",
        std::string("/docker-.scope"), "/docker-" + kId + ".scope/container", "/docker-" + kId + ".service",
        std::string("/docker/buildkit/abc")}) {
    EXPECT_FALSE(docker->match(path)) << path;
  }
}

TEST(DockerMetadata, OfAComposeServiceIsComplete) {
  const ContainerMetadata web = recorded("shop_web_1");
  EXPECT_EQ(web.name, "shop_web_1");
  EXPECT_EQ(web.image, "registry.example.com/shop/web:1.4.2");
  EXPECT_THAT(
      web.labels,
      UnorderedElementsAre(Pair("com.docker.compose.container-number", "1"), Pair("com.docker.compose.project", "shop"),
                           Pair("com.docker.compose.service", "web"), Pair("note", "say \"hi\"\nsecond line \\ end"),
                           Pair("org.opencontainers.image.title", "tiny"), Pair("unicode", "größe ☃")));
  EXPECT_EQ(web.created_nsec, 1'795'479'928'451'745'953U);  // date -u -d 2026-11-24T00:25:28.451745953Z +%s%N
  EXPECT_EQ(web.started_nsec, 1'795'479'929'205'034'577U);
  EXPECT_EQ(web.init_pid, 7423U);
  EXPECT_EQ(web.health, Health::kHealthy);
  EXPECT_EQ(web.restart_count, 0U);
  EXPECT_EQ(web.network_mode, "shop_default");
  EXPECT_EQ(web.storage_driver, "overlay2");
  EXPECT_THAT(web.ports, ElementsAre(PortMapping{443, "tcp", "0.0.0.0", 18443}, PortMapping{443, "tcp", "::", 18443},
                                     PortMapping{53, "udp", "0.0.0.0", 15353}, PortMapping{53, "udp", "::", 15353},
                                     PortMapping{80, "tcp", "127.0.0.1", 18080}, PortMapping{9100, "tcp", "", 0}));
  ASSERT_EQ(web.networks.size(), 1U);
  EXPECT_EQ(web.networks[0],
            (NetworkAttachment{
                "shop_default", "172.30.77.2", "", "02:42:ac:1e:4d:02", "172.30.77.1", {"web", "7bfa097f3018"}, {}}));
  EXPECT_THAT(web.mounts, ElementsAre(MountPoint{"bind", "/srv/site", "/etc/site", "", "", true},
                                      MountPoint{"volume", "/var/lib/docker/volumes/shop_data/_data", "/srv",
                                                 "shop_data", "local", false},
                                      MountPoint{"tmpfs", "", "/run", "", "", false}));
}

TEST(DockerMetadata, NamesLinksAndModesAsDockerDoes) {
  const ContainerMetadata frontend = recorded("frontend");
  EXPECT_EQ(frontend.network_mode, "bridge");
  EXPECT_THAT(frontend.links, ElementsAre("/db:/frontend/database"));  // as `docker inspect` printed it
  EXPECT_EQ(recorded("hostnet").network_mode, "host");
  EXPECT_EQ(recorded("nonet").network_mode, "none");
  EXPECT_EQ(recorded("nonet").health, Health::kUnhealthy);
  const ContainerMetadata sidecar = recorded("sidecar");
  EXPECT_EQ(sidecar.network_mode, "container:a49b3b7143c5f289e83ff2b874cf149440d91b9424f66dac345b794806386356");
  EXPECT_TRUE(sidecar.networks.empty());
  EXPECT_TRUE(sidecar.ports.empty());
}

TEST(DockerMetadata, OfAStoppedContainerHasNothingFromAnEarlierRun) {
  const ContainerMetadata never = recorded("never_started");
  EXPECT_EQ(never.name, "never_started");
  EXPECT_TRUE(never.created_nsec);
  EXPECT_FALSE(never.started_nsec);
  EXPECT_FALSE(never.init_pid);
  const ContainerMetadata flapping = recorded("flapping");
  EXPECT_EQ(flapping.restart_count, 3U);
  EXPECT_FALSE(flapping.started_nsec);
  EXPECT_FALSE(flapping.init_pid);
}

TEST(DockerMetadata, OfALaterVersionLosesOnlyWhatItSaysOtherwise) {
  ContainerMetadata web;
  ASSERT_TRUE(parse_docker_config(fixture("next/web/config.v2.json"), web));
  ASSERT_TRUE(parse_docker_host_config(fixture("next/web/hostconfig.json"), web));
  EXPECT_EQ(web.name, "shop_web_1");
  EXPECT_EQ(web.image, "registry.example.com/shop/web:1.4.2");
  EXPECT_EQ(web.labels.at("com.docker.compose.service"), "web");
  EXPECT_FALSE(web.labels.contains("number"));
  EXPECT_FALSE(web.labels.contains("nested"));
  EXPECT_EQ(web.started_nsec, 1'795'479'929'205'034'577U);
  EXPECT_FALSE(web.created_nsec);
  EXPECT_FALSE(web.init_pid);
  EXPECT_FALSE(web.restart_count);
  EXPECT_EQ(web.health, Health::kNone);
  EXPECT_EQ(web.storage_driver, "");
  EXPECT_EQ(web.network_mode, "");
  EXPECT_TRUE(web.links.empty());
  EXPECT_THAT(web.ports, testing::Contains(PortMapping{443, "tcp", "0.0.0.0", 18443}));  // a number there
  EXPECT_THAT(web.ports, testing::Contains(PortMapping{80, "tcp", "", 0}));
  EXPECT_EQ(web.ports.size(), 6U);
  ASSERT_EQ(web.networks.size(), 2U);
  EXPECT_EQ(web.networks[0].ip_address, "172.30.77.2");
  EXPECT_TRUE(web.networks[0].aliases.empty());
  EXPECT_EQ(web.networks[1].name, "mesh");
  EXPECT_EQ(web.mounts.size(), 2U);
}

TEST(DockerMetadata, CutOffAnywhereIsMalformedAndChangesNothing) {
  const std::string config = fixture("20.10.24/shop_web_1/config.v2.json");
  const std::string host_config = fixture("20.10.24/shop_web_1/hostconfig.json");
  ContainerMetadata untouched;
  untouched.name = "as it was";
  for (std::size_t size = 0; size < config.rfind('}'); ++size) {
    ContainerMetadata metadata = untouched;
    ASSERT_FALSE(parse_docker_config(std::string_view(config).substr(0, size), metadata)) << size;
    ASSERT_EQ(metadata, untouched) << size;
  }
  for (std::size_t size = 0; size < host_config.rfind('}'); ++size) {
    ContainerMetadata metadata = untouched;
    ASSERT_FALSE(parse_docker_host_config(std::string_view(host_config).substr(0, size), metadata)) << size;
    ASSERT_EQ(metadata, untouched) << size;
  }
}

TEST(DockerMetadata, WithAnyByteSpoiltNeverDoesHarm) {
  const std::string config = fixture("20.10.24/shop_web_1/config.v2.json");
  std::size_t accepted = 0;
  for (std::size_t at = 0; at < config.size(); ++at) {
    for (const char byte : {'\0', '\xff', '"', '{', '9'}) {
      std::string spoilt = config;
      spoilt[at] = byte;
      ContainerMetadata metadata;
      if (parse_docker_config(spoilt, metadata)) ++accepted;
    }
  }
  EXPECT_GT(accepted, 0U);
  EXPECT_LT(accepted, config.size() * 5);
}

TEST(DockerMetadata, RefusesWhatIsNoObjectOrTooDeep) {
  ContainerMetadata metadata;
  for (const char* text : {"", " ", "null", "[]", "7", "\"text\"", "{}x", "{\"a\":", "\xef\xbb\xbf{}"})
    EXPECT_FALSE(parse_docker_config(text, metadata)) << text;
  EXPECT_FALSE(parse_docker_config(std::string(100'000, '['), metadata));
  EXPECT_FALSE(parse_docker_config("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}", metadata));
  EXPECT_TRUE(parse_docker_config("{}", metadata));
  EXPECT_EQ(metadata, ContainerMetadata());
}

TEST(DockerMetadata, KeepsLabelsOf64KiBAndBytesThatAreNoUtf8) {
  const std::string large(64 * 1024, 'x');
  ContainerMetadata metadata;
  ASSERT_TRUE(parse_docker_config(
      R"({"Config":{"Labels":{"large":")" + large + R"(","odd":"a)" + "\xff\xfe" + R"(b"}}})", metadata));
  EXPECT_EQ(metadata.labels.at("large"), large);
  EXPECT_EQ(metadata.labels.at("odd"),
            "a\xff\xfe"
            "b");
}

TEST(DockerMetadata, UsesTheAskedForPortsUntilTheNetworkIsThere) {
  ContainerMetadata metadata;
  ASSERT_TRUE(parse_docker_config(R"({"Name":"/web","NetworkSettings":{"Networks":null,"Ports":null}})", metadata));
  ASSERT_TRUE(parse_docker_host_config(
      R"({"NetworkMode":"bridge","PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}],"53":[{"HostPort":""}]}})",
      metadata));
  EXPECT_THAT(metadata.ports,
              ElementsAre(PortMapping{80, "tcp", "0.0.0.0", 8080}, PortMapping{53, "tcp", "0.0.0.0", 0}));
  ContainerMetadata host;  // Docker discards them there
  ASSERT_TRUE(
      parse_docker_host_config(R"({"NetworkMode":"host","PortBindings":{"80/tcp":[{"HostPort":"80"}]}})", host));
  EXPECT_TRUE(host.ports.empty());
}

TEST(DockerMetadata, ReportsHowTheLastRunEndedWhileItDoesNotRun) {
  ContainerMetadata metadata;
  ASSERT_TRUE(parse_docker_config(R"({"Name":"/job","State":{"Running":false,"Pid":0,"ExitCode":137,"OOMKilled":true,)"
                                  R"("StartedAt":"2026-11-24T08:00:00Z","FinishedAt":"2026-11-24T08:00:01.5Z"}})",
                                  metadata));
  ASSERT_TRUE(metadata.exit);
  EXPECT_EQ(metadata.exit->code, 137);
  EXPECT_TRUE(metadata.exit->oom_killed);
  EXPECT_EQ(metadata.exit->finished_nsec - metadata.exit->started_nsec, 1'500'000'000U);
  EXPECT_FALSE(metadata.started_nsec);
}

TEST(DockerMetadata, ReportsNoExitOfAContainerThatRunsOrHasNeverRun) {
  for (const char* state : {R"({"Running":true,"Pid":7,"ExitCode":0,"StartedAt":"2026-11-24T08:00:00Z",)"
                            R"("FinishedAt":"2026-11-24T07:00:00Z"})",
                            R"({"Running":false,"Pid":0,"ExitCode":0,"StartedAt":"0001-01-01T00:00:00Z",)"
                            R"("FinishedAt":"0001-01-01T00:00:00Z"})",
                            R"({"Running":false,"Pid":0,"StartedAt":5})"}) {
    ContainerMetadata metadata;
    ASSERT_TRUE(parse_docker_config(std::string(R"({"State":)") + state + "}", metadata));
    EXPECT_FALSE(metadata.exit) << state;
  }
}

}  // namespace
}  // namespace tallyman
