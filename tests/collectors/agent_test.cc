#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

class AgentCollector : public ::testing::Test {
 protected:
  AgentCollector() {
    host_.machine.kernel_version = "6.1.0-28-amd64";
    host_.machine.os_version = "Debian GNU/Linux 12 (bookworm)";
    host_.memory.total = 1;
    context_.host = &host_;
    root_.cpu.usage_nsec = 0;
  }

  HostStats host_;
  CgroupStats root_;
  ObservationContext context_;
};

TEST_F(AgentCollector, AnswersWhatCadvisorsDashboardsAsk) {
  EXPECT_EQ(observe("agent", root_, context_),
            (SeriesValues{
                {"container_scrape_error", 0},
                {"machine_scrape_error", 0},
                {R"-(cadvisor_version_info{kernelVersion="6.1.0-28-amd64",osVersion="Debian GNU/Linux 12 (bookworm)",)-"
                 R"(cadvisorVersion="tallyman"})",
                 1},
            }));
}

TEST_F(AgentCollector, SaysSoWhenNoCgroupCouldBeRead) {
  const SeriesValues values = observe("agent", CgroupStats{}, context_);
  EXPECT_EQ(values.at("container_scrape_error"), 1U);
  EXPECT_EQ(values.at("machine_scrape_error"), 0U);
}

TEST_F(AgentCollector, SaysSoWhenTheMachineCouldNotBeRead) {
  host_.memory.total.reset();
  const SeriesValues values = observe("agent", root_, context_);
  EXPECT_EQ(values.at("container_scrape_error"), 0U);
  EXPECT_EQ(values.at("machine_scrape_error"), 1U);
}

TEST_F(AgentCollector, LeavesOutAVersionItDoesNotKnow) {
  host_.machine.os_version.clear();
  EXPECT_EQ(observe("agent", root_, context_)
                .count(R"(cadvisor_version_info{kernelVersion="6.1.0-28-amd64",cadvisorVersion="tallyman"})"),
            1U);
}

// These show whether anything was read: they must be read even if all else is off.
TEST_F(AgentCollector, AsksForWhatItJudgesBy) {
  EXPECT_TRUE(collector_named("agent").needs.has(SourceKind::kHost));
  EXPECT_TRUE(collector_named("agent").needs.has(CgroupStatsKind::kCpu));
}

TEST_F(AgentCollector, CarriesNoLabelsOfAWorkload) { EXPECT_EQ(collector_named("agent").scope, Scope::kAgent); }

}  // namespace
}  // namespace tallyman
