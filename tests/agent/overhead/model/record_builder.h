// Records with known answers, for the tests of analysis and reports.
#pragma once

#include "agent/overhead/model/record.h"

#include <cmath>
#include <string>

namespace tallyman::overhead {

class RecordBuilder {
 public:
  RecordBuilder() {
    record.run = "20261124-101500-0001";
    record.began = "2026-11-24T10:15:00Z";
    record.extent = "default";
    record.baseline = "bare";
    record.rounds = record.rounds_planned = 10;
    record.duration_ns = 100'000'000;
    record.file_bytes = 1 << 20;
    record.seed = 42;
    record.facts = {{"cpu", "Test CPU"}, {"cpus", "2"}, {"kernel", "Linux 6.18"}, {"probe", "0123456789abcdef"}};
  }

  // Ten rounds of `wall_ns`, each differing by at most the fraction `noise`. All cells
  // of a record share a drift over the rounds that grows to 30 %.
  RecordBuilder& cell(const std::string& workload, const std::string& mode, double wall_ns, double noise,
                      double cpu_share = 1, const std::string& label = {}) {
    CellRecord cell{workload, mode, label.empty() ? mode : label, {}, {}};
    for (unsigned round = 1; round <= 10; ++round) {
      const double phase = std::sin(12.9898 * round + 78.233 * static_cast<double>(++cells_));
      Sample sample;
      sample.round = round;
      sample.operations = 100;
      sample.wall_ns = wall_ns * (1 + noise * phase) * (1 + 0.03 * round);
      if (cpu_share > 0) sample.cpu_ns = sample.wall_ns * cpu_share;
      sample.own_cpu_ns = 1'000'000;
      if (mode != "bare" && mode != "control") sample.cgroup_cpu_ns = 1'010'000;
      cell.samples.push_back(sample);
    }
    if (seen_.find(" " + mode + " ") == seen_.npos) record.modes.push_back({mode, "mode " + mode, {}, {}});
    seen_ += " " + mode + " ";
    record.cells.push_back(cell);
    return *this;
  }

  // The samples of the last cell waited for a CPU for this time of each operation.
  RecordBuilder& waiting(double wait_ns) {
    for (Sample& sample : record.cells.back().samples) sample.wait_ns = wait_ns * (1 + 0.03 * sample.round);
    return *this;
  }

  // Other programs used this part of both CPUs all the time.
  RecordBuilder& others_use(double share) {
    for (CellRecord& cell : record.cells) {
      for (Sample& sample : cell.samples) {
        sample.began_ns = 0;
        sample.ended_ns = 100'000'000;
        sample.own_cpu_ns = 60'000'000;
        sample.busy_ns = 60'000'000 + static_cast<std::uint64_t>(share * 2 * 100'000'000);
      }
    }
    return *this;
  }

  Record record;

 private:
  unsigned cells_ = 0;
  std::string seen_;
};

}  // namespace tallyman::overhead
