// Turns a record into verdicts: the ratio of each cell to the baseline of its workload,
// and whether it is a real difference. Pure; thread-safe.
#pragma once

#include "agent/overhead/model/record.h"
#include "agent/overhead/model/statistics.h"

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace tallyman::overhead {

// One quantity (wall or CPU time of an operation) of one cell compared with the baseline.
struct Comparison {
  Ratio ratio;
  double corrected_p = 1;
  bool differs = false;  // false: no measurable difference; do not quote the ratio
  // Of wall time: it differs, but on a busy machine waiting for a CPU explains it (waiting.h).
  // Then `differs` is false.
  bool unclear = false;
};

struct Row {
  std::string label;
  double wall_ns = 0;  // median of an operation
  std::size_t rounds = 0;
  std::optional<Comparison> wall, cpu;  // empty if there are too few rounds, or no CPU time
  std::optional<Ratio> awake;           // wall time without waiting for a CPU; empty if that is unknown
  std::string reason;                   // why the cell was left out, fully or from some round on
};

// All cells of one workload.
struct Group {
  std::string workload, operation;
  double baseline_ns = 0;
  std::optional<double> baseline_cpu_ns;
  std::optional<Ratio> control_wall, control_cpu;  // the baseline compared with itself
  double floor_wall = std::numeric_limits<double>::infinity(), floor_cpu = floor_wall;  // without a control: no verdict
  std::vector<Row> rows;                                                                // without baseline and control
};

// The CPU time of a mode's cgroup compared with its processes' own clocks.
struct ClockAgreement {
  std::string mode;
  double cgroup_over_own = 1;  // of the sums over all measurements
};

struct Analysis {
  std::vector<Group> groups;
  std::optional<double> used_by_others;  // of all CPUs, 0 to 1
  std::vector<ClockAgreement> clocks;
};

Analysis analyse(const Record& record);

// Comparison of two runs: how each cell's ratio to its own baseline has changed.
struct Change {
  std::string workload, label;
  double before = 1, after = 1;  // the ratios
  Comparison change;             // after over before
};
struct RunComparison {
  std::vector<std::string> refusals;   // facts that make the runs incomparable; if any, nothing else is filled
  std::vector<std::string> differing;  // facts that differ and may be the cause
  std::vector<std::string> only_in_one;
  std::vector<Change> changes;
};
RunComparison compare(const Record& before, const Record& after);

}  // namespace tallyman::overhead
