#include "collectors/history/history_store.h"

#include "collectors/kernel/system/self_process.h"
#include "tests/support/sanitized.h"
#include "tests/support/snapshot_builder.h"

#include <gmock/gmock.h>

#include <atomic>
#include <random>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;
using Points = std::vector<std::pair<double, double>>;

constexpr double kEpoch = 1'700'000'100;  // wall clock of second 0; a multiple of 60

struct Figures {
  std::string id;
  double cpu_seconds = 0;
  std::uint64_t pages = 0;
  std::uint64_t kills = 0;
  std::uint64_t inode = 1;
  std::string name = {};
};

std::optional<std::string> found(const HistoryStore& store, std::string asked) {
  WorkloadMatches matches{WorkloadQuery(std::move(asked))};
  store.offer_workloads(matches);
  return matches.only() == nullptr ? std::nullopt : std::optional(*matches.only());
}

// A store and the clocks it sees.
class Feed {
 public:
  explicit Feed(HistoryOptions options = {}) : store(options) {}

  void at(double second, const std::vector<Figures>& workloads) {
    test::SnapshotBuilder builder;
    for (const Figures& one : workloads) {
      Workload workload = test::workload_of(WorkloadKind::kContainer, one.id, one.name.empty() ? one.id : one.name);
      workload.inode = one.inode;
      workload.container_id = one.id.substr(one.id.rfind('/') + 1);
      builder.add(std::move(workload), "", [&](SeriesWriter& writer) {
        writer.begin(*find_metric("container_cpu_usage_seconds_total"));
        writer.put(0, {"total"}, static_cast<std::uint64_t>(one.cpu_seconds * 1e9 + 0.5));
        writer.begin(*find_metric("container_memory_usage_bytes"));
        writer.put(0, one.pages * 4096);
        writer.begin(*find_metric("container_oom_events_total"));
        writer.put(0, one.kills);
      });
    }
    const auto snapshot = builder.build();
    snapshot->steady_time = std::chrono::steady_clock::time_point(nsec(90 + second));
    snapshot->wall_time = std::chrono::system_clock::time_point(nsec(kEpoch + wall_ahead + slept + second));
    store.add(*snapshot, nsec(slept));
  }

  Points points(const std::string& id, std::string_view field, double from, double to, double step) const {
    const HistoryAnswer answer = store.answer({{id}, {*find_history_field(field)}, kEpoch + from, kEpoch + to, step});
    Points points = answer.series.at(0).points;
    for (auto& [time, value] : points) time -= kEpoch;
    return points;
  }

  HistoryStore store;
  double wall_ahead = 0, slept = 0;

 private:
  static std::chrono::nanoseconds nsec(double seconds) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e3 + 0.5) * 1'000'000);
  }
};

double sum(const Points& points, double step) {
  double total = 0;
  for (const auto& [time, value] : points) total += value * step;
  return total;
}

TEST(HistoryStore, AveragesWhatLiesInAStep) {
  Feed feed;
  double cpu = 0;
  for (int second = 0; second <= 20; ++second) {
    feed.at(second, {{"/a", cpu, second < 10 ? 100U : 200U}});
    cpu += second < 10 ? 0.5 : 1.5;
  }
  EXPECT_THAT(feed.points("/a", "cpu_cores", 0, 20, 10),
              ElementsAre(Pair(0, DoubleNear(0.5, 1e-6)), Pair(10, DoubleNear(1.5, 1e-6))));
  EXPECT_THAT(feed.points("/a", "cpu_cores", 8, 12, 1),
              ElementsAre(Pair(8, DoubleNear(0.5, 1e-6)), Pair(9, DoubleNear(0.5, 1e-6)),
                          Pair(10, DoubleNear(1.5, 1e-6)), Pair(11, DoubleNear(1.5, 1e-6))));
  EXPECT_THAT(feed.points("/a", "memory_bytes", 10, 20, 10), ElementsAre(Pair(10, DoubleNear(200 * 4096, 1e-3))));
}

// A steady load, read by scans that are rarer than samples, and of which one is late.
TEST(HistoryStore, RatesOfProcessesAreOverTheTimeBetweenTwoScans) {
  for (const int interval : {1, 3, 8}) {
    HistoryStore store({});
    int scanned = 0;
    for (int second = 0; second <= 60; ++second) {
      if (second % interval == 0 && second != 2 * interval) scanned = second;
      test::SnapshotBuilder builder;
      builder.add(test::workload_of(WorkloadKind::kProcess, "process:burn", "burn"), "", [&](SeriesWriter& writer) {
        writer.begin(*find_metric("container_cpu_usage_seconds_total"));
        writer.put(0, {"total"}, static_cast<std::uint64_t>(scanned) * 1'000'000'000);
      });
      const auto snapshot = builder.build();
      const auto at = [](int seconds) {
        return std::chrono::steady_clock::time_point(std::chrono::seconds(90 + seconds));
      };
      snapshot->steady_time = at(second);
      snapshot->wall_time =
          std::chrono::system_clock::time_point(std::chrono::seconds(static_cast<int>(kEpoch) + second));
      snapshot->read_times = {at(scanned)};
      store.add(*snapshot);
    }
    const HistoryAnswer answer =
        store.answer({{"process:burn"}, {*find_history_field("cpu_cores")}, kEpoch, kEpoch + 60, 1});
    const Points& points = answer.series.at(0).points;
    EXPECT_GE(points.size(), 50U) << interval;
    for (const auto& [time, value] : points) {
      EXPECT_NEAR(value, 1, 1e-6) << "scans every " << interval << " s, at " << time - kEpoch;
    }
  }
}

TEST(HistoryStore, WidensTheRangeToWholeSteps) {
  const Feed feed;
  const HistoryAnswer answer = feed.store.answer({{"/a"}, {0}, kEpoch + 3, kEpoch + 21, 10});
  EXPECT_EQ(answer.from, kEpoch);
  EXPECT_EQ(answer.to, kEpoch + 30);
  EXPECT_THAT(answer.series.at(0).points, IsEmpty());
}

TEST(HistoryStore, ARateCoversTheTimeBetweenItsSamples) {
  Feed feed;
  feed.at(0.25, {{"/a", 0}});
  feed.at(1.75, {{"/a", 3}});  // 2 cores for a second and a half
  EXPECT_THAT(feed.points("/a", "cpu_cores", 0, 3, 1),
              ElementsAre(Pair(0, DoubleNear(2, 1e-5)), Pair(1, DoubleNear(2, 1e-5))));
}

TEST(HistoryStore, NothingIsLostInTheCoarseTier) {
  HistoryOptions options;
  options.fine = 60s;
  Feed feed(options);
  double cpu = 7;
  std::mt19937 random(1);
  double used = 0;
  for (int second = 0; second < 7'200; ++second) {
    feed.at(second, {{"/a", cpu, second % 2 == 0 ? 100U : 300U}});
    const double more = static_cast<double>(random() % 1'000) / 1e3;
    cpu += more;
    if (second < 6'000) used += more;
  }
  const HistoryStatistics now = feed.store.statistics();
  EXPECT_LT(now.fine_seconds, 60 + 512 + 16);
  EXPECT_GT(now.coarse_seconds, 7'100);
  EXPECT_NEAR(sum(feed.points("/a", "cpu_cores", 0, 6'000, 60), 60), used, 0.001);
  // The mean of the samples, not every fifteenth of them.
  for (const auto& [time, value] : feed.points("/a", "memory_bytes", 60, 6'000, 60)) {
    EXPECT_NEAR(value / 4096, 200, 8) << time;
  }
}

TEST(HistoryStore, AWorkloadBetweenTwoCoarseTicksIsInBothTiers) {
  HistoryOptions options;
  options.fine = 30s;
  Feed feed(options);
  for (int second = 0; second < 4'000; ++second) {
    std::vector<Figures> there{{"/always", 1.0 * second}};
    if (second >= 1'003 && second < 1'008)
      there.push_back({"/brief", 0.5 * (second - 1'003), 10, second >= 1'005 ? 1U : 0U});
    feed.at(second, there);
  }
  EXPECT_LT(feed.store.statistics().fine_seconds, 600);
  EXPECT_NEAR(sum(feed.points("/brief", "cpu_cores", 900, 1'200, 15), 15), 2.0, 0.001);
  EXPECT_EQ(sum(feed.points("/brief", "oom_kills", 900, 1'200, 60), 1), 1);
}

TEST(HistoryStore, CountsAreSumsOfTheStep) {
  Feed feed;
  for (int second = 0; second <= 30; ++second) feed.at(second, {{"/a", 0, 1, second < 12 ? 0U : 3U}});
  EXPECT_THAT(feed.points("/a", "oom_kills", 0, 30, 10), ElementsAre(Pair(0, 0), Pair(10, 3), Pair(20, 0)));
}

TEST(HistoryStore, AResetIsNoNegativeRate) {
  Feed feed;
  for (int second = 0; second <= 10; ++second) feed.at(second, {{"/a", second < 5 ? 100.0 + second : second - 5.0}});
  const Points points = feed.points("/a", "cpu_cores", 0, 10, 1);
  EXPECT_EQ(points.size(), 9U);
  for (const auto& [time, value] : points) EXPECT_NEAR(value, 1, 1e-5) << time;
}

TEST(HistoryStore, ARecreatedCgroupContinuesUnderTheSameIdWithoutARateBetween) {
  Feed feed;
  for (int second = 0; second <= 5; ++second) feed.at(second, {{"/a", 100.0 + second, 1, 0, 1}});
  for (int second = 6; second <= 10; ++second) feed.at(second, {{"/a", 200.0 + second, 1, 0, 2}});
  const Points points = feed.points("/a", "cpu_cores", 0, 10, 1);
  EXPECT_EQ(points.size(), 9U);
  for (const auto& [time, value] : points) EXPECT_NEAR(value, 1, 1e-5) << time;
}

TEST(HistoryStore, AGapHasNoPoints) {
  Feed feed;
  for (const double second : {0., 1., 2., 60., 61.}) feed.at(second, {{"/a", second, 5}});
  EXPECT_THAT(feed.points("/a", "cpu_cores", 0, 62, 1),
              ElementsAre(Pair(0, DoubleNear(1, 1e-5)), Pair(1, DoubleNear(1, 1e-5)), Pair(60, DoubleNear(1, 1e-5))));
  EXPECT_EQ(feed.points("/a", "memory_bytes", 2, 59, 1).size(), 0U);
}

TEST(HistoryStore, AWallClockThatIsSetTearsNothingApart) {
  Feed feed;
  for (int second = 0; second <= 5; ++second) feed.at(second, {{"/a", 1.0 * second}});
  feed.wall_ahead = -3'600;
  for (int second = 6; second <= 10; ++second) feed.at(second, {{"/a", 1.0 * second}});
  EXPECT_THAT(feed.points("/a", "cpu_cores", 0, 10, 1), IsEmpty());
  const Points points = feed.points("/a", "cpu_cores", -3'600, -3'590, 1);
  EXPECT_EQ(points.size(), 10U);
  EXPECT_NEAR(sum(points, 1), 10, 1e-5);
}

TEST(HistoryStore, AMachineThatSleptHasAGapAndItsPastStaysWhereItWas) {
  Feed feed;
  for (int second = 0; second <= 5; ++second) feed.at(second, {{"/a", 1.0 * second}});
  feed.slept = 3'600;  // the wall clock continued, the steady one did not
  for (int second = 6; second <= 10; ++second) feed.at(second, {{"/a", 1.0 * second}});
  EXPECT_EQ(feed.points("/a", "cpu_cores", 0, 10, 1).size(), 5U);
  EXPECT_EQ(feed.points("/a", "cpu_cores", 3'600, 3'610, 1).size(), 4U);
}

TEST(HistoryStore, IgnoresASampleThatIsNotLater) {
  Feed feed;
  feed.at(5, {{"/a", 5}});
  feed.at(5, {{"/a", 6}});
  feed.at(4, {{"/a", 7}});
  EXPECT_EQ(feed.store.statistics().samples, 1U);
}

TEST(HistoryStore, WorkloadsThatHaveEndedStayUntilTheirSamplesAreTooOld) {
  HistoryOptions options;
  options.fine = 60s;
  options.coarse = 600s;
  Feed feed(options);
  for (int second = 0; second < 100; ++second) feed.at(second, {{"/a", 1.0 * second}, {"/b", 1.0 * second}});
  for (int second = 100; second < 700; ++second) feed.at(second, {{"/b", 1.0 * second}});
  EXPECT_EQ(feed.store.statistics().workloads, 2U);
  EXPECT_NEAR(sum(feed.points("/a", "cpu_cores", 0, 690, 15), 15), 99, 0.01);
  for (int second = 700; second < 800; ++second) feed.at(second, {{"/b", 1.0 * second}});
  EXPECT_EQ(feed.store.statistics().workloads, 1U);
  EXPECT_EQ(found(feed.store, "/a"), std::nullopt);
}

TEST(HistoryStore, FindsByIdContainerIdAndName) {
  Feed feed;
  feed.at(1, {{"/docker/0123456789abcdef", 0, 0, 0, 1, "old"},
              {"/docker/x", 0, 0, 0, 2, "web"},
              {"/docker/v", 0, 0, 0, 6, "past"},
              {"/docker/u", 0, 0, 0, 7, "past"},
              {"/y", 0, 0, 0, 3, "twice"},
              {"/z", 0, 0, 0, 4, "twice"}});
  feed.at(2, {{"/docker/w", 0, 0, 0, 5, "web"}, {"/y", 0, 0, 0, 3, "twice"}, {"/z", 0, 0, 0, 4, "twice"}});
  EXPECT_THAT(found(feed.store, "/docker/x"), Optional(std::string("/docker/x")));
  EXPECT_THAT(found(feed.store, "docker/x"), Optional(std::string("/docker/x")));
  EXPECT_THAT(found(feed.store, "0123456789ab"), Optional(std::string("/docker/0123456789abcdef")));
  EXPECT_THAT(found(feed.store, "web"), Optional(std::string("/docker/w")));  // the one that exists
  EXPECT_THAT(found(feed.store, "old"), Optional(std::string("/docker/0123456789abcdef")));
  EXPECT_EQ(found(feed.store, "twice"), std::nullopt);
  EXPECT_EQ(found(feed.store, "past"), std::nullopt) << "ended, both";
  EXPECT_EQ(found(feed.store, "nobody"), std::nullopt);
  EXPECT_EQ(found(feed.store, ""), std::nullopt);
}

TEST(HistoryStore, LeavesWorkloadsOutWhenTheirVeryNamesWouldFillTheMemory) {
  HistoryOptions options;
  options.memory_bytes = 1 << 20;
  Feed feed(options);
  std::vector<Figures> many;
  for (int i = 0; i < 2'000; ++i) many.push_back({"/" + std::to_string(i)});
  feed.at(1, many);
  feed.at(2, many);
  const HistoryStatistics now = feed.store.statistics();
  EXPECT_GT(now.workloads_left_out, 0U);
  EXPECT_GT(now.workloads, 50U);
  EXPECT_LT(now.memory_bytes, options.memory_bytes * 11 / 10);
}

// A thousand busy workloads with values that pack badly, for longer than the memory
// covers. `layout` stays the same, as it does in the agent.
class BusyHost {
 public:
  explicit BusyHost(int workloads) {
    test::SnapshotBuilder builder;
    for (int i = 0; i < workloads; ++i) {
      builder.add(test::workload_of(WorkloadKind::kContainer, "/docker/" + std::to_string(i), "c" + std::to_string(i)),
                  "", [&](SeriesWriter& writer) {
                    for (const char* metric : {"container_cpu_user_seconds_total", "container_cpu_system_seconds_total",
                                               "container_memory_usage_bytes", "container_memory_working_set_bytes",
                                               "container_memory_rss", "container_pressure_cpu_waiting_seconds_total",
                                               "container_pressure_io_waiting_seconds_total", "container_threads"}) {
                      writer.begin(*find_metric(metric));
                      writer.put(0, 1'000'000'000);
                    }
                  });
    }
    snapshot_ = builder.build();
  }
  const Snapshot& next(std::chrono::milliseconds step = 1s) {
    snapshot_->steady_time += step;
    snapshot_->wall_time += step;
    for (std::uint64_t& value : snapshot_->values) value += random_() % 4'000'000;
    return *snapshot_;
  }

 private:
  std::shared_ptr<Snapshot> snapshot_;
  std::minstd_rand random_{1};
};

TEST(HistoryStore, HoldsItsMemoryBoundWithManyBusyWorkloads) {
  const auto resident = [] { return read_self_process().resident_bytes.value_or(0); };
  const std::size_t workloads = is_sanitized() ? 200 : 1'000;
  BusyHost host(static_cast<int>(workloads));
  host.next();
  HistoryOptions options;
  options.memory_bytes = workloads << 14;
  const std::uint64_t before = resident();
  HistoryStore store(options);
  std::size_t most = 0;
  for (int second = 0; second < 1'800; ++second) {
    store.add(host.next());
    if (second % 100 == 0) most = std::max(most, store.statistics().memory_bytes);
  }
  const HistoryStatistics now = store.statistics();
  EXPECT_LE(most, options.memory_bytes);
  EXPECT_GT(now.memory_bytes, options.memory_bytes * 9 / 10);
  EXPECT_GT(now.chunks_dropped, 0U);
  EXPECT_EQ(now.workloads_left_out, 0U);
  EXPECT_GT(now.fine_seconds, 60);
  EXPECT_GT(now.coarse_seconds, 1'700);  // the fine samples were dropped first
  EXPECT_GT(resident(), before);
  if (!is_sanitized()) {
    EXPECT_LE(resident() - before, options.memory_bytes * 11 / 10);
  }
}

TEST(HistoryStore, ReadersDoNotDisturbTheWriter) {
  BusyHost host(50);
  HistoryOptions options;
  options.memory_bytes = 1 << 20;
  HistoryStore store(options);
  store.add(host.next());
  std::atomic<bool> end = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!end) {
        EXPECT_THAT(found(store, "c7"), Optional(std::string("/docker/7")));
        const auto answer = store.answer({{"/docker/7", "/docker/8"}, {0, 1, 4}, 1'699'990'000, 1'700'010'000, 100});
        EXPECT_EQ(answer.series.size(), 6U);
        EXPECT_LE(store.statistics().memory_bytes, options.memory_bytes);
      }
    });
  }
  for (int second = 0; second < 2'000; ++second) store.add(host.next());
  end = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(store.statistics().chunks_dropped, 0U);
}

}  // namespace
}  // namespace tallyman
