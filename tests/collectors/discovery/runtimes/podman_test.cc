// Paths and files as Podman 4.3 left them here, of root; the same for a user.
#include "collectors/discovery/runtimes/podman.h"
#include "tests/collectors/discovery/runtimes/oci_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

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
        "/system.slice/web.service/libpod-payload-" + kOciId, "/machine.slice:libpod:" + kOciId,
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
  const auto anns = make_podman_runtime(host.root())->describe({kOciId, 1000, true});
  ASSERT_TRUE(anns);
  EXPECT_EQ(anns->metadata.name, "anns");
  EXPECT_EQ(anns->metadata.claimed_by, 1000U);
  EXPECT_FALSE(make_podman_runtime(host.root())->describe(kOciId)) << "not a container of root's";
  EXPECT_FALSE(make_podman_runtime(host.root())->describe({kOciId, 1001, true}));
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

class PodmanExit : public ::testing::Test {
 protected:
  PodmanExit() { host_.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n"); }
  // The clock of files is coarse: the pid file must be older.
  void exit_file(const std::string& directory, const std::string& text) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    host_.file(directory + "/" + kOciId, text);
  }
  void remove_exit_file(const std::string& directory) { host_.remove(directory + "/" + kOciId); }

  HostBuilder host_;
  std::unique_ptr<Runtime> runtime_ = make_podman_runtime(host_.root());
};

TEST_F(PodmanExit, IsWhatConmonWrote) {
  add_container(host_, "run/containers/storage", "var/lib/containers/storage", "db");
  EXPECT_FALSE(runtime_->exit_of(kOciId));
  exit_file("run/libpod/exits", "137");
  const auto exit = runtime_->exit_of(kOciId);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 137);
  EXPECT_FALSE(exit->oom_killed);
  EXPECT_GE(exit->finished_nsec, exit->started_nsec);
  host_.file("var/lib/containers/storage/overlay-containers/" + kOciId + "/userdata/oom", "");
  EXPECT_TRUE(runtime_->exit_of(kOciId)->oom_killed);
}

// Podman has removed it before it removes the cgroup.
TEST_F(PodmanExit, IsKnownWhenItsFileIsGone) {
  add_container(host_, "run/containers/storage", "var/lib/containers/storage", "db");
  host_.dir("run/libpod/exits");
  described(*runtime_);
  exit_file("run/libpod/exits", "7");
  pollfd waiting{runtime_->event_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&waiting, 1, 1000), 1);
  runtime_->handle_events();
  remove_exit_file("run/libpod/exits");
  ASSERT_TRUE(runtime_->exit_of(kOciId));
  EXPECT_EQ(runtime_->exit_of(kOciId)->code, 7);
}

TEST_F(PodmanExit, IsReportedAfterTheDirectoryWasRecreated) {
  add_container(host_, "run/containers/storage", "var/lib/containers/storage", "db");
  for (const char* code : {"1", "2"}) {
    host_.dir("run/libpod/exits");
    std::this_thread::sleep_for(std::chrono::milliseconds(110));  // for so long the directory is cached
    described(*runtime_);
    exit_file("run/libpod/exits", code);
    runtime_->handle_events();
    host_.remove("run/libpod/exits");
    EXPECT_EQ(runtime_->exit_of(kOciId)->code, std::stoi(code));
  }
}

TEST_F(PodmanExit, OfRootsContainerIsNotWhatAUserWrites) {
  host_.dir("run/user/1000/libpod/tmp/exits");
  add_container(host_, "run/containers/storage", "var/lib/containers/storage", "db");
  described(*runtime_);
  exit_file("run/user/1000/libpod/tmp/exits", "1");
  runtime_->handle_events();
  EXPECT_FALSE(runtime_->exit_of(kOciId));
}

TEST_F(PodmanExit, OfAUserIsInTheUsersDirectory) {
  add_container(host_, "run/user/1000/containers", "home/ann/.local/share/containers/storage", "anns");
  exit_file("run/libpod/exits", "1");
  const ContainerRef anns{kOciId, 1000, true};
  EXPECT_FALSE(runtime_->exit_of(anns)) << "root's container of the same id";
  exit_file("run/user/1000/libpod/tmp/exits", "3");
  ASSERT_TRUE(runtime_->exit_of(anns));
  EXPECT_EQ(runtime_->exit_of(anns)->code, 3);
}

TEST_F(PodmanExit, OfAUserIsKnownWhenItsFileIsGone) {
  add_container(host_, "run/user/1000/containers", "home/ann/.local/share/containers/storage", "anns");
  const ContainerRef anns{kOciId, 1000, true};
  host_.dir("run/user/1000/libpod/tmp/exits");
  EXPECT_NE(runtime_->revision(anns), 0U);
  exit_file("run/user/1000/libpod/tmp/exits", "9");
  pollfd waiting{runtime_->event_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&waiting, 1, 1000), 1);
  runtime_->handle_events();
  remove_exit_file("run/user/1000/libpod/tmp/exits");
  ASSERT_TRUE(runtime_->exit_of(anns));
  EXPECT_EQ(runtime_->exit_of(anns)->code, 9);
  EXPECT_FALSE(runtime_->exit_of(kOciId)) << "not of root's";
}

TEST_F(PodmanExit, OfARunBeforeIsNotTheNewOnes) {
  exit_file("run/libpod/exits", "1");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  add_container(host_, "run/containers/storage", "var/lib/containers/storage", "db");
  EXPECT_FALSE(runtime_->exit_of(kOciId));
}

TEST_F(PodmanExit, HalfWrittenIsNone) {
  add_container(host_, "run/containers/storage", "var/lib/containers/storage", "db");
  for (const char* text : {"", "x", "1x", "-1", "256", "99999999999999999999"}) {
    exit_file("run/libpod/exits", text);
    EXPECT_FALSE(runtime_->exit_of(kOciId)) << text;
  }
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
