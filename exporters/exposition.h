// Snapshot -> Prometheus text. Renders by family from the snapshot's plans:
// reads no kernel file and takes no lock that the sampler holds.
#pragma once

#include "collectors/model/catalogue.h"
#include "collectors/model/snapshot.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

enum class TextFormat : std::uint8_t {
  kPrometheus,   // text/plain; version=0.0.4
  kOpenMetrics,  // application/openmetrics-text; version=1.0.0
};
inline constexpr std::size_t kTextFormats = 2;
std::string_view content_type(TextFormat format);

// Which families: true for each MetricId wanted; empty: all.
using FamilyFilter = std::vector<bool>;

// Appends all families of the snapshot. OpenMetrics requires that names of counters
// end in _total; other counters (cAdvisor has some) get the type "unknown" there.
// Writes no "# EOF": the caller ends the text. A family without a sample is left out.
void render_families(const Snapshot& snapshot, TextFormat format, const FamilyFilter& filter, std::string& out,
                     std::span<const CatalogueEntry> metrics = catalogue());
// The same, but replaces the text in `out`. If that is an earlier body, its memory
// need not be faulted in or filled first.
void replace_by_families(const Snapshot& snapshot, TextFormat format, const FamilyFilter& filter, std::string& out,
                         std::span<const CatalogueEntry> metrics = catalogue());

// "# HELP", "# TYPE" and, in OpenMetrics if the name ends in the unit, "# UNIT".
void append_family_header(std::string& out, const MetricDefinition& metric, TextFormat format);
// The exact value of a slot as text: nanoseconds as "12.345678901".
void append_value(std::string& out, std::uint64_t value, Scale scale);
// The shortest text that parses to the same double, in every locale. Whole numbers
// below 2^53 have no exponent.
void append_double(std::string& out, double value);

// A request for a body. Equal requests share one body per snapshot.
struct ExpositionRequest {
  TextFormat format = TextFormat::kPrometheus;
  bool gzip = false;
  // collect[]; sorted, unique; empty: all. The agent's own metrics are selected
  // by kSelfCollector, and come with "all".
  std::vector<std::string> collectors;
  bool operator==(const ExpositionRequest&) const = default;
};

// Time of rendering and compressing. No bound is a whole number, because the two
// formats write those differently in the label `le`.
struct DurationHistogram {
  static constexpr std::array<double, 10> kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5};
  std::array<std::uint64_t, kBounds.size() + 1>
      counts{};  // not cumulative; the last one counts values above all bounds
  double sum_seconds = 0;
  void observe(double seconds);
};

struct ExpositionStatistics {
  std::array<std::array<std::uint64_t, 2>, kTextFormats> requests{};  // [format][gzip]
  DurationHistogram made;                                             // time to make each body
};

class Exposition {
 public:
  // `self` appends the agent's own metrics in the given format. It is called without
  // a lock, possibly from several threads at once.
  using SelfMetrics = std::function<void(TextFormat, std::string&)>;
  explicit Exposition(SelfMetrics self, std::span<const CatalogueEntry> metrics = catalogue());

  // Thread-safe; concurrent calls for one snapshot and request render once.
  // Unknown names in `collectors` select nothing: check them first. A null snapshot
  // gives only the agent's own metrics. At most 8 bodies of the newest snapshot are
  // kept; the buffers of older ones are reused when no reader holds them. A body may
  // outlive the Exposition.
  std::shared_ptr<const std::string> body(const SnapshotPtr& snapshot, const ExpositionRequest& request);
  ExpositionStatistics statistics() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tallyman
