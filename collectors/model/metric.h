// Defines a metric. Every metric of the agent is declared once, in the table of its
// collector (or of the agent's own metrics); exporters, docs/metrics.md, dashboards and
// the lint tests read those tables through catalogue().
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

namespace tallyman {

// Snapshots hold counters and gauges; only the agent's own metrics have histograms.
enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram };
std::string_view to_string(MetricType type);  // "counter", ...

// How a slot's integer becomes text. Counters stay integers until then.
enum class Scale : std::uint8_t {
  kUnits,         // as it is
  kMilliseconds,  // written as seconds
  kMicroseconds,  // written as seconds
  kNanoseconds,   // written as seconds
};

struct MetricDefinition {
  std::string_view name;
  MetricType type;
  std::string_view unit;  // "seconds", "bytes", "" for a plain count
  Scale scale;
  std::string_view help;       // one line, no escapes needed
  std::string_view labels;     // beyond the base labels: "device", "failure_type,scope"
  std::string_view source_v1;  // for docs: the source on cgroup v1 and hybrid, "-" if there is none
  std::string_view source_v2;
};

// Index into catalogue(): stable for one build.
using MetricId = std::uint16_t;

// A slot without a value: the kernel does not report it, so there is no series. 2^64 - 1
// itself is the kernel's own "not set" wherever a value could reach it.
inline constexpr std::uint64_t kAbsent = std::numeric_limits<std::uint64_t>::max();

}  // namespace tallyman
