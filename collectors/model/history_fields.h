// What the agent remembers of every workload and shows live: a fixed table of fields.
// Each is made of one or more metrics, summed over devices and interfaces. Counters stay
// counters until they are read; two of them give a rate.
#pragma once

#include "collectors/model/metric.h"
#include "collectors/model/snapshot.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyman {

enum class FieldKind : std::uint8_t {
  kRate,   // a counter, shown as its growth per second
  kCount,  // a counter, shown as its growth
  kGauge,  // shown as it is
};

struct HistoryField {
  std::string_view name;  // "cpu_cores": in the API
  FieldKind kind;
  std::string_view unit;  // "cores", "bytes", "bytes/s", "1/s", "ratio", "count"
  std::string_view help;
  // A value is stored as a whole number of grains: the steps in which the kernel counts
  // (pages, sectors), or steps too small to see (microseconds).
  std::uint64_t grain;  // in the metric's own unit; a gauge is rounded, a counter truncated
  double scale;         // from stored grains to `unit`
  bool in_stream;       // among the fields of /api/v1/stream
};

inline constexpr std::size_t kHistoryFields = 32;
// Index = position in a HistoryRow. Fields that change together are adjacent.
std::span<const HistoryField, kHistoryFields> history_fields();
std::optional<unsigned> find_history_field(std::string_view name);

// All fields of one workload at one instant, in grains; kAbsent: not known.
using HistoryRow = std::array<std::uint64_t, kHistoryFields>;

// The positions of the fields in a block, found once for each plan. Not thread-safe.
class FieldReader {
 public:
  // False, and the row unchanged, if the block has no field at all: the machine's own
  // series, or a workload that has ended.
  bool read(const Snapshot& snapshot, const Block& block, HistoryRow& row);
  std::size_t memory_bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint8_t field;
    bool divides;  // the field's sum is divided by this value
    std::uint32_t slot;
  };
  void find_fields(const SeriesPlan& plan);

  std::shared_ptr<const SeriesPlan> plan_;
  std::vector<Slot> slots_;  // by field
};

// The field's value in its unit from two rows `seconds` apart. Empty if one is unknown or
// the counter ran backwards (it was reset).
std::optional<double> figure_between(unsigned field, std::uint64_t before, std::uint64_t now, double seconds);

// A query of the history. Times are seconds since the epoch by the current clock.
struct HistoryQuery {
  std::vector<std::string> workloads;  // ids: cgroup paths
  std::vector<unsigned> fields;
  double from = 0, to = 0, step = 1;
};

struct HistorySeries {
  std::string workload;  // its id
  unsigned field = 0;
  // Start of a step and the average in it (kCount: the sum). A step without data has no
  // point.
  std::vector<std::pair<double, double>> points;
};

struct HistoryAnswer {
  double from = 0, to = 0, step = 1;  // widened to whole steps
  std::vector<HistorySeries> series;  // each workload with each field, in the order of the query
};

}  // namespace tallyman
