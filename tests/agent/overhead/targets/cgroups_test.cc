#include "agent/overhead/targets/cgroups.h"

#include "tests/support/cgroup_trees.h"

#include <gtest/gtest.h>

namespace tallyman::overhead {
namespace {

CgroupTimes times_on(const HostBuilder& host, const std::string& cgroup) {
  const auto mounts = CgroupMounts::detect(host.root());
  EXPECT_TRUE(mounts) << to_string(mounts.error());
  return CgroupClock(*mounts).times(cgroup);
}

TEST(CgroupClock, KnowsHowLongAQuotaStoppedACgroup) {
  HostBuilder v1, v2;
  mount_v1(v1);
  record_v1_container(v1, "/docker/a");
  v1.file(v1_path("cpu", "/docker/a", "cpu.stat"), "nr_periods 21\nnr_throttled 21\nthrottled_time 1865962344\n");
  mount_v2(v2);
  record_v2_container(v2, "/docker/a");
  v2.file(v2_path("/docker/a", "cpu.stat"), "usage_usec 2000\nnr_periods 9\nnr_throttled 9\nthrottled_usec 900000\n");
  EXPECT_EQ(times_on(v1, "/docker/a").throttled_ns, 1'865'962'344U);
  EXPECT_EQ(times_on(v2, "/docker/a").throttled_ns, 900'000'000U);
  EXPECT_EQ(times_on(v2, "/docker/a").cpu_ns, 2'000'000U);
}

TEST(CgroupClock, KnowsNothingOfACgroupThatIsNotThere) {
  HostBuilder host;
  mount_v2(host);
  EXPECT_EQ(times_on(host, "/docker/b").cpu_ns, std::nullopt);
  EXPECT_EQ(times_on(host, "").throttled_ns, std::nullopt);
}

}  // namespace
}  // namespace tallyman::overhead
