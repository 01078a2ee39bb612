// Writes snapshots: what the collectors make of each workload's stats, one block after the
// other. Keeps the layout of the last snapshot, which most samples share. One thread owns
// it.
#pragma once

#include "collectors/model/collector.h"
#include "collectors/model/series_writer.h"
#include "collectors/model/snapshot.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/block_list.h"
#include "collectors/sampling/sample_time.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace tallyman {

class SnapshotWriter {
 public:
  // `max_of_one_metric`: the series of one metric that a workload other than the host may have.
  explicit SnapshotWriter(std::vector<const Collector*> collectors,
                          std::size_t max_of_one_metric = SeriesWriter::kNoBound)
      : collectors_(std::move(collectors)), max_of_one_metric_(max_of_one_metric) {}

  // begin(), add() for each block, finish(). `expected_blocks` is a guess.
  void begin(std::size_t expected_blocks);
  // What the collectors of `scope` write about `observation`. `planned` is the block's own, kept by the caller from
  // one snapshot to the next: its series, which mostly stay the same. `read_at` is for Snapshot::read_times,
  // `processes` for Snapshot::processes_time.
  void add(const WorkloadPtr& workload, Scope scope, std::string_view base_labels, const Observation& observation,
           std::shared_ptr<const PlannedSeries>& planned,
           std::chrono::steady_clock::time_point read_at = Snapshot::kNotTimed);
  SnapshotPtr finish(SampleTime time, std::chrono::steady_clock::time_point processes = Snapshot::kNotTimed);

  std::uint64_t written() const { return sequence_; }
  // Series left out of the last snapshot, because another had the same metric and labels.
  // Also those of a whole workload, if another has its labels.
  std::uint64_t duplicates() const { return duplicates_ + duplicates_of_others_; }
  // Series left out of the last snapshot, because of the bound.
  std::uint64_t left_out() const { return left_out_; }

 private:
  void count_duplicates_of_others();

  std::vector<const Collector*> collectors_;
  std::size_t max_of_one_metric_;
  std::shared_ptr<const Layout> layout_;
  std::optional<BlockList> blocks_;  // between begin() and finish()
  std::vector<std::uint64_t> values_;
  std::vector<std::chrono::steady_clock::time_point> read_times_;
  std::uint64_t sequence_ = 0, duplicates_ = 0, left_out_ = 0;
  std::uint64_t duplicates_of_others_ = 0;  // in layout_
};

}  // namespace tallyman
