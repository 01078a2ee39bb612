#include "agent/overhead/report/analysis.h"

#include "agent/overhead/model/plan.h"
#include "agent/overhead/report/waiting.h"
#include "agent/overhead/targets/environment.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace tallyman::overhead {
namespace {

using Value = std::optional<double> (*)(const Sample&);
std::optional<double> wall_of(const Sample& sample) { return sample.wall_ns; }
std::optional<double> cpu_of(const Sample& sample) { return sample.cpu_ns; }
std::optional<double> awake_of(const Sample& sample) {
  return sample.wait_ns && *sample.wait_ns < sample.wall_ns ? std::optional(sample.wall_ns - *sample.wait_ns)
                                                            : std::nullopt;
}

std::vector<double> values_of(const CellRecord& cell, Value value) {
  std::vector<double> values;
  for (const Sample& sample : cell.samples) {
    if (const auto one = value(sample)) values.push_back(*one);
  }
  return values;
}

// Pairs of rounds that both have.
std::vector<double> log_ratios(const CellRecord& cell, const CellRecord& baseline, Value value) {
  std::map<unsigned, double> of_baseline;
  for (const Sample& sample : baseline.samples) {
    if (const auto one = value(sample)) of_baseline[sample.round] = *one;
  }
  std::vector<double> ratios;
  for (const Sample& sample : cell.samples) {
    const auto one = value(sample);
    const auto other = of_baseline.find(sample.round);
    if (one && other != of_baseline.end() && *one > 0 && other->second > 0) {
      ratios.push_back(std::log(*one / other->second));
    }
  }
  return ratios;
}

std::optional<Ratio> ratio_between(const CellRecord& cell, const CellRecord& baseline, Value value,
                                   std::uint64_t seed) {
  const std::vector<double> ratios = log_ratios(cell, baseline, value);
  if (ratios.size() < kMinRounds) return {};
  return ratio_of(ratios, seed);
}

// The first cell of the workload in this mode; null if none has samples.
const CellRecord* cell_of(const Record& record, const std::string& workload, std::string_view mode) {
  const auto found = std::find_if(record.cells.begin(), record.cells.end(), [&](const CellRecord& cell) {
    return cell.workload == workload && cell.mode == mode && !cell.samples.empty();
  });
  return found == record.cells.end() ? nullptr : &*found;
}

std::string operation_of(const std::string& workload) {
  for (const Workload& known : workloads()) {
    if (known.name == workload) return std::string(known.operation);
  }
  return "operation";
}

std::optional<Comparison> compared(std::optional<Ratio> ratio) {
  if (!ratio) return {};
  return Comparison{*ratio};
}

Row row_of(const CellRecord& cell, const CellRecord& baseline, std::uint64_t seed) {
  Row row;
  row.label = cell.label;
  row.rounds = cell.samples.size();
  row.reason = cell.reason;
  row.wall_ns = cell.samples.empty() ? 0 : median(values_of(cell, wall_of));
  row.wall = compared(ratio_between(cell, baseline, wall_of, seed));
  row.cpu = compared(ratio_between(cell, baseline, cpu_of, seed));
  row.awake = ratio_between(cell, baseline, awake_of, seed);
  if (!row.wall && row.reason.empty()) row.reason = "only " + std::to_string(row.rounds) + " rounds";
  return row;
}

// The table shows this once, not for each workload.
bool was_left_out(const Record& record, const std::string& mode) {
  return std::any_of(record.modes.begin(), record.modes.end(),
                     [&](const ModeRecord& known) { return known.name == mode && !known.reason.empty(); });
}

std::optional<Group> group_of(const Record& record, const std::string& workload) {
  const CellRecord* baseline = cell_of(record, workload, record.baseline);
  if (baseline == nullptr) return {};
  Group group;
  group.workload = workload;
  group.operation = operation_of(workload);
  group.baseline_ns = median(values_of(*baseline, wall_of));
  const auto cpu = values_of(*baseline, cpu_of);
  if (!cpu.empty()) group.baseline_cpu_ns = median(cpu);
  if (const CellRecord* control = cell_of(record, workload, kControl)) {
    group.control_wall = ratio_between(*control, *baseline, wall_of, record.seed);
    group.control_cpu = ratio_between(*control, *baseline, cpu_of, record.seed);
    if (group.control_wall) group.floor_wall = noise_floor(*group.control_wall);
    if (group.control_cpu) group.floor_cpu = noise_floor(*group.control_cpu);
  }
  for (const CellRecord& cell : record.cells) {
    if (cell.workload != workload || &cell == baseline || cell.mode == kControl) continue;
    if (cell.samples.size() < kMinRounds && cell.reason.empty() && was_left_out(record, cell.mode)) continue;
    group.rows.push_back(row_of(cell, *baseline, record.seed));
  }
  return group;
}

// All cells, wall and CPU time, are one family of tests.
void decide(std::vector<Group>& groups) {
  std::vector<std::pair<Comparison*, double>> tested;
  for (Group& group : groups) {
    for (Row& row : group.rows) {
      if (row.wall) tested.emplace_back(&*row.wall, group.floor_wall);
      if (row.cpu) tested.emplace_back(&*row.cpu, group.floor_cpu);
    }
  }
  std::vector<double> p;
  p.reserve(tested.size());
  for (const auto& [comparison, floor] : tested) p.push_back(comparison->ratio.p);
  const std::vector<double> corrected = holm(p);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    auto& [comparison, floor] = tested[i];
    comparison->corrected_p = corrected[i];
    comparison->differs = differs(comparison->ratio, corrected[i], floor);
  }
}

void doubt(Comparison& wall, const Evidence& evidence) {
  wall.unclear = wall.differs && !is_confirmed(wall.ratio, evidence);
  wall.differs = wall.differs && !wall.unclear;
}

// On a busy machine waiting may look like a cost.
void doubt_waiting(std::vector<Group>& groups) {
  for (Group& group : groups) {
    for (Row& row : group.rows) {
      if (!row.wall) continue;
      const bool cpu_differs = row.cpu && row.cpu->differs;
      doubt(*row.wall, {row.awake, cpu_differs ? std::optional(row.cpu->ratio) : std::nullopt, row.cpu.has_value()});
    }
  }
}

std::vector<ClockAgreement> clock_agreements(const Record& record) {
  std::map<std::string, std::pair<double, double>> sums;
  for (const CellRecord& cell : record.cells) {
    for (const Sample& sample : cell.samples) {
      if (!sample.own_cpu_ns || !sample.cgroup_cpu_ns) continue;
      auto& [cgroup, own] = sums[cell.mode];
      cgroup += static_cast<double>(*sample.cgroup_cpu_ns);
      own += static_cast<double>(*sample.own_cpu_ns);
    }
  }
  std::vector<ClockAgreement> result;
  for (const ModeRecord& mode : record.modes) {
    const auto found = sums.find(mode.name);
    if (found == sums.end() || found->second.second <= 0) continue;
    result.push_back({mode.name, found->second.first / found->second.second});
  }
  return result;
}

std::vector<std::string> workloads_in(const Record& record) {
  std::vector<std::string> names;
  for (const CellRecord& cell : record.cells) {
    if (std::find(names.begin(), names.end(), cell.workload) == names.end()) names.push_back(cell.workload);
  }
  return names;
}

// The ratios of a cell round by round; empty if it was not measured.
std::vector<double> ratios_of(const Record& record, const std::string& workload, const std::string& label,
                              Value value) {
  const CellRecord* baseline = cell_of(record, workload, record.baseline);
  for (const CellRecord& cell : record.cells) {
    if (baseline != nullptr && cell.workload == workload && cell.label == label) {
      return log_ratios(cell, *baseline, value);
    }
  }
  return {};
}

// How the ratios of both runs differ; empty if one of them has too few.
std::optional<Ratio> change_in(const Record& before, const Record& after, const Change& change, Value value) {
  const auto first = ratios_of(before, change.workload, change.label, value);
  const auto second = ratios_of(after, change.workload, change.label, value);
  if (first.size() < kMinRounds || second.size() < kMinRounds) return {};
  return change_of(first, second, before.seed);
}

std::optional<Change> change_between(const Record& before, const Record& after, const std::string& workload,
                                     const std::string& label) {
  Change change{workload, label, 1, 1, {}};
  const auto wall = change_in(before, after, change, wall_of);
  if (!wall) return {};
  change.before = std::exp(median(ratios_of(before, workload, label, wall_of)));
  change.after = std::exp(median(ratios_of(after, workload, label, wall_of)));
  change.change.ratio = *wall;
  return change;
}

Evidence evidence_of(const Record& before, const Record& after, const Change& change) {
  const auto cpu = change_in(before, after, change, cpu_of);
  return {change_in(before, after, change, awake_of), cpu, cpu.has_value()};
}

std::string sides(const Record& before, const Record& after, const std::string& fact) {
  const auto of = [&](const Record& record) {
    const auto found = record.facts.find(fact);
    return found == record.facts.end() ? std::string("unknown") : found->second;
  };
  return fact + ": " + of(before) + " -> " + of(after);
}

}  // namespace

Analysis analyse(const Record& record) {
  Analysis analysis;
  for (const std::string& workload : workloads_in(record)) {
    if (auto group = group_of(record, workload)) analysis.groups.push_back(std::move(*group));
  }
  decide(analysis.groups);
  analysis.used_by_others = used_by_others(record);
  if (was_busy(record)) doubt_waiting(analysis.groups);
  analysis.clocks = clock_agreements(record);
  return analysis;
}

RunComparison compare(const Record& before, const Record& after) {
  RunComparison result;
  for (const std::string& fact : differing(before.facts, after.facts)) {
    (must_agree(fact) ? result.refusals : result.differing).push_back(sides(before, after, fact));
  }
  if (before.baseline != after.baseline) {
    result.refusals.push_back("baseline: " + before.baseline + " -> " + after.baseline);
  }
  if (before.duration_ns != after.duration_ns || before.file_bytes != after.file_bytes) {
    result.refusals.push_back("length of a measurement or size of the files: " + before.extent + " -> " + after.extent);
  }
  if (!result.refusals.empty()) return result;

  const Analysis old = analyse(before), fresh = analyse(after);
  std::vector<double> p, floors;
  for (const Group& group : old.groups) {
    const auto now = std::find_if(fresh.groups.begin(), fresh.groups.end(),
                                  [&](const Group& other) { return other.workload == group.workload; });
    for (const Row& row : group.rows) {
      const auto change =
          now == fresh.groups.end() ? std::nullopt : change_between(before, after, group.workload, row.label);
      if (!change) {
        result.only_in_one.push_back(group.workload + " in " + row.label);
        continue;
      }
      result.changes.push_back(*change);
      p.push_back(change->change.ratio.p);
      floors.push_back(std::max(group.floor_wall, now->floor_wall));
    }
  }
  const std::vector<double> corrected = holm(p);
  const bool busy = was_busy(before) || was_busy(after);
  for (std::size_t i = 0; i < corrected.size(); ++i) {
    Comparison& change = result.changes[i].change;
    change.corrected_p = corrected[i];
    change.differs = differs(change.ratio, corrected[i], floors[i]);
    if (busy) doubt(change, evidence_of(before, after, result.changes[i]));
  }
  return result;
}

}  // namespace tallyman::overhead
