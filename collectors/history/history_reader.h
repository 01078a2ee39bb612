// Answers queries from copies of compressed chunks: a pure function of what HistoryStore
// copies under its lock.
#pragma once

#include "collectors/model/history_fields.h"

#include <array>
#include <cstdint>
#include <vector>

namespace tallyman {

// Chunks of one workload in one tier, oldest first.
struct PackedRows {
  struct Chunk {
    std::size_t first_time, rows;  // times[first_time + i] is row i's
    std::size_t first_byte, bits;
  };
  std::vector<Chunk> chunks;
  std::vector<std::int64_t> times;  // nanoseconds of the store's clock
  std::vector<std::uint8_t> bytes;
  std::int64_t nominal_step = 0;  // the intended time between two rows
};

// One lifetime of a workload: a cgroup recreated under the same path has another.
struct PackedTrack {
  PackedRows coarse, fine;
};

// The steps of one series. Each sample covers the time since the previous one,
// distributed over the steps it touches.
class StepSums {
 public:
  StepSums(double from, double step, std::size_t steps) : from_(from), step_(step), amounts_(steps), times_(steps) {}
  void add_over(double begin, double end, double per_second);
  void add_at(double time, double covered, double amount);
  std::vector<std::pair<double, double>> averages() const;
  std::vector<std::pair<double, double>> totals() const;

 private:
  double from_, step_;
  std::vector<double> amounts_, times_;
};

// The number of steps of `query` once its ends are widened to whole steps.
struct StepGrid {
  double from, step;
  std::size_t steps;
};
StepGrid grid_of(const HistoryQuery& query);

// Adds the samples of one lifetime to the sums of the requested fields. `wall_offset`
// converts the store's clock to the wall clock.
void add_track(const PackedTrack& track, std::int64_t wall_offset, const std::vector<unsigned>& fields,
               std::vector<StepSums>& sums);

}  // namespace tallyman
