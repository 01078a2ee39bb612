// Everything that one run measured, with the raw samples and facts about the machine:
// report.json. Plain values.
#pragma once

#include "agent/overhead/model/failure.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman::overhead {

// One measurement. Times are nanoseconds per operation.
struct Sample {
  unsigned round = 0;
  std::uint64_t operations = 0;
  double wall_ns = 0;
  std::optional<double> cpu_ns;  // from the processes' own clocks; a start has none
  // Ready to run, without a CPU because others used it: not because of the cgroup's own limit.
  std::optional<double> wait_ns;
  // CPU time of the whole order, including set-up and warm-up: from the processes'
  // own clocks, and from the cgroup if the target has one.
  std::optional<std::uint64_t> own_cpu_ns, cgroup_cpu_ns;
  std::optional<std::uint64_t> busy_ns;     // of all CPUs during the order, by all programs
  std::int64_t began_ns = 0, ended_ns = 0;  // start and end of the order, since the epoch
};

struct CellRecord {
  std::string workload, mode, label;
  std::vector<Sample> samples;
  std::string reason;  // why samples are missing
};

struct ModeRecord {
  std::string name, what;
  std::string reason;                // if not empty: why it did not run, or not to the end
  std::vector<std::string> cgroups;  // cgroups of its targets, in the order of the rounds
};

struct Record {
  static constexpr int kVersion = 1;
  std::string run;       // "20261124-101500-3f2a"
  std::string began;     // RFC 3339
  std::string extent;    // quick, default, full
  std::string baseline;  // the mode that is 1.0
  unsigned rounds = 0, rounds_planned = 0;
  std::uint64_t duration_ns = 0, file_bytes = 0, seed = 0;
  std::map<std::string, std::string> facts;  // environment.h
  std::vector<ModeRecord> modes;
  std::vector<CellRecord> cells;
  std::vector<std::string> remarks;  // warnings for the reader: a busy machine, rounds left out
};

std::string to_json(const Record& record);
// A failure names what is missing or wrong. Reads version 1 from every version of tallyman.
Result<Record> from_json(std::string_view text);
// Reads the report.json at this path, or in this directory.
Result<Record> read_record(const std::string& path);

}  // namespace tallyman::overhead
