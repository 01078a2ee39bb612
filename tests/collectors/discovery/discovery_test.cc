#include "collectors/discovery/discovery.h"

#include "collectors/discovery/runtimes/all_runtimes.h"
#include "collectors/discovery/runtimes/machined.h"
#include "collectors/discovery/runtimes/systemd.h"
#include "collectors/discovery/unnamed_containers.h"
#include "tests/collectors/discovery/discovery_fixture.h"
#include "tests/support/eventually.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using Clock = std::chrono::steady_clock;

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

TEST_F(DiscoveryTest, KeepsOfAnEnvironmentOnlyWhatIsAskedFor) {
  files(1, config("web"));
  start_cgroup(1);
  const auto environment = [&](DiscoveryOptions options) {
    Discovery discovery(std::move(options), docker());
    discovery.refresh();
    return find(discovery.current(), "/docker/" + id_of(1))->container.environment;
  };
  EXPECT_THAT(environment(options()), IsEmpty());
  DiscoveryOptions some = options();
  some.variables = LabelFilter::make("^APP_").value();
  EXPECT_THAT(environment(std::move(some)), ElementsAre(Pair("APP_VERSION", "1.2=3")));
}

// So many milliseconds from now, as Docker writes times.
std::string rfc3339(std::chrono::milliseconds from_now) {
  const auto now = std::chrono::system_clock::now() + from_now;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32] = {};
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return std::string(text) + "." + std::to_string(1'000 + milliseconds).substr(1) + "Z";
}

// Docker 26 and later do not write what a check has found.
TEST_F(DiscoveryTest, AHealthThatTheFileNoLongerFollowsIsUnknown) {
  const auto text = [](const std::string& started, const std::string& log, const std::string& status) {
    return R"({"State":{"Running":true,"Pid":42,"StartedAt":")" + started + R"(","Health":{"Status":")" + status +
           R"(","Log":)" + log +
           R"(}},"Name":"/web","Config":{"Healthcheck":{"Interval":1000000000,)"
           R"("Timeout":1000000000}}})";
  };
  start_cgroup(1);
  Discovery discovery(options(), docker());
  const auto health = [&](const std::string& config) {
    files(1, config);
    discovery.refresh();
    return find(discovery.current(), "/docker/" + id_of(1))->container.health;
  };
  const auto checked = [&](std::chrono::seconds from_now) { return R"([{"End":")" + rfc3339(from_now) + R"("}])"; };
  EXPECT_EQ(health(text(rfc3339(1h), "null", "starting")), Health::kStarting);
  EXPECT_EQ(health(text(rfc3339(-5s), "null", "starting")), Health::kNone) << "a check is due after a second";
  EXPECT_EQ(health(text(rfc3339(-60s), checked(1h), "healthy")), Health::kHealthy);
  EXPECT_EQ(health(text(rfc3339(-60s), checked(-30s), "healthy")), Health::kNone) << "others have followed it";
  EXPECT_EQ(health(text(rfc3339(-60s), checked(-30s), "unhealthy")), Health::kNone);
}

TEST_F(DiscoveryTest, AHealthBecomesUnknownWithoutAChangeOfTheFile) {
  files(1, R"({"State":{"Running":true,"Pid":42,"StartedAt":")" + rfc3339(0ms) +
               R"(","Health":{"Status":"starting","Log":null}},"Name":"/web","Config":{"Healthcheck":)"
               R"({"Interval":50000000}}})");
  start_cgroup(1);
  Discovery discovery(options(), docker());
  discovery.start();
  EXPECT_TRUE(eventually([&] {
    const WorkloadPtr web = find(discovery.current(), "/docker/" + id_of(1));
    return web != nullptr && web->container.name == "web" && web->container.health == Health::kNone;
  }));
  discovery.stop();
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
  files(2, config("two", "unhealthy"));
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
  EXPECT_EQ(find(before, "/docker/" + id_of(2))->container.health, Health::kUnhealthy);
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
  auto slow_options = options();
  slow_options.starting_time = 1h;
  Discovery discovery(slow_options, docker());
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
  std::map<std::string, std::string> texts;
  for (const auto& runtime : all_runtimes({host.root(), "", ""})) {
    if (!runtime->metadata_source().path.empty()) texts[std::string(runtime->name())] = unnamed_warning(*runtime);
  }
  EXPECT_THAT(texts.at("docker"), AllOf(HasSubstr("/var/lib/docker/containers"), HasSubstr("--docker.root=PATH")));
  EXPECT_THAT(texts.at("containerd"), AllOf(HasSubstr("/run/containerd"), HasSubstr("--containerd.state=PATH")));
  EXPECT_THAT(texts.at("podman"), AllOf(HasSubstr("/var/lib/containers/storage"), Not(HasSubstr("--"))));
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
  auto slow_options = options();
  slow_options.refresh_interval = 1min;
  const auto start = Clock::now();
  {
    Discovery discovery(slow_options, docker());
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
  ASSERT_TRUE(eventually([&] {  // the directory is checked ten times a second
    discovery.refresh();
    return find(discovery.current(), service->id)->kind == WorkloadKind::kMachine;
  }));
  const auto machine = find(discovery.current(), service->id);
  EXPECT_EQ(machine->runtime, "machined");
  EXPECT_EQ(machine->workload, "win");
  EXPECT_EQ(machine->container.init_pid, 42U);
  EXPECT_EQ(machine->unit, UnitFacts());
  discovery.refresh();
  EXPECT_EQ(find(discovery.current(), service->id), machine);
}

TEST_F(DiscoveryTest, CgroupsInsideOfAContainerSayInWhich) {
  const std::string web = "/docker/" + id_of(1);
  files(1, config("web"));
  start_cgroup(1);
  for (int i = 0; i < 5; ++i) host_.dir("sys/fs/cgroup/memory" + web + "/inner" + std::to_string(i));
  DiscoveryOptions bounded = options();
  bounded.tree.max_inside_container = 3;
  Discovery discovery(std::move(bounded), docker());
  discovery.refresh();
  std::size_t inside = 0;
  for (const WorkloadPtr& one : *discovery.current()) inside += one->inside == web ? 1U : 0U;
  EXPECT_EQ(inside, 3U);
  EXPECT_EQ(find(discovery.current(), web)->inside, "");
  EXPECT_EQ(find(discovery.current(), "/docker")->inside, "");
  EXPECT_GE(discovery.status().tree.left_out_inside, 2U);
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr(web)));
}

}  // namespace
}  // namespace tallyman
