// A sampler on a StatsSource that the test writes, with a clock that the test turns.
#pragma once

#include "collectors/model/collector_table.h"
#include "collectors/sampling/sampler.h"
#include "tests/support/fake_stats_source.h"
#include "tests/support/host_builder.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tallyman {

inline WorkloadPtr workload(std::string id, WorkloadKind kind = WorkloadKind::kCgroup, std::uint64_t inode = 1) {
  auto made = std::make_shared<Workload>();
  made->kind = kind;
  made->workload = id == "/" ? "host" : id.substr(id.rfind('/') + 1);
  made->id = std::move(id);
  made->inode = inode;
  return made;
}

inline WorkloadPtr container(std::string id, std::string name, std::uint64_t inode = 1) {
  auto made = std::make_shared<Workload>(*workload(std::move(id), WorkloadKind::kContainer, inode));
  made->workload = made->container.name = std::move(name);
  return made;
}

inline WorkloadListPtr list(std::vector<WorkloadPtr> workloads) {
  return std::make_shared<const WorkloadList>(std::move(workloads));
}

inline SampleTime at(int seconds) {
  return {std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000 + seconds)),
          std::chrono::steady_clock::time_point(std::chrono::seconds(1'000 + seconds))};
}

constexpr std::uint64_t wall_nsec(std::uint64_t seconds) { return (1'700'000'000 + seconds) * 1'000'000'000; }

inline std::vector<const Collector*> collectors(std::initializer_list<std::string_view> names = {}) {
  std::vector<const Collector*> chosen;
  for (const Collector* one : all_collectors()) {
    if (names.size() == 0 || std::find(names.begin(), names.end(), one->name) != names.end()) {
      chosen.push_back(one);
    }
  }
  return chosen;
}

inline CgroupStats threads(std::uint64_t count) {
  CgroupStats stats;
  stats.pids.current = count;
  return stats;
}

// Every source that `options.collectors` need, on a host of the test's.
inline SampledSources sources_for(const SamplerOptions& options, const HostRoot& root,
                                  std::unique_ptr<StatsSource> cgroups, LastProcessReport report = {}) {
  SampledSourcesOptions chosen;
  chosen.needs = needs_of(options.collectors);
  chosen.ignore_interface = [](const std::string&) { return false; };
  chosen.process_report = std::move(report);
  return make_sampled_sources(root, std::move(cgroups), std::move(chosen));
}

class SamplerTest : public ::testing::Test {
 protected:
  SamplerTest() { make(collectors()); }

  void make(std::vector<const Collector*> chosen, std::function<SampleTime()> now = {}) {
    SamplerOptions options;
    options.collectors = std::move(chosen);
    options.now = std::move(now);
    options.ended_grace = std::chrono::seconds(120);
    auto source = std::make_unique<FakeStatsSource>();
    source_ = source.get();
    sampler_ = std::make_unique<Sampler>(options, host_.root(), sources_for(options, host_.root(), std::move(source)),
                                         LabelPolicy::make({".*", true, 1024}).value());
  }

  SnapshotPtr sample(int second, std::vector<WorkloadPtr> workloads) {
    return sampler_->sample(list(std::move(workloads)), at(second));
  }

  static std::vector<std::string> ids(const Snapshot& snapshot) {
    std::vector<std::string> found;
    for (const Block& block : snapshot.layout->blocks) {
      found.push_back(block.workload->id + (block.ended ? " ended" : ""));
    }
    return found;
  }

  const CollectorStatistics& booked(std::string_view collector) {
    statistics_ = sampler_->statistics();
    const auto it = std::find_if(statistics_.collectors.begin(), statistics_.collectors.end(),
                                 [&](const CollectorStatistics& one) { return one.collector == collector; });
    EXPECT_NE(it, statistics_.collectors.end()) << collector;
    return *it;
  }

  HostBuilder host_;
  FakeStatsSource* source_ = nullptr;
  std::unique_ptr<Sampler> sampler_;
  SamplerStatistics statistics_;
};

}  // namespace tallyman
