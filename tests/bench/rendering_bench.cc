// What making the text of a scrape costs: 1,000 containers of 100 series each.
#include "collectors/model/series_writer.h"
#include "exporters/exposition.h"
#include "exporters/gzip.h"
#include "tests/bench/bench_measure.h"
#include "tests/support/snapshot_builder.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <utility>

namespace tallyman::bench {
namespace {

constexpr unsigned kContainers = 1'000;
constexpr unsigned kMetrics = 100;

using Labels = std::vector<std::pair<std::string, std::string>>;

// As a Compose service has them: about 300 bytes of text.
Labels labels_of(unsigned container) {
  char id[80];
  std::snprintf(id, sizeof id, "/docker/%016x%016x%016x%016x", container * 2654435761U, container, container ^ 0x5bd1U,
                container * 40503U);
  const std::string number = std::to_string(container);
  return {{"id", id},
          {"name", "shop-web-" + number},
          {"image", "registry.example.com/shop/web:1.2.3"},
          {"container_label_com_docker_compose_project", "shop"},
          {"container_label_com_docker_compose_service", "web"},
          {"kind", "container"},
          {"workload", "shop-web-" + number}};
}

std::string text_of(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += text.empty() ? "" : ",";
    text += name + "=\"";
    append_escaped_label(text, value);
    text += '"';
  }
  return text;
}

// Counters of seconds and bytes, as most of the real ones are.
class Metrics {
 public:
  Metrics() {
    for (unsigned i = 0; i < kMetrics; ++i) {
      const bool time = i % 4 == 0;
      names_.push_back("container_benchmark_figure_" + std::to_string(i) + (time ? "_seconds_total" : "_bytes_total"));
      definitions_.push_back({names_.back(), MetricType::kCounter, time ? "seconds" : "bytes",
                              time ? Scale::kNanoseconds : Scale::kUnits, "A figure of the benchmark.", "", "-", "-"});
    }
    for (const MetricDefinition& definition : definitions_) {
      entries_.push_back({&definition, "benchmark"});
    }
  }
  std::span<const CatalogueEntry> entries() const { return entries_; }

 private:
  std::deque<std::string> names_;
  std::deque<MetricDefinition> definitions_;
  std::vector<CatalogueEntry> entries_;
};

std::uint64_t value_of(unsigned container, unsigned metric) {
  return (std::uint64_t{container} * 7919 + metric) * 104'729 * (metric % 7 + 1) + 123'456'789;
}

SnapshotPtr snapshot_of(const Metrics& metrics) {
  test::SnapshotBuilder builder(metrics.entries());
  for (unsigned container = 0; container < kContainers; ++container) {
    const Labels labels = labels_of(container);
    builder.add(test::workload_of(WorkloadKind::kContainer, labels[0].second, labels[1].second), text_of(labels),
                [&](SeriesWriter& writer) {
                  for (unsigned metric = 0; metric < kMetrics; ++metric) {
                    writer.put(metric, value_of(container, metric));
                  }
                });
  }
  return builder.build();
}

std::vector<prometheus::MetricFamily> families_of(const Metrics& metrics) {
  std::vector<prometheus::MetricFamily> families;
  for (unsigned metric = 0; metric < kMetrics; ++metric) {
    const MetricDefinition& definition = *metrics.entries()[metric].definition;
    prometheus::MetricFamily family;
    family.name = definition.name;
    family.help = definition.help;
    family.type = prometheus::MetricType::Counter;
    for (unsigned container = 0; container < kContainers; ++container) {
      prometheus::ClientMetric one;
      for (auto& [name, value] : labels_of(container)) {
        one.label.push_back({std::move(name), std::move(value)});
      }
      const double scale = definition.scale == Scale::kNanoseconds ? 1e9 : 1;
      one.counter.value = static_cast<double>(value_of(container, metric)) / scale;
      family.metric.push_back(std::move(one));
    }
    families.push_back(std::move(family));
  }
  return families;
}

std::string milliseconds(const std::vector<double>& seconds) { return number(median(seconds) * 1e3, 1) + " ms"; }

int run(int rounds) {
  const Metrics metrics;
  const SnapshotPtr snapshot = snapshot_of(metrics);
  const std::vector<prometheus::MetricFamily> families = families_of(metrics);
  const prometheus::TextSerializer serializer;
  GzipCompressor compressor;
  std::string body, copy, packed;
  std::size_t others_bytes = 0;
  // As the agent does it: over the body of the last snapshot.
  const auto render = [&] { replace_by_families(*snapshot, TextFormat::kPrometheus, {}, body, metrics.entries()); };
  render();
  copy = body;
  compressor.compress(body, packed);
  const auto fast = interleaved(rounds, {render, [&] { std::memcpy(copy.data(), body.data(), body.size()); }});
  // Five in a row, of each: the first of them finds the caches full of the other.
  constexpr int kInARow = 5;
  const auto in_a_row = [](const std::function<void()>& work) {
    return [work] {
      for (int i = 0; i < kInARow; ++i) {
        work();
      }
    };
  };
  auto slow = interleaved(std::max(3, rounds / 10),
                          {in_a_row(render), in_a_row([&] { others_bytes = serializer.Serialize(families).size(); }),
                           in_a_row([&] { compressor.compress(body, packed); })});
  for (auto& one : slow) {
    for (double& seconds : one) {
      seconds /= kInARow;
    }
  }
  const std::string series = std::to_string(snapshot->values.size()) + " series";
  if (copy != body || others_bytes < body.size() / 2) {
    std::fputs("the bodies are not what they should be\n", stderr);
    return 1;
  }
  bool reached =
      print_row("rendering " + series + ", against memcpy of the body", Bound::kAtMost, 2, ratio(fast[0], fast[1]), "x",
                milliseconds(fast[0]) + " against " + milliseconds(fast[1]) + "; " +
                    number(static_cast<double>(body.size()) / 1e6, 1) + " MB");
  reached = print_row("prometheus-cpp's TextSerializer on the same series, against rendering", Bound::kAtLeast, 60,
                      ratio(slow[1], slow[0]), "x", milliseconds(slow[1]) + " against " + milliseconds(slow[0])) &&
            reached;
  print_row("compressing that body with gzip", Bound::kNone, 0, median(slow[2]) * 1e3, " ms",
            "to " + number(static_cast<double>(packed.size()) / 1e6, 1) +
                " MB, 1:" + number(static_cast<double>(body.size()) / static_cast<double>(packed.size()), 1) +
                "; once a snapshot however many scrapers");
  return reached ? 0 : 3;
}

}  // namespace
}  // namespace tallyman::bench

// rendering_bench [ROUNDS]
int main(int argc, char** argv) {
  return tallyman::bench::run(argc > 1 ? std::clamp(std::atoi(argv[1]), 1, 10'000) : 61);
}
