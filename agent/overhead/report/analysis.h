// From a record to verdicts: what each cell is against the baseline of its
// workload, and whether that is a difference at all. Pure; thread-safe.
#pragma once

#include "agent/overhead/model/record.h"
#include "agent/overhead/model/statistics.h"

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace tallyman::overhead {

// One quantity (wall or CPU time of an operation) of one cell against the baseline.
struct Comparison {
  Ratio ratio;
  double corrected_p = 1;
  bool differs = false;  // false: no measurable difference, and the ratio is no number to quote
};

struct Row {
  std::string label;
  double wall_ns = 0;  // median of an operation
  std::size_t rounds = 0;
  std::optional<Comparison> wall, cpu;  // none for too few rounds, or no CPU time
  std::string reason;                   // of a cell that was left out, wholly or from some round on
};

// All cells of one workload.
struct Group {
  std::string workload, operation;
  double baseline_ns = 0;
  std::optional<double> baseline_cpu_ns;
  std::optional<Ratio> control_wall, control_cpu;                                       // the baseline against itself
  double floor_wall = std::numeric_limits<double>::infinity(), floor_cpu = floor_wall;  // without a control: no verdict
  std::vector<Row> rows;                                                                // without baseline and control
};

// How the CPU time of a mode's cgroup compares with its processes' own clocks.
struct ClockAgreement {
  std::string mode;
  double cgroup_over_own = 1;  // of the sums over all measurements
};

struct Analysis {
  std::vector<Group> groups;
  std::vector<ClockAgreement> clocks;
};

Analysis analyse(const Record& record);

// Of two runs: how far each cell's ratio to its own baseline has moved.
struct Change {
  std::string workload, label;
  double before = 1, after = 1;  // the ratios
  Comparison change;             // after over before
};
struct RunComparison {
  std::vector<std::string> refusals;   // facts for which they cannot be compared: nothing else is filled
  std::vector<std::string> differing;  // facts that differ: perhaps the cause
  std::vector<std::string> only_in_one;
  std::vector<Change> changes;
};
RunComparison compare(const Record& before, const Record& after);

}  // namespace tallyman::overhead
