#include "collectors/sampling/stats_pass.h"

#include "tests/collectors/sampling/sampler_fixture.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

using ::testing::ElementsAre;

// A pass over one workload, by the collectors of these names.
class StatsPassTest : public ::testing::Test {
 protected:
  StatsPass& make(std::initializer_list<std::string_view> names, bool cpu_per_cpu) {
    SamplerOptions options;
    options.collectors = collectors(names);
    auto source = std::make_unique<FakeStatsSource>();
    source_ = source.get();
    pass_ = std::make_unique<StatsPass>(options.collectors, cpu_per_cpu, host_.root(),
                                        sources_for(options, host_.root(), std::move(source)), nullptr);
    return *pass_;
  }

  HostBuilder host_;
  FakeStatsSource* source_ = nullptr;
  std::unique_ptr<StatsPass> pass_;
};

TEST_F(StatsPassTest, BooksCpuTimeByCpuOnTheCollectorThatNeedsCpuTime) {
  StatsPass& pass = make({"agent"}, true);  // without the collector that is named after it
  pass.attach(*workload("/a"));
  source_->reports[CgroupStatsKind::kCpuPerCpu].io = 1;
  pass.read(false, at(0));
  EXPECT_THAT(source_->kinds_read, ElementsAre(CgroupStatsKind::kCpu, CgroupStatsKind::kCpuPerCpu));
  ASSERT_EQ(pass.collectors().size(), 1U);
  EXPECT_EQ(pass.collectors()[0].collector, "agent");
  EXPECT_EQ(pass.collectors()[0].io, 1U);
}

TEST_F(StatsPassTest, MakesOnlyTheSourcesThatAreNeeded) {
  SampledSourcesOptions options;
  options.needs = SourceKind::kNetwork;
  const SampledSources sources = make_sampled_sources(host_.root(), std::make_unique<FakeStatsSource>(), options);
  ASSERT_EQ(sources.workloads.size(), 1U);
  EXPECT_EQ(sources.workloads[0]->kind(), SourceKind::kNetwork);
}

TEST_F(StatsPassTest, CountsTheFilesOfAllItsSources) {
  const KeptFiles without = make({"pids"}, false).kept_files();
  EXPECT_EQ(without.open, 5U);
  EXPECT_EQ(without.limit, 7U);
  EXPECT_TRUE(without.reopens);
  EXPECT_GT(make({"pids", "network"}, false).kept_files().limit, 7U);
}

TEST(StatsNeedsTest, KeepsNeedsOfDifferentKindsApart) {
  constexpr StatsNeeds kNeeds = CgroupStatsKind::kCpu | SocketDetail::kStates;
  EXPECT_TRUE(kNeeds.has(CgroupStatsKind::kCpu));
  EXPECT_TRUE(kNeeds.has(SocketDetail::kStates));
  EXPECT_FALSE(kNeeds.has(SourceKind::kHost)) << "the first of its kind, as kCpu is";
  EXPECT_FALSE(kNeeds.has(SocketDetail::kAdvanced));
}

}  // namespace
}  // namespace tallyman
