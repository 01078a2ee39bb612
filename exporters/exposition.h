// Snapshot -> Prometheus text. Renders by family from the snapshot's plans:
// reads no kernel file and takes no lock that the sampler holds.
#pragma once

#include "collectors/snapshot.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

enum class TextFormat : std::uint8_t {
  kPrometheus,   // text/plain; version=0.0.4
  kOpenMetrics,  // application/openmetrics-text; version=1.0.0
};
std::string_view content_type(TextFormat format);

// Which families: true for each MetricId wanted; empty: all.
using FamilyFilter = std::vector<bool>;

// Appends all families of the snapshot. Counters whose name does not end in
// _total (cAdvisor has such) are of type "unknown" in OpenMetrics, which allows
// no other counter names. No "# EOF": the caller ends the text.
void render_families(const Snapshot& snapshot, TextFormat format, const FamilyFilter& filter, std::string& out);

// The value of a slot as text, exact: nanoseconds as "12.345678901".
void append_value(std::string& out, std::uint64_t value, Scale scale);
// Shortest text that parses back to the same double.
void append_double(std::string& out, double value);

// One body for every scraper that asks for the same, made once a snapshot.
struct ExpositionRequest {
  TextFormat format = TextFormat::kPrometheus;
  bool gzip = false;
  std::vector<std::string> collectors;  // collect[]; sorted, unique; empty: all
};

class Exposition {
 public:
  // `self` appends the agent's own metrics in the given format.
  using SelfMetrics = std::function<void(TextFormat, std::string&)>;
  explicit Exposition(SelfMetrics self);

  // Thread-safe; concurrent calls for one snapshot and request render once.
  // Unknown names in `collectors` select nothing: check them first.
  std::shared_ptr<const std::string> body(const SnapshotPtr& snapshot, const ExpositionRequest& request);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tallyman
