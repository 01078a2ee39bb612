#include "collectors/discovery/runtimes/docker.h"
#include "tests/collectors/discovery/runtimes/docker_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace tallyman {
namespace {

using namespace docker_fixture;

TEST(Docker, DescribesAContainerAndNoticesChanges) {
  HostBuilder host;
  const auto docker = make_docker_runtime(host.root(), "");
  EXPECT_EQ(docker->revision(kId), 0U);
  EXPECT_EQ(docker->describe(kId).error().kind, ErrorKind::kUnsupported);

  container(host, "20.10.24/shop_web_1");
  const auto first = docker->revision(kId);
  EXPECT_NE(first, 0U);
  EXPECT_EQ(docker->revision(kId), first);
  const auto description = docker->describe(kId);
  ASSERT_TRUE(description) << to_string(description.error());
  ContainerMetadata expected = recorded("shop_web_1");
  expected.health = Health::kNone;  // its last check was long ago
  EXPECT_EQ(description->metadata, expected);
  EXPECT_FALSE(description->incomplete);

  host.file("var/lib/docker/containers/" + kId + "/config.v2.json", R"({"Name":"/renamed"})");
  const auto second = docker->revision(kId);
  EXPECT_NE(second, first);
  EXPECT_EQ(docker->describe(kId)->metadata.name, "renamed");
  host.file("var/lib/docker/containers/" + kId + "/hostconfig.json", R"({"NetworkMode":"host"})");
  EXPECT_NE(docker->revision(kId), second);

  host.remove("var/lib/docker/containers/" + kId);
  EXPECT_EQ(docker->revision(kId), 0U);
  EXPECT_EQ(docker->describe(kId).error().kind, ErrorKind::kUnsupported);
}

TEST(Docker, FindsTheDataRootOfTheDaemonsConfiguration) {
  for (const char* key : {"data-root", "graph"}) {
    HostBuilder host;
    container(host, "20.10.24/db", kId, "mnt/big/docker");
    host.file("etc/docker/daemon.json", std::string("{\"debug\":true,\"") + key + "\":\"/mnt/big/docker\"}");
    EXPECT_EQ(make_docker_runtime(host.root(), "")->describe(kId)->metadata.name, "db") << key;
  }
  HostBuilder host;
  container(host, "20.10.24/db", kId, "srv/d");
  EXPECT_EQ(make_docker_runtime(host.root(), "/srv/d")->describe(kId)->metadata.name, "db");
}

TEST(Docker, FollowsAnAbsoluteLinkInsideTheHostsRoot) {
  HostBuilder host;
  container(host, "20.10.24/db", kId, "mnt/disk/docker").dir("var/lib");
  std::filesystem::create_symlink("/mnt/disk/docker", host.path("var/lib/docker"));
  const auto docker = make_docker_runtime(host.root(), "");
  EXPECT_NE(docker->revision(kId), 0U);
  EXPECT_EQ(docker->describe(kId)->metadata.name, "db");
}

TEST(Docker, FindsContainersOfRemappedUsers) {
  HostBuilder host;
  host.dir("var/lib/docker/containers").dir("var/lib/docker/overlay2").dir("var/lib/docker/1.2.3");
  container(host, "20.10.24/db", kId, "var/lib/docker/100000.100000");
  const auto docker = make_docker_runtime(host.root(), "");
  EXPECT_NE(docker->revision(kId), 0U);
  EXPECT_EQ(docker->describe(kId)->metadata.name, "db");
  EXPECT_EQ(docker->revision(kOtherId), 0U);
}

TEST(Docker, NamesTheMalformedFile) {
  HostBuilder host;
  container(host, "20.10.24/db");
  const std::string directory = "var/lib/docker/containers/" + kId;
  const auto docker = make_docker_runtime(host.root(), "");

  host.file(directory + "/hostconfig.json", "{");
  auto description = docker->describe(kId);
  ASSERT_TRUE(description);
  EXPECT_EQ(description->metadata.name, "db");  // not lost for the sake of the other file
  ASSERT_TRUE(description->incomplete);
  EXPECT_EQ(description->incomplete->kind, ErrorKind::kMalformed);
  EXPECT_EQ(description->incomplete->where, "/" + directory + "/hostconfig.json");

  host.remove(directory + "/hostconfig.json");
  EXPECT_FALSE(docker->describe(kId)->incomplete);

  host.file(directory + "/config.v2.json", "");
  EXPECT_EQ(docker->describe(kId).error().kind, ErrorKind::kMalformed);
  EXPECT_EQ(docker->describe(kId).error().where, "/" + directory + "/config.v2.json");
}

TEST(Docker, ReadsNoMoreThanFourMebibytes) {
  HostBuilder host;
  const std::string path = "var/lib/docker/containers/" + kId + "/config.v2.json";
  const std::string head = R"({"Name":"/big","Config":{"Labels":{"x":")", tail = "\"}}}";
  const auto filler = [&](std::size_t total) {
    return head + std::string(total - head.size() - tail.size(), 'x') + tail;
  };
  const auto docker = make_docker_runtime(host.root(), "");
  host.file(path, filler(4 * 1024 * 1024));
  EXPECT_EQ(docker->describe(kId)->metadata.name, "big");
  host.file(path, filler(4 * 1024 * 1024 + 1));
  EXPECT_EQ(docker->describe(kId).error().kind, ErrorKind::kMalformed);
}

TEST(Docker, IsNotHeldUpByWhatIsNoRegularFile) {
  HostBuilder host;
  const std::string directory = "var/lib/docker/containers/" + kId;
  host.dir(directory);
  ASSERT_EQ(mkfifo(host.path(directory + "/config.v2.json").c_str(), 0600), 0);
  const auto docker = make_docker_runtime(host.root(), "");
  EXPECT_EQ(docker->describe(kId).error().kind, ErrorKind::kMalformed);
  host.remove(directory + "/config.v2.json").dir(directory + "/config.v2.json");
  EXPECT_EQ(docker->describe(kId).error().kind, ErrorKind::kMalformed);
  host.remove(directory + "/config.v2.json");
  std::filesystem::create_symlink("config.v2.json", host.path(directory + "/config.v2.json"));
  EXPECT_FALSE(docker->describe(kId));
}

TEST(Docker, SaysSoWhenTheDaemonsConfigurationIsMalformed) {
  HostBuilder host;
  host.file("etc/docker/daemon.json", "{ not json");
  const auto docker = make_docker_runtime(host.root(), "");
  const auto nothing = docker->describe(kId);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, ErrorKind::kMalformed);
  EXPECT_EQ(nothing.error().where, "/etc/docker/daemon.json");

  HostBuilder relative;  // what is at the default place is found all the same
  container(relative, "20.10.24/db").file("etc/docker/daemon.json", R"({"data-root":"relative/path"})");
  EXPECT_EQ(make_docker_runtime(relative.root(), "")->describe(kId)->metadata.name, "db");
}

// Runs `body` as nobody, in a process of its own; its result is the exit status.
template <class Body>
int as_nobody(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(99);
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Docker, WithoutPermissionNamesTheDirectoryThatDenies) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become someone else";
  HostBuilder host;
  container(host, "20.10.24/db");
  const auto denied_at = [&host](const std::string& where) {
    return as_nobody([&] {
      const auto docker = make_docker_runtime(host.root(), "");
      if (docker->revision(kId) != 0 && !where.ends_with(".json")) return 1;
      const auto description = docker->describe(kId);
      if (description || description.error().kind != ErrorKind::kDenied) return 2;
      return description.error().where == where ? 0 : 3;
    });
  };
  const std::string directory = "var/lib/docker/containers/" + kId;
  ASSERT_EQ(chmod(host.path(directory + "/config.v2.json").c_str(), 0600), 0);
  EXPECT_EQ(denied_at("/" + directory + "/config.v2.json"), 0);
  ASSERT_EQ(chmod(host.path(directory).c_str(), 0700), 0);
  EXPECT_EQ(denied_at("/" + directory), 0);
  ASSERT_EQ(chmod(host.path("var/lib/docker").c_str(), 0710), 0);
  EXPECT_EQ(denied_at("/var/lib/docker"), 0);
}

// Rootless, systemd driver: user.slice/user-UID.slice/user@UID.service/user.slice/docker-ID.scope,
// and below ~/.local/share/docker (docs.docker.com/engine/security/rootless).
TEST(DockerRootless, NamesAUsersContainersAsWellAsRoots) {
  HostBuilder host;
  container(host, "20.10.24/frontend");
  container(host, "20.10.24/db", kOtherId, "home/ann/.local/share/docker");
  host.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n").dir("run/user/1000");
  const auto docker = make_docker_runtime(host.root(), "");
  const ContainerRef anns{kOtherId, 1000, true};
  EXPECT_NE(docker->revision(kId), 0U);
  EXPECT_NE(docker->revision(anns), 0U);
  ASSERT_TRUE(docker->describe(anns));
  EXPECT_EQ(docker->describe(anns)->metadata.claimed_by, 1000U);
  EXPECT_FALSE(docker->describe(kId)->metadata.claimed_by);
}

TEST(DockerRootless, OfAUserSaysNothingAboutOthers) {
  HostBuilder host;
  container(host, "20.10.24/frontend");
  container(host, "20.10.24/db", kOtherId, "home/ann/.local/share/docker");
  host.file("etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n");
  const auto docker = make_docker_runtime(host.root(), "");
  EXPECT_EQ(docker->revision(kOtherId), 0U) << "not a container of root's";
  EXPECT_EQ(docker->revision({kOtherId, 1001, true}), 0U) << "nor of another user's";
  EXPECT_EQ(docker->revision({kId, 1000, true}), 0U) << "and root's is not the user's";
  EXPECT_NE(docker->revision({kId, 1000, false}), 0U) << "but for one that root made in the user's slice";
}

TEST(DockerRootless, FollowsNoLinkAndReadsNothingThatIsClosedToTheUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: all files are the user's own otherwise";
  HostBuilder host;
  container(host, "20.10.24/db").dir("home/ann/.local/share/docker/containers");
  host.file("etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\n");
  const std::string link = host.path("home/ann/.local/share/docker/containers/" + kId);
  std::filesystem::create_directory_symlink("/var/lib/docker/containers/" + kId, link);
  const ContainerRef anns{kId, 1000, true};
  EXPECT_EQ(make_docker_runtime(host.root(), "")->revision(anns), 0U);
  std::filesystem::remove(link);
  container(host, "20.10.24/db", kId, "home/ann/.local/share/docker");
  EXPECT_TRUE(make_docker_runtime(host.root(), "")->describe(anns));
  ASSERT_EQ(chmod((link + "/config.v2.json").c_str(), 0600), 0);
  EXPECT_EQ(make_docker_runtime(host.root(), "")->describe(anns).error().kind, ErrorKind::kDenied);
  ASSERT_EQ(chown((link + "/config.v2.json").c_str(), 1000, 1000), 0);
  EXPECT_TRUE(make_docker_runtime(host.root(), "")->describe(anns)) << "it is the user's own";
}

TEST(DockerRootless, IsFoundWhereRootsDirectoryIsClosed) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become someone else";
  HostBuilder host;
  container(host, "20.10.24/frontend");
  container(host, "20.10.24/db", kOtherId, "home/ann/.local/share/docker");
  host.file("etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\n").dir("run/user/1000");
  ASSERT_EQ(chmod(host.path("var/lib/docker").c_str(), 0710), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(99);
    const auto docker = make_docker_runtime(host.root(), "");
    if (!docker->describe({kOtherId, 1000, true})) _exit(1);
    const auto denied = docker->describe(kId);
    _exit(!denied && denied.error().kind == ErrorKind::kDenied ? 0 : 2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace tallyman
