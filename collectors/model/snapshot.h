// All values of one instant. Immutable and shared: readers hold a std::shared_ptr<const
// Snapshot> and never wait for the sampler.
//
// Plan once, sample many: a SeriesPlan says which series a workload has, with the labels
// already escaped. It is rebuilt only when the set of series changes. Sampling writes
// numbers into slots, rendering walks the plans family by family.
#pragma once

#include "collectors/model/series_plan.h"
#include "collectors/model/workload.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

struct Block {
  WorkloadPtr workload;  // never null; the machine's own block has the host's
  std::shared_ptr<const SeriesPlan> plan;
  std::uint32_t first_slot = 0;
  bool ended = false;  // the cgroup is gone; kept for container_last_seen
};

// The workloads and series. Shared by all snapshots between two changes.
struct Layout {
  std::vector<Block> blocks;
  std::uint32_t slots = 0;
};

struct Snapshot {
  std::uint64_t sequence = 0;
  static constexpr std::chrono::steady_clock::time_point kNotTimed{};

  // Both: when the host's CPU time was read.
  std::chrono::system_clock::time_point wall_time;
  std::chrono::steady_clock::time_point steady_time;
  // By block: when its CPU time was read. Groups of processes are counted by their own scan, which is rarer on
  // large hosts. kNotTimed, or no entry: steady_time.
  std::vector<std::chrono::steady_clock::time_point> read_times;
  // When the processes of all workloads were last read, which is rarer than those of bare ones.
  std::chrono::steady_clock::time_point processes_time = kNotTimed;
  std::shared_ptr<const Layout> layout;
  std::vector<std::uint64_t> values;  // kAbsent: no sample

  std::uint64_t value(const Block& block, const Series& series) const { return values[block.first_slot + series.slot]; }
  // When the values of this block of its layout were read. The same time in two snapshots: nothing was read in between.
  std::chrono::steady_clock::time_point time_of(const Block& block) const;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

// Sum of a metric over its series in one block (all devices, all interfaces), without
// series that count the same again; empty if there is none.
std::optional<std::uint64_t> sum_of(const Snapshot& snapshot, const Block& block, MetricId metric);

// Label values for both text formats: \ " and newline escaped, bytes that are not UTF-8
// and NUL (which Prometheus's lexer takes for the end) written as \xNN, with that backslash
// escaped.
void append_escaped_label(std::string& out, std::string_view value);

}  // namespace tallyman
