// Snapshot -> Prometheus text. Renders by family from the snapshot's plans:
// reads no kernel file and takes no lock that the sampler holds.
#pragma once

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

// Appends all families of the snapshot. Counters whose name does not end in
// _total (cAdvisor has such) are of type "unknown" in OpenMetrics, which allows
// no other counter names. No "# EOF": the caller ends the text. A family
// without a sample is left out altogether.
void render_families(const Snapshot& snapshot, TextFormat format, const FamilyFilter& filter, std::string& out,
                     std::span<const CatalogueEntry> metrics = catalogue());
// The same in place of what `out` holds, which is best an earlier body: written
// over, its memory need neither be faulted in nor filled first.
void replace_by_families(const Snapshot& snapshot, TextFormat format, const FamilyFilter& filter, std::string& out,
                         std::span<const CatalogueEntry> metrics = catalogue());

// "# HELP", "# TYPE" and, in OpenMetrics and where the name ends in it, "# UNIT".
void append_family_header(std::string& out, const MetricDefinition& metric, TextFormat format);
// The value of a slot as text, exact: nanoseconds as "12.345678901".
void append_value(std::string& out, std::uint64_t value, Scale scale);
// Text that parses back to the same double, whatever the locale; the shortest
// one, but whole numbers below 2^53 without an exponent.
void append_double(std::string& out, double value);

// One body for every scraper that asks for the same, made once a snapshot.
struct ExpositionRequest {
  TextFormat format = TextFormat::kPrometheus;
  bool gzip = false;
  // collect[]; sorted, unique; empty: all. The agent's own metrics are selected
  // by kSelfCollector, and come with "all".
  std::vector<std::string> collectors;
  bool operator==(const ExpositionRequest&) const = default;
};

// What rendering and compressing took. No bound is a whole number: the two
// formats would spell such a one differently in the label `le`.
struct DurationHistogram {
  static constexpr std::array<double, 10> kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5};
  std::array<std::uint64_t, kBounds.size() + 1> counts{};  // not cumulative; the last is above all bounds
  double sum_seconds = 0;
  void observe(double seconds);
};

struct ExpositionStatistics {
  std::array<std::array<std::uint64_t, 2>, kTextFormats> requests{};  // [format][gzip]
  DurationHistogram made;                                             // bodies made, each with all that it took
};

class Exposition {
 public:
  // `self` appends the agent's own metrics in the given format. Called without
  // a lock held, at times from several threads at once.
  using SelfMetrics = std::function<void(TextFormat, std::string&)>;
  explicit Exposition(SelfMetrics self, std::span<const CatalogueEntry> metrics = catalogue());

  // Thread-safe; concurrent calls for one snapshot and request render once.
  // Unknown names in `collectors` select nothing: check them first. A null
  // snapshot gives the agent's own metrics alone. At most 8 bodies, of the
  // newest snapshot, are kept; the buffers of older ones are used again once no
  // reader holds them. A body may outlive the Exposition.
  std::shared_ptr<const std::string> body(const SnapshotPtr& snapshot, const ExpositionRequest& request);
  ExpositionStatistics statistics() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tallyman
