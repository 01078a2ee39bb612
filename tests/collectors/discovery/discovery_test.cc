#include "collectors/discovery/discovery.h"
#include "collectors/discovery/runtimes/docker.h"
#include "collectors/discovery/runtimes/machined.h"
#include "collectors/discovery/runtimes/systemd.h"

#include "collectors/discovery/runtimes/all_runtimes.h"
#include "collectors/discovery/unnamed_containers.h"
#include "tests/support/eventually.h"
#include "tests/support/host_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Clock = std::chrono::steady_clock;

std::string id_of(unsigned number) {
  std::string digits = std::to_string(number);
  return std::string(64 - digits.size(), 'a') + digits;
}

std::string config(const std::string& name, const std::string& health = "") {
  return R"({"State":{"Running":true,"Pid":42,"StartedAt":"2026-11-24T00:25:29Z","Health":)" +
         (health.empty() ? "null" : R"({"Status":")" + health + "\"}") + R"(},"Name":"/)" + name +
         R"(","Config":{"Image":"web:1","Labels":{"a":"b"}}})";
}

WorkloadPtr find(const WorkloadListPtr& list, const std::string& id) {
  for (const auto& workload : *list)
    if (workload->id == id) return workload;
  return nullptr;
}

class DiscoveryTest : public testing::Test {
 protected:
  DiscoveryTest() {
    host_.dir("sys/fs/cgroup/memory/docker").dir("sys/fs/cgroup/unified/docker").dir("var/lib/docker/containers");
  }

  DiscoveryOptions options() {
    DiscoveryOptions options;
    options.tree.hierarchies = {host_.path("sys/fs/cgroup/memory"), host_.path("sys/fs/cgroup/unified")};
    options.refresh_interval = 20ms;
    options.on_error = [this](const Error& error) {
      const std::lock_guard lock(mutex_);
      errors_.push_back(to_string(error));
    };
    options.on_warning = [this](const std::string& text) {
      const std::lock_guard lock(mutex_);
      warnings_.push_back(text);
    };
    return options;
  }
  std::vector<std::unique_ptr<Runtime>> docker() const {
    std::vector<std::unique_ptr<Runtime>> runtimes;
    runtimes.push_back(make_docker_runtime(host_.root(), ""));
    return runtimes;
  }
  std::vector<std::string> errors() {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

  std::vector<std::string> warnings() {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }

  void files(unsigned number, const std::string& text) { host_.file(config_path(number), text); }
  static std::string config_path(unsigned number) {
    return "var/lib/docker/containers/" + id_of(number) + "/config.v2.json";
  }
  void start_cgroup(unsigned number) {
    host_.dir("sys/fs/cgroup/memory/docker/" + id_of(number)).dir("sys/fs/cgroup/unified/docker/" + id_of(number));
  }
  void end_cgroup(unsigned number) {
    host_.remove("sys/fs/cgroup/memory/docker/" + id_of(number));
    host_.remove("sys/fs/cgroup/unified/docker/" + id_of(number));
  }

  HostBuilder host_;
  std::mutex mutex_;
  std::vector<std::string> errors_, warnings_;
};

TEST_F(DiscoveryTest, JoinsCgroupsWithNames) {
  host_.dir("sys/fs/cgroup/memory/system.slice/nginx.service").dir("sys/fs/cgroup/unified/system.slice/cron.service");
  files(1, config("web", "healthy"));
  start_cgroup(1);
  start_cgroup(2);
  Discovery discovery(options(), docker());
  ASSERT_TRUE(discovery.current());
  EXPECT_THAT(*discovery.current(), IsEmpty());
  discovery.refresh();
  const auto list = discovery.current();
  std::vector<std::string> ids, names;
  for (const auto& workload : *list) {
    ids.push_back(workload->id);
    names.push_back(workload->workload);
  }
  EXPECT_THAT(ids, ElementsAre("/", "/docker", "/docker/" + id_of(1), "/docker/" + id_of(2), "/system.slice",
                               "/system.slice/cron.service", "/system.slice/nginx.service"));
  EXPECT_THAT(names,
              ElementsAre("host", "/docker", "web", "aaaaaaaaaaaa", "system.slice", "cron.service", "nginx.service"));
  const auto web = find(list, "/docker/" + id_of(1));
  EXPECT_EQ(web->kind, WorkloadKind::kContainer);
  EXPECT_EQ(web->runtime, "docker");
  EXPECT_EQ(web->container_id, id_of(1));
  EXPECT_EQ(web->container.image, "web:1");
  EXPECT_EQ(web->container.health, Health::kHealthy);
  EXPECT_EQ(web->container.init_pid, 42U);
  EXPECT_GT(web->seen_nsec, *web->cgroup_created_nsec);
  EXPECT_NE(web->inode, 0U);
  const auto unnamed = find(list, "/docker/" + id_of(2));
  EXPECT_EQ(unnamed->kind, WorkloadKind::kContainer);
  EXPECT_EQ(unnamed->container, ContainerMetadata());
  EXPECT_EQ(discovery.status().unnamed_containers, 1U);
  EXPECT_EQ(discovery.status().metadata_errors, 0U);
  EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(DiscoveryTest, ShowsANewContainerWithItsNameWithinMilliseconds) {
  auto slow_refresh = options();
  slow_refresh.refresh_interval = 1min;  // the name must not come from a refresh
  Discovery discovery(slow_refresh, docker());
  discovery.refresh();
  discovery.start();
  std::vector<double> births;
  for (unsigned number = 1; number <= 100; ++number) {
    files(number, config("web" + std::to_string(number)));
    const auto start = Clock::now();
    start_cgroup(number);
    WorkloadPtr workload;
    while (!workload && Clock::now() - start < 10s) {
      workload = find(discovery.current(), "/docker/" + id_of(number));
      if (!workload) std::this_thread::sleep_for(50us);
    }
    births.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    ASSERT_TRUE(workload);
    ASSERT_EQ(workload->workload, "web" + std::to_string(number));
  }
  std::sort(births.begin(), births.end());
  std::printf("from mkdir to current(): p50 %.3f ms, max %.3f ms\n", births[50], births.back());
  EXPECT_LT(births[50], 50);
  end_cgroup(1);
  EXPECT_TRUE(eventually([&] { return !find(discovery.current(), "/docker/" + id_of(1)); }));
}

TEST_F(DiscoveryTest, LearnsTheStartTimeSoonAfterTheStart) {
  auto slow_refresh = options();
  slow_refresh.refresh_interval = 1min;
  files(1, R"({"State":{"Running":false,"Pid":0,"StartedAt":"2020-01-01T00:00:00Z"},"Name":"/web"})");  // its last run
  Discovery discovery(slow_refresh, docker());
  discovery.start();
  start_cgroup(1);
  ASSERT_TRUE(eventually([&] { return find(discovery.current(), "/docker/" + id_of(1)) != nullptr; }));
  const auto starting = find(discovery.current(), "/docker/" + id_of(1));
  EXPECT_EQ(starting->workload, "web");
  EXPECT_FALSE(starting->container.started_nsec);
  files(1, config("web"));
  EXPECT_TRUE(eventually([&] { return find(discovery.current(), starting->id)->container.init_pid == 42U; }));
  EXPECT_EQ(find(discovery.current(), starting->id)->container.started_nsec, 1'795'479'929'000'000'000U);
}

TEST_F(DiscoveryTest, AddsTheNameWhenItIsKnown) {
  start_cgroup(1);
  Discovery discovery(options(), docker());
  discovery.start();
  ASSERT_TRUE(eventually([&] { return find(discovery.current(), "/docker/" + id_of(1)) != nullptr; }));
  const auto unnamed = find(discovery.current(), "/docker/" + id_of(1));
  EXPECT_EQ(unnamed->workload, "aaaaaaaaaaaa");
  files(1, config("late"));
  EXPECT_TRUE(eventually([&] { return find(discovery.current(), unnamed->id)->workload == "late"; }));
  const auto named = find(discovery.current(), unnamed->id);
  EXPECT_EQ(named->inode, unnamed->inode);
  EXPECT_EQ(named->seen_nsec, unnamed->seen_nsec);
  EXPECT_TRUE(eventually([&] { return discovery.status().unnamed_containers == 0; }));
}

TEST_F(DiscoveryTest, KeepsTheObjectOfWhatDidNotChange) {
  files(1, config("one"));
  files(2, config("two", "starting"));
  start_cgroup(1);
  start_cgroup(2);
  Discovery discovery(options(), docker());
  discovery.refresh();
  const auto before = discovery.current();
  discovery.refresh();
  EXPECT_EQ(discovery.current(), before);

  files(2, config("two", "healthy"));
  files(1, config("one") + " \n");  // another revision, the same facts
  start_cgroup(3);
  discovery.refresh();
  const auto after = discovery.current();
  EXPECT_NE(after, before);
  EXPECT_EQ(find(after, "/"), find(before, "/"));
  EXPECT_EQ(find(after, "/docker/" + id_of(1)), find(before, "/docker/" + id_of(1)));
  EXPECT_NE(find(after, "/docker/" + id_of(2)), find(before, "/docker/" + id_of(2)));
  EXPECT_EQ(find(after, "/docker/" + id_of(2))->container.health, Health::kHealthy);
  EXPECT_EQ(find(before, "/docker/" + id_of(2))->container.health, Health::kStarting);
  EXPECT_EQ(before->size() + 1, after->size());
}

// As with a dockerd whose --data-root is on its command line alone.
TEST_F(DiscoveryTest, WarnsOnceOfContainersWithoutANameAndNamesPathAndFlag) {
  files(1, config("web"));
  for (const unsigned number : {1U, 2U, 3U}) start_cgroup(number);
  auto at_once = options();
  at_once.starting_time = 0ms;
  Discovery discovery(at_once, docker());
  for (int i = 0; i < 3; ++i) discovery.refresh();
  EXPECT_EQ(discovery.status().unnamed_containers, 2U);
  EXPECT_EQ(discovery.status().metadata_errors, 0U);
  ASSERT_THAT(warnings(), ElementsAre(AllOf(HasSubstr("containers of docker have no names"),
                                            HasSubstr("/var/lib/docker/containers"), HasSubstr("--docker.root=PATH"))));
  files(2, config("db"));
  files(3, config("cache"));
  discovery.refresh();
  EXPECT_EQ(discovery.status().unnamed_containers, 0U);
  start_cgroup(4);
  discovery.refresh();
  EXPECT_EQ(discovery.status().unnamed_containers, 1U);
  EXPECT_EQ(warnings().size(), 2U) << "the cause has come back";
  EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(DiscoveryTest, WaitsForTheFilesOfAContainerThatIsStarting) {
  start_cgroup(1);
  auto patient = options();
  patient.starting_time = 1h;
  Discovery discovery(patient, docker());
  for (int i = 0; i < 2; ++i) discovery.refresh();
  EXPECT_EQ(discovery.status().unnamed_containers, 1U);
  EXPECT_THAT(warnings(), IsEmpty());
}

// One cause, one warning: what could not be read is an error, and says where.
TEST_F(DiscoveryTest, DoesNotWarnOfNamesWhereTheFilesAreFaulty) {
  files(1, "{");
  start_cgroup(1);
  auto at_once = options();
  at_once.starting_time = 0ms;
  Discovery discovery(at_once, docker());
  discovery.refresh();
  EXPECT_EQ(discovery.status().unnamed_containers, 1U);
  EXPECT_THAT(errors(), ElementsAre("/" + config_path(1) + ": malformed"));
  EXPECT_THAT(warnings(), IsEmpty());
}

TEST(UnnamedWarning, NamesAFlagWhereThereIsOne) {
  HostBuilder host;
  std::map<std::string, std::string> said;
  for (const auto& runtime : all_runtimes({host.root(), "", ""})) {
    if (!runtime->metadata_source().path.empty()) said[std::string(runtime->name())] = unnamed_warning(*runtime);
  }
  EXPECT_THAT(said.at("docker"), AllOf(HasSubstr("/var/lib/docker/containers"), HasSubstr("--docker.root=PATH")));
  EXPECT_THAT(said.at("containerd"), AllOf(HasSubstr("/run/containerd"), HasSubstr("--containerd.state=PATH")));
  EXPECT_THAT(said.at("podman"), AllOf(HasSubstr("/var/lib/containers/storage"), Not(HasSubstr("--"))));
}

TEST_F(DiscoveryTest, KeepsWhatItKnewWhileAFileIsHalfWritten) {
  files(1, config("web"));
  start_cgroup(1);
  Discovery discovery(options(), docker());
  discovery.refresh();
  const auto web = find(discovery.current(), "/docker/" + id_of(1));
  files(1, config("renamed").substr(0, 30));
  for (int i = 0; i < 3; ++i) discovery.refresh();
  EXPECT_EQ(find(discovery.current(), web->id), web);
  EXPECT_THAT(errors(), ElementsAre("/" + config_path(1) + ": malformed"));
  EXPECT_EQ(discovery.status().metadata_errors, 3U);

  files(1, config("renamed"));
  discovery.refresh();
  EXPECT_EQ(find(discovery.current(), web->id)->workload, "renamed");
  files(1, "{");  // the same cause, come back
  discovery.refresh();
  discovery.refresh();
  EXPECT_EQ(errors().size(), 2U);
  host_.remove(config_path(1));
  discovery.refresh();
  EXPECT_EQ(find(discovery.current(), web->id)->workload, "renamed");
  EXPECT_EQ(discovery.status().unnamed_containers, 0U);
}

TEST_F(DiscoveryTest, KeepsPortsWhileOnlyTheHostConfigurationIsBroken) {
  const std::string host_config = "var/lib/docker/containers/" + id_of(1) + "/hostconfig.json";
  files(1, config("web"));
  host_.file(host_config, R"({"NetworkMode":"host"})");
  start_cgroup(1);
  Discovery discovery(options(), docker());
  discovery.refresh();
  const auto web = find(discovery.current(), "/docker/" + id_of(1));
  EXPECT_EQ(web->container.network_mode, "host");
  host_.file(host_config, "{");
  discovery.refresh();
  EXPECT_EQ(find(discovery.current(), web->id), web);
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("hostconfig.json: malformed")));

  Discovery late(options(), docker());  // which never saw it whole
  late.refresh();
  EXPECT_EQ(find(late.current(), web->id)->workload, "web");
  host_.file(host_config, R"({"NetworkMode":"none"})");
  late.refresh();
  EXPECT_EQ(find(late.current(), web->id)->container.network_mode, "none");
}

TEST_F(DiscoveryTest, TakesAnIdBelowAnotherParentForDockersOnlyWhereDockerKnowsIt) {
  const std::string path = "/batch/" + id_of(7);
  host_.dir("sys/fs/cgroup/memory" + path);
  Discovery discovery(options(), docker());
  discovery.refresh();
  EXPECT_EQ(find(discovery.current(), path)->kind, WorkloadKind::kCgroup);
  EXPECT_EQ(find(discovery.current(), path)->workload, path);
  EXPECT_EQ(discovery.status().unnamed_containers, 0U);
  files(7, config("job"));
  discovery.refresh();
  EXPECT_EQ(find(discovery.current(), path)->kind, WorkloadKind::kContainer);
  EXPECT_EQ(find(discovery.current(), path)->workload, "job");
  EXPECT_EQ(find(discovery.current(), path)->runtime, "docker");
}

TEST_F(DiscoveryTest, TakesARestartedContainerForANewWorkload) {
  files(1, config("web"));
  start_cgroup(1);
  Discovery discovery(options(), docker());
  discovery.refresh();
  const auto before = find(discovery.current(), "/docker/" + id_of(1));
  for (const std::string hierarchy : {"memory", "unified"})  // moved away: its inode number stays taken
    std::filesystem::rename(host_.path("sys/fs/cgroup/" + hierarchy + before->id), host_.path("old-" + hierarchy));
  start_cgroup(1);
  discovery.refresh();
  const auto after = find(discovery.current(), before->id);
  ASSERT_TRUE(after);
  EXPECT_NE(after->inode, before->inode);
  EXPECT_GT(after->seen_nsec, before->seen_nsec);
  EXPECT_EQ(after->workload, "web");
}

TEST_F(DiscoveryTest, ReportsOnceThatARuntimesDirectoryIsClosed) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become someone else";
  for (unsigned number = 1; number <= 3; ++number) {
    files(number, config("web"));
    start_cgroup(number);
  }
  ASSERT_EQ(chmod(host_.path("var/lib/docker").c_str(), 0710), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(99);
    Discovery discovery(options(), docker());
    discovery.refresh();
    discovery.refresh();
    if (errors_ != std::vector<std::string>{"/var/lib/docker: Permission denied"}) _exit(1);
    if (discovery.status().unnamed_containers != 3) _exit(2);
    if (find(discovery.current(), "/docker/" + id_of(3))->kind != WorkloadKind::kContainer) _exit(3);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(DiscoveryTest, ReportsOnceThatItRanOutOfWatchesAndStillFindsContainers) {
  auto few = options();
  few.tree.max_watches = 2;
  few.tree.unwatched_walk_interval = 10ms;
  Discovery discovery(few, docker());
  discovery.start();
  files(1, config("web"));
  start_cgroup(1);
  EXPECT_TRUE(eventually([&] { return find(discovery.current(), "/docker/" + id_of(1)) != nullptr; }));
  EXPECT_TRUE(eventually([&] { return discovery.status().tree.walks > 10; }));
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("fs.inotify.max_user_watches")));
  EXPECT_FALSE(discovery.status().tree.watching);
}

TEST_F(DiscoveryTest, StartsAndStopsAnyNumberOfTimes) {
  auto patient = options();
  patient.refresh_interval = 1min;
  const auto start = Clock::now();
  {
    Discovery discovery(patient, docker());
    discovery.stop();
    for (int i = 0; i < 20; ++i) {
      discovery.start();
      discovery.start();
      discovery.stop();
      discovery.stop();
    }
    discovery.start();
    EXPECT_TRUE(eventually([&] { return !discovery.current()->empty(); }));
  }
  EXPECT_LT(Clock::now() - start, 20s);
}

TEST_F(DiscoveryTest, TakesAUnitForAMachineOnceItHasRegistered) {
  host_.dir("sys/fs/cgroup/memory/system.slice/vm.service").dir("run/systemd/system");
  std::vector<std::unique_ptr<Runtime>> runtimes;
  runtimes.push_back(make_machined_runtime(host_.root()));
  runtimes.push_back(make_systemd_runtime(host_.root()));
  Discovery discovery(options(), std::move(runtimes));
  discovery.refresh();
  const auto service = find(discovery.current(), "/system.slice/vm.service");
  EXPECT_EQ(service->kind, WorkloadKind::kService);
  EXPECT_EQ(service->runtime, "systemd");
  EXPECT_EQ(service->unit.started_by, "systemd");
  EXPECT_EQ(service->container_id, "");
  EXPECT_EQ(discovery.status().unnamed_containers, 0U);
  host_.file("run/systemd/machines/win", "NAME=win\nSCOPE=vm.service\nCLASS=vm\nLEADER=42\n");
  std::filesystem::create_symlink("win", host_.path("run/systemd/machines/unit:vm.service"));
  std::this_thread::sleep_for(150ms);  // the directory is checked ten times a second
  discovery.refresh();
  const auto machine = find(discovery.current(), service->id);
  EXPECT_EQ(machine->kind, WorkloadKind::kMachine);
  EXPECT_EQ(machine->runtime, "machined");
  EXPECT_EQ(machine->workload, "win");
  EXPECT_EQ(machine->container.init_pid, 42U);
  EXPECT_EQ(machine->unit, UnitFacts());
  discovery.refresh();
  EXPECT_EQ(find(discovery.current(), service->id), machine);
}

// One valid Docker container, among everything else that is broken.
class BadRuntimeDirectories : public DiscoveryTest {
 protected:
  BadRuntimeDirectories() {
    files(1, config("web"));
    start_cgroup(1);
    for (const std::string& path :
         {"/machine.slice/libpod-" + id_of(2) + ".scope", "/system.slice/crio-" + id_of(3) + ".scope",
          std::string("/lxc.payload.box"), std::string("/machine.slice/machine-vm.scope"),
          std::string("/machine.slice/machine-qemu\\x2d1\\x2dwin.scope"), std::string("/system.slice/cron.service"),
          std::string("/machine.slice/machine-rkt\\x2d5bc080ca\\x2d4b8e\\x2d4f0f\\x2d9f0d\\x2d6d1c9b6a7e31.scope"),
          "/kubepods/besteffort/pod0f1e2d3c4b5a69788796a5b4c3d2e1f0/" + id_of(4)})
      host_.dir("sys/fs/cgroup/memory" + path);
  }
  void expect_nothing_else_is_lost() {
    Discovery discovery(options(), all_runtimes({host_.root(), "", ""}));
    discovery.refresh();
    const auto list = discovery.current();
    EXPECT_EQ(find(list, "/docker/" + id_of(1))->workload, "web");
    EXPECT_EQ(find(list, "/lxc.payload.box")->workload, "box");
    EXPECT_EQ(find(list, "/machine.slice/machine-vm.scope")->workload, "vm");
    EXPECT_EQ(find(list, "/machine.slice/machine-qemu\\x2d1\\x2dwin.scope")->workload, "win");
    EXPECT_EQ(find(list, "/system.slice/cron.service")->kind, WorkloadKind::kService);
    EXPECT_EQ(find(list, "/machine.slice/libpod-" + id_of(2) + ".scope")->kind, WorkloadKind::kContainer);
  }
  static inline const std::vector<std::string> kDirectories = {"run/containers/storage",
                                                               "var/lib/containers/storage",
                                                               "var/lib/lxc",
                                                               "run/systemd/machines",
                                                               "run/systemd/units",
                                                               "run/systemd/transient",
                                                               "run/user",
                                                               "run/libvirt/qemu",
                                                               "var/lib/rkt/pods/run",
                                                               "run/fleet/units",
                                                               "run/containerd"};
};

TEST_F(BadRuntimeDirectories, ThatAreLinksInACircleCostNothingElse) {
  for (const std::string& directory : kDirectories) {
    const std::filesystem::path path = host_.path(directory);
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::create_symlink(path.filename(), path);
  }
  expect_nothing_else_is_lost();
}

TEST_F(BadRuntimeDirectories, ThatAreFilesCostNothingElse) {
  for (const std::string& directory : kDirectories) host_.file(directory, "{");
  expect_nothing_else_is_lost();
}

TEST_F(BadRuntimeDirectories, WithHalfWrittenFilesCostNothingElse) {
  const std::string userdata = "/overlay-containers/" + id_of(2) + "/userdata/";
  host_.file("var/lib/containers/storage" + userdata + "config.json", R"({"annotations":{"a)")
      .file("var/lib/containers/storage/overlay-containers/containers.json", "[{")
      .file("run/containers/storage/overlay-containers/" + id_of(3) + "/userdata/config.json", "")
      .file("run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id_of(4) + "/config.json", "{\"mounts\":[")
      .file("run/systemd/machines/vm", "NAME=v")
      .file("run/libvirt/qemu/win.xml", "<domstatus><domain")
      .file("var/lib/rkt/pods/run/5bc080ca-4b8e-4f0f-9f0d-6d1c9b6a7e31/pod", "{\"apps\":[{")
      .file("var/lib/lxc/box/config", "lxc.net.0");
  expect_nothing_else_is_lost();
}

TEST_F(BadRuntimeDirectories, ThatAreClosedCostNothingElse) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become someone else";
  for (const std::string& directory : kDirectories) {
    host_.dir(directory);
    ASSERT_EQ(chmod(host_.path(directory).c_str(), 0), 0);
  }
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(99);
    expect_nothing_else_is_lost();
    _exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// A runtime with files that hang.
class HangingRuntime final : public Runtime {
 public:
  explicit HangingRuntime(std::atomic<bool>& hangs, std::atomic<int>& waiting) : hangs_(hangs), waiting_(waiting) {}
  std::string_view name() const override { return "hanging"; }
  std::optional<ContainerMatch> match(std::string_view path) const override {
    if (!path.starts_with("/docker/")) return {};
    return ContainerMatch{std::string(path.substr(8)), true};
  }
  std::uint64_t revision(const std::string&) override { return 1; }
  Result<ContainerDescription> describe(const std::string&) override {
    ++waiting_;
    while (hangs_) std::this_thread::sleep_for(1ms);
    return ContainerDescription{};
  }

 private:
  std::atomic<bool>& hangs_;
  std::atomic<int>& waiting_;
};

TEST_F(DiscoveryTest, AnswersWhileARuntimeHangs) {
  std::atomic<bool> hangs{true};
  std::atomic<int> waiting{0};
  std::vector<std::unique_ptr<Runtime>> runtimes;
  runtimes.push_back(std::make_unique<HangingRuntime>(hangs, waiting));
  Discovery discovery(options(), std::move(runtimes));
  discovery.refresh();
  discovery.start();
  start_cgroup(1);
  ASSERT_TRUE(eventually([&] { return waiting > 0; }));
  const auto start = Clock::now();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(discovery.current()->size(), 2U);
    EXPECT_TRUE(discovery.status().tree.watching);
  }
  EXPECT_LT(Clock::now() - start, 1s);
  hangs = false;
  EXPECT_TRUE(eventually([&] { return discovery.current()->size() == 3; }));
}

TEST_F(DiscoveryTest, SurvivesContainersThatStartAndEndWhileOthersRead) {
  Discovery discovery(options(), docker());
  discovery.start();
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  std::atomic<std::uint64_t> reads{0}, unsorted{0};
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const auto list = discovery.current();
        const auto by_id = [](const WorkloadPtr& a, const WorkloadPtr& b) { return a->id < b->id; };
        if (!std::is_sorted(list->begin(), list->end(), by_id)) ++unsorted;
        reads += 1 + (discovery.status().tree.watches & 0);
        std::this_thread::sleep_for(100us);
      }
    });
  }
  for (unsigned round = 0; round < 30; ++round) {
    for (unsigned number = 0; number < 10; ++number) {
      files(number, config("web" + std::to_string(round)));
      start_cgroup(number);
    }
    for (unsigned number = 0; number < 10; ++number) {
      host_.remove("var/lib/docker/containers/" + id_of(number));  // the files first: in the middle of everything
      end_cgroup(number);
    }
  }
  files(1, config("last"));
  start_cgroup(1);
  EXPECT_TRUE(eventually([&] {
    const auto list = discovery.current();
    return list->size() == 3 && (*list)[2]->workload == "last";
  }));
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_GT(reads, 0U);
  EXPECT_EQ(unsorted, 0U);
  EXPECT_THAT(errors(), testing::Each(HasSubstr("malformed")));  // a file met half-written, at most
}

}  // namespace
}  // namespace tallyman
