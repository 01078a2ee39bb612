#include "exporters/exposition.h"

#include "tests/support/exposition_parser.h"
#include "tests/support/gunzip.h"
#include "tests/support/snapshot_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <stdexcept>
#include <thread>

namespace tallyman {
namespace {

using test::gunzip;
using test::parse_openmetrics;
using test::parse_prometheus_text;
using test::SnapshotBuilder;
using test::workload_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr MetricDefinition kMetrics[] = {
    {"cpu_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds, "CPU time.", "cpu", "-", "-"},
    {"memory_bytes", MetricType::kGauge, "bytes", Scale::kUnits, "Memory.", "", "-", "-"},
};
const CatalogueEntry kTestCatalogue[] = {{&kMetrics[0], "cpu"}, {&kMetrics[1], "memory"}};

SnapshotPtr snapshot_of(std::uint64_t sequence, int workloads = 3) {
  SnapshotBuilder builder(kTestCatalogue);
  for (int i = 0; i < workloads; ++i) {
    const std::string id = "/docker/" + std::to_string(i);
    builder.add(workload_of(WorkloadKind::kContainer, id, id), "id=\"" + id + "\"", [&](SeriesWriter& w) {
      w.put(0, {"total"}, sequence * 1'000'000'000);
      w.put(1, sequence);
    });
  }
  return builder.build(sequence);
}

// Counts the bodies made: each one calls for the agent's own metrics once.
class ExpositionTest : public ::testing::Test {
 protected:
  std::atomic<int> made_{0};
  Exposition exposition_{[this](TextFormat, std::string& out) {
                           ++made_;
                           out += "# HELP own Own.\n# TYPE own gauge\nown 1\n";
                         },
                         kTestCatalogue};
  static constexpr ExpositionRequest plain() { return {}; }
  static ExpositionRequest request(TextFormat format, bool gzip, std::vector<std::string> collectors = {}) {
    return {format, gzip, std::move(collectors)};
  }
};

TEST_F(ExpositionTest, EndsOpenMetricsAndOnlyThat) {
  const SnapshotPtr snapshot = snapshot_of(1);
  const auto text = exposition_.body(snapshot, plain());
  EXPECT_THAT(parse_prometheus_text(*text).faults, IsEmpty());
  EXPECT_THAT(*text, Not(HasSubstr("# EOF")));
  const auto open = exposition_.body(snapshot, request(TextFormat::kOpenMetrics, false));
  const auto parsed = parse_openmetrics(*open);
  EXPECT_THAT(parsed.faults, IsEmpty());
  EXPECT_EQ(parsed.series.size(), 7U);
  EXPECT_EQ(parsed.series.at("own"), 1);
}

TEST_F(ExpositionTest, MakesABodyOnceASnapshot) {
  const SnapshotPtr first = snapshot_of(1), second = snapshot_of(2);
  const auto body = exposition_.body(first, plain());
  EXPECT_EQ(exposition_.body(first, plain()), body);
  EXPECT_EQ(made_, 1);
  EXPECT_NE(exposition_.body(second, plain()), body);
  EXPECT_EQ(made_, 2);
}

TEST_F(ExpositionTest, CompressesTheBodyThatItHas) {
  const SnapshotPtr snapshot = snapshot_of(1);
  const auto text = exposition_.body(snapshot, plain());
  const auto compressed = exposition_.body(snapshot, request(TextFormat::kPrometheus, true));
  EXPECT_EQ(gunzip(*compressed), *text);
  EXPECT_EQ(made_, 1);
  EXPECT_EQ(exposition_.body(snapshot, request(TextFormat::kPrometheus, true)), compressed);
}

TEST_F(ExpositionTest, DoesNotKeepTheTextOfACompressedOne) {
  const SnapshotPtr snapshot = snapshot_of(1);
  const auto compressed = exposition_.body(snapshot, request(TextFormat::kOpenMetrics, true));
  EXPECT_THAT(parse_openmetrics(gunzip(*compressed)).faults, IsEmpty());
  EXPECT_EQ(*exposition_.body(snapshot, request(TextFormat::kOpenMetrics, false)), gunzip(*compressed));
  EXPECT_EQ(made_, 2);
  EXPECT_EQ(exposition_.body(snapshot, request(TextFormat::kOpenMetrics, true)), compressed);
  EXPECT_EQ(made_, 2);
}

TEST_F(ExpositionTest, SelectsCollectors) {
  const SnapshotPtr snapshot = snapshot_of(1);
  const auto cpu = parse_prometheus_text(*exposition_.body(snapshot, request(TextFormat::kPrometheus, false, {"cpu"})));
  EXPECT_EQ(cpu.families.size(), 1U);
  EXPECT_EQ(cpu.families.count("cpu_seconds_total"), 1U);
  const auto both =
      parse_prometheus_text(*exposition_.body(snapshot, request(TextFormat::kPrometheus, false, {"memory", "self"})));
  EXPECT_EQ(both.families.size(), 2U);
  EXPECT_EQ(both.families.count("memory_bytes"), 1U);
  EXPECT_EQ(both.families.count("own"), 1U);
  EXPECT_EQ(*exposition_.body(snapshot, request(TextFormat::kPrometheus, false, {"nonsense"})), "");
}

TEST_F(ExpositionTest, GivesTheAgentsOwnMetricsBeforeTheFirstSample) {
  EXPECT_EQ(*exposition_.body(nullptr, plain()), "# HELP own Own.\n# TYPE own gauge\nown 1\n");
  exposition_.body(nullptr, plain());
  EXPECT_EQ(made_, 2) << "there is no snapshot to keep it for";
  EXPECT_EQ(gunzip(*exposition_.body(nullptr, request(TextFormat::kOpenMetrics, true))),
            "# HELP own Own.\n# TYPE own gauge\nown 1\n# EOF\n");
}

TEST_F(ExpositionTest, ServesAnOlderSnapshotWithoutLosingTheNewest) {
  const SnapshotPtr old = snapshot_of(1), now = snapshot_of(2);
  const auto body = exposition_.body(now, plain());
  EXPECT_THAT(*exposition_.body(old, plain()), HasSubstr("memory_bytes{id=\"/docker/0\"} 1\n"));
  EXPECT_EQ(exposition_.body(now, plain()), body);
}

TEST_F(ExpositionTest, KeepsAtMostEightBodies) {
  const SnapshotPtr snapshot = snapshot_of(1);
  std::vector<std::weak_ptr<const std::string>> bodies;
  for (int i = 0; i < 20; ++i) {
    bodies.push_back(
        exposition_.body(snapshot, request(TextFormat::kPrometheus, false, {"cpu", "x" + std::to_string(i)})));
  }
  const auto alive = std::count_if(bodies.begin(), bodies.end(), [](const auto& body) { return !body.expired(); });
  EXPECT_EQ(alive, 8);
}

TEST_F(ExpositionTest, ReusesTheMemoryOfABodyWithoutReaders) {
  std::vector<const char*> places;
  for (std::uint64_t sequence = 1; sequence <= 6; ++sequence) {
    places.push_back(exposition_.body(snapshot_of(sequence, 500), request(TextFormat::kPrometheus, true))->data());
  }
  for (const char* place : places) EXPECT_EQ(place, places.front());
}

TEST_F(ExpositionTest, LeavesABodyToItsReader) {
  const auto body = exposition_.body(snapshot_of(1, 500), plain());
  const std::string before = *body;
  for (std::uint64_t sequence = 2; sequence < 6; ++sequence) exposition_.body(snapshot_of(sequence, 500), plain());
  EXPECT_EQ(*body, before);
}

TEST_F(ExpositionTest, CountsRequestsAndMadeBodies) {
  const SnapshotPtr snapshot = snapshot_of(1);
  for (int i = 0; i < 3; ++i) exposition_.body(snapshot, request(TextFormat::kOpenMetrics, true));
  exposition_.body(snapshot, plain());
  const ExpositionStatistics statistics = exposition_.statistics();
  EXPECT_EQ(statistics.requests[1][1], 3U);
  EXPECT_EQ(statistics.requests[0][0], 1U);
  EXPECT_EQ(statistics.requests[0][1] + statistics.requests[1][0], 0U);
  std::uint64_t made = 0;
  for (std::uint64_t count : statistics.made.counts) made += count;
  EXPECT_EQ(made, 2U);
  EXPECT_GT(statistics.made.sum_seconds, 0);
}

TEST(ExpositionFailure, LetsTheNextCallerTryAgain) {
  int calls = 0;
  Exposition exposition(
      [&calls](TextFormat, std::string&) {
        if (++calls == 1) throw std::runtime_error("no memory");
      },
      kTestCatalogue);
  const SnapshotPtr snapshot = snapshot_of(1);
  EXPECT_THROW(exposition.body(snapshot, {}), std::runtime_error);
  EXPECT_THAT(*exposition.body(snapshot, {}), HasSubstr("memory_bytes"));
  exposition.body(snapshot, {});
  EXPECT_EQ(calls, 2);
}

TEST(ExpositionFailure, LetsWaitingCallersTryAgain) {
  std::atomic<int> calls{0};
  Exposition exposition(
      [&calls](TextFormat, std::string&) {
        if (++calls == 1) {
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
          throw std::runtime_error("no memory");
        }
      },
      kTestCatalogue);
  const SnapshotPtr snapshot = snapshot_of(1);
  std::atomic<int> failed{0}, served{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      try {
        exposition.body(snapshot, {});
        ++served;
      } catch (const std::runtime_error&) {
        ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 1);
  EXPECT_EQ(served, 3);
  EXPECT_EQ(calls, 2);
}

TEST_F(ExpositionTest, MakesEachBodyOnceForConcurrentCallers) {
  constexpr int kThreads = 8, kRounds = 50;
  std::barrier together(kThreads);
  std::vector<SnapshotPtr> snapshots;
  for (int i = 1; i <= kRounds; ++i) snapshots.push_back(snapshot_of(static_cast<std::uint64_t>(i), 100));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (const SnapshotPtr& snapshot : snapshots) {
        together.arrive_and_wait();
        const auto body = exposition_.body(snapshot, request(TextFormat::kOpenMetrics, t % 2 == 0));
        const std::string text = t % 2 == 0 ? gunzip(*body) : *body;
        const std::string sample = "memory_bytes{id=\"/docker/7\"} " + std::to_string(snapshot->sequence) + "\n";
        if (text.find(sample) == std::string::npos || !text.ends_with("# EOF\n")) ++wrong;
        together.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(made_, kRounds);
  EXPECT_LE(made_, 2 * kRounds) << "the text that is asked for, and one to be compressed";
}

TEST_F(ExpositionTest, ServesReadersWhileSnapshotsChange) {
  std::mutex mutex;
  SnapshotPtr newest = snapshot_of(1, 50);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0}, served{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 4; ++t) {
    readers.emplace_back([&, t] {
      while (!stop) {
        SnapshotPtr snapshot;
        {
          const std::lock_guard lock(mutex);
          snapshot = newest;
        }
        const bool gzip = t % 2 == 0;
        const auto body = exposition_.body(snapshot, request(static_cast<TextFormat>(t / 2), gzip));
        const std::string text = gzip ? gunzip(*body) : *body;
        const std::string sample = "memory_bytes{id=\"/docker/49\"} " + std::to_string(snapshot->sequence) + "\n";
        if (text.find(sample) == std::string::npos) ++wrong;
        ++served;
      }
    });
  }
  for (std::uint64_t sequence = 2; sequence < 200; ++sequence) {
    const SnapshotPtr next = snapshot_of(sequence, 50);
    const std::lock_guard lock(mutex);
    newest = next;
  }
  while (served < 100) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

TEST(DurationHistogram, CountsIntoTheBucketThatHoldsIt) {
  DurationHistogram histogram;
  histogram.observe(0.0004);
  histogram.observe(0.0005);
  histogram.observe(0.02);
  histogram.observe(3);
  EXPECT_EQ(histogram.counts[0], 2U);
  EXPECT_EQ(histogram.counts[5], 1U);
  EXPECT_EQ(histogram.counts.back(), 1U);
  EXPECT_DOUBLE_EQ(histogram.sum_seconds, 3.0209);
}

}  // namespace
}  // namespace tallyman
