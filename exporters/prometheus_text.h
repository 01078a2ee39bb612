// Snapshot -> Prometheus text. Renders by family from the snapshot's plans:
// reads no kernel file and takes no lock that the sampler holds.
#pragma once

#include "collectors/model/catalogue.h"
#include "collectors/model/snapshot.h"

#include <cstddef>
#include <cstdint>
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
                     std::span<const CatalogueEntry> metrics);
// The same, but replaces the text in `out`. If that is an earlier body, its memory
// need not be faulted in or filled first.
void replace_by_families(const Snapshot& snapshot, TextFormat format, const FamilyFilter& filter, std::string& out,
                         std::span<const CatalogueEntry> metrics);

// "# HELP", "# TYPE" and, in OpenMetrics if the name ends in the unit, "# UNIT".
void append_family_header(std::string& out, const MetricDefinition& metric, TextFormat format);
// The exact value of a slot as text: nanoseconds as "12.345678901".
void append_value(std::string& out, std::uint64_t value, Scale scale);
// The shortest text that parses to the same double, in every locale. Whole numbers
// below 2^53 have no exponent.
void append_double(std::string& out, double value);

}  // namespace tallyman
