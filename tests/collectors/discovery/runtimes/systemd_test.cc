// Directories as systemd 252 fills them (invocation links: src/core/unit.c), and
// fleet 0.13; checked against systemctl in the virtual machine (tests/vm).
#include "collectors/discovery/runtimes/systemd.h"
#include "collectors/discovery/runtimes/systemd_paths.h"
#include "tests/support/eventually.h"
#include "tests/support/host_builder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace tallyman {
namespace {

constexpr const char* kUserUnit = "/user.slice/user-1000.slice/user@1000.service/app.slice/a.service";

class SystemdTest : public testing::Test {
 protected:
  SystemdTest() { host_.dir("run/systemd/system").dir("run/systemd/units").dir("run/systemd/transient"); }

  void start(const std::string& unit, const std::string& run = "run/systemd") {
    const std::string link = host_.path(run + "/units/invocation:" + unit);
    unlink(link.c_str());
    ASSERT_EQ(symlink("0123456789abcdef0123456789abcdef", link.c_str()), 0);
  }
  UnitFacts facts(Runtime& runtime, const std::string& path) {
    const auto description = runtime.describe(path);
    EXPECT_TRUE(description);
    EXPECT_FALSE(description->incomplete);
    return description->unit;
  }

  HostBuilder host_;
};

TEST_F(SystemdTest, KnowsTheUnitsOfTheHostAndOfUsersManagers) {
  const auto runtime = make_systemd_runtime(host_.root());
  const std::pair<const char*, WorkloadKind> cases[] = {
      {"/system.slice/nginx.service", WorkloadKind::kService},
      {"/system.slice/system-getty.slice/getty@tty1.service", WorkloadKind::kService},
      {"/system.slice", WorkloadKind::kSlice},
      {"/init.scope", WorkloadKind::kScope},
      {"/user.slice/user-1000.slice/user@1000.service", WorkloadKind::kService},
      {kUserUnit, WorkloadKind::kService}};
  for (const auto& [path, kind] : cases) {
    const auto match = runtime->match(path);
    ASSERT_TRUE(match) << path;
    EXPECT_EQ(match->container_id, path);
    EXPECT_EQ(match->kind, kind) << path;
  }
  for (const char* path : {"/", "/docker/a", "/docker/a/system.slice/nginx.service", "/lxc.payload.a/init.scope",
                           "/system.slice/nginx.service/sub", "/a.service/b.service", "", "system.slice/a.service",
                           "/.slice", "/user.slice/user@1.service/user@2.service/a.service"}) {
    EXPECT_FALSE(runtime->match(path)) << path;
  }
}

TEST_F(SystemdTest, ReportsWhatStartedAUnit) {
  host_.file("run/systemd/transient/run-u7.service", "[Service]\n")
      .file("run/fleet/units/hello.service", "[Service]\n");
  const auto runtime = make_systemd_runtime(host_.root());
  EXPECT_EQ(facts(*runtime, "/system.slice/nginx.service").started_by, "systemd");
  EXPECT_EQ(facts(*runtime, "/system.slice/run-u7.service").started_by, "transient");
  EXPECT_EQ(facts(*runtime, "/system.slice/hello.service").started_by, "fleet");
  EXPECT_EQ(facts(*runtime, kUserUnit).started_by, "user@1000.service");
}

TEST_F(SystemdTest, FindsFleetsUnitsWhereItsConfigurationPutsThem) {
  host_
      .file("etc/fleet/fleet.conf",
            "# units_directory=\"/no\"\netcd_servers=[\"http://127.0.0.1:4001\"]\n"
            "units_directory = \"/srv/fleet\"\n")
      .file("srv/fleet/hello.service", "[Service]\n");
  const auto runtime = make_systemd_runtime(host_.root());
  EXPECT_EQ(facts(*runtime, "/system.slice/hello.service").started_by, "fleet");
  EXPECT_EQ(facts(*runtime, "/system.slice/other.service").started_by, "systemd");
}

TEST_F(SystemdTest, ReportsWhenAUnitStarted) {
  const auto runtime = make_systemd_runtime(host_.root());
  EXPECT_FALSE(facts(*runtime, "/system.slice/nginx.service").started_nsec);
  start("nginx.service");
  struct timespec times[2] = {{1'795'479'929, 500'000'000}, {1'795'479'929, 500'000'000}};
  ASSERT_EQ(
      utimensat(AT_FDCWD, host_.path("run/systemd/units/invocation:nginx.service").c_str(), times, AT_SYMLINK_NOFOLLOW),
      0);
  EXPECT_EQ(facts(*runtime, "/system.slice/nginx.service").started_nsec, 1'795'479'929'500'000'000U);
  host_.dir("run/user/1000/systemd/units");
  start("a.service", "run/user/1000/systemd");
  EXPECT_TRUE(facts(*runtime, kUserUnit).started_nsec);
}

TEST_F(SystemdTest, SeesARestart) {
  start("nginx.service");
  const auto runtime = make_systemd_runtime(host_.root());
  const std::string path = "/system.slice/nginx.service";
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  runtime->revision(path);
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  const std::uint64_t before = runtime->revision(path);
  EXPECT_EQ(runtime->revision(path), before);
  start("nginx.service");
  EXPECT_TRUE(eventually([&] { return runtime->revision(path) != before; }));
}

TEST_F(SystemdTest, SaysNothingOfWhoWhereSystemdDoesNotRun) {
  host_.remove("run/systemd");
  const auto runtime = make_systemd_runtime(host_.root());
  EXPECT_EQ(facts(*runtime, "/system.slice/nginx.service"), UnitFacts());
  EXPECT_NE(runtime->revision("/system.slice/nginx.service"), 0U);
}

TEST_F(SystemdTest, LinksThatTurnInACircleCostNothingElse) {
  host_.remove("run/systemd/transient");
  ASSERT_EQ(symlink("transient", host_.path("run/systemd/transient").c_str()), 0);
  ASSERT_EQ(symlink("user", host_.path("run/user").c_str()), 0);
  start("nginx.service");
  const auto runtime = make_systemd_runtime(host_.root());
  EXPECT_EQ(facts(*runtime, "/system.slice/nginx.service").started_by, "systemd");
  EXPECT_TRUE(facts(*runtime, "/system.slice/nginx.service").started_nsec);
  EXPECT_EQ(facts(*runtime, kUserUnit).started_by, "user@1000.service");
}

TEST(SystemdPaths, NameTheUserOfTheirSlice) {
  EXPECT_EQ(user_of(kUserUnit), 1000U);
  EXPECT_EQ(user_of("/user.slice/user-0.slice/session-1.scope"), 0U);
  EXPECT_EQ(user_of("/user.slice/user-1000.slice"), 1000U);
  for (const char* path : {"/user.slice", "/user.slice/user-.slice", "/user.slice/user-x.slice", "/system.slice",
                           "/user.slice/user-99999999999.slice", "/docker/a/user.slice/user-1.slice"}) {
    EXPECT_FALSE(user_of(path)) << path;
  }
}

}  // namespace
}  // namespace tallyman
