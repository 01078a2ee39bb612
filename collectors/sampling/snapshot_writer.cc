#include "collectors/sampling/snapshot_writer.h"

#include <string_view>
#include <unordered_set>
#include <utility>

namespace tallyman {

void SnapshotWriter::begin(std::size_t expected_blocks) {
  values_ = {};
  values_.reserve(layout_ ? layout_->slots + 64 : 1024);
  read_times_ = {};
  read_times_.reserve(expected_blocks);
  duplicates_ = left_out_ = 0;
  blocks_.emplace(layout_.get(), expected_blocks);
}

void SnapshotWriter::add(const WorkloadPtr& workload, Scope scope, std::string_view base_labels,
                         const Observation& observation, std::shared_ptr<const PlannedSeries>& planned,
                         std::chrono::steady_clock::time_point read_at) {
  const auto first_slot = static_cast<std::uint32_t>(values_.size());
  SeriesWriter writer(planned, base_labels, values_, catalogue());
  if (scope == Scope::kWorkload && workload->kind != WorkloadKind::kHost) {
    writer.bound_series(max_of_one_metric_);
  }
  for (const Collector* collector : collectors_) {
    if (collector->scope == scope) {
      writer.begin(first_metric(*collector), observation.ended && !collector->reports_ended);
      collector->collect(observation, writer);
    }
  }
  planned = writer.finish();
  duplicates_ += writer.duplicates();
  left_out_ += writer.left_out();
  blocks_->add(workload, planned, first_slot, observation.ended);
  read_times_.push_back(read_at);
}

SnapshotPtr SnapshotWriter::finish(SampleTime time, std::chrono::steady_clock::time_point processes) {
  if (blocks_->differ()) {
    auto layout = std::make_shared<Layout>();
    layout->blocks = std::move(*blocks_).take();
    layout->slots = static_cast<std::uint32_t>(values_.size());
    layout_ = std::move(layout);
    count_duplicates_of_others();
  }
  blocks_.reset();
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->sequence = ++sequence_;
  snapshot->wall_time = time.wall;
  snapshot->steady_time = time.steady;
  snapshot->read_times = std::move(read_times_);
  snapshot->processes_time = processes;
  snapshot->layout = layout_;
  snapshot->values = std::move(values_);
  return snapshot;
}

// Two workloads have the same labels if their ids differ only in what was cut or escaped.
void SnapshotWriter::count_duplicates_of_others() {
  duplicates_of_others_ = 0;
  std::unordered_set<std::string_view> seen;
  for (const Block& block : layout_->blocks) {
    const std::string_view labels = block.plan->base_labels;
    if (!labels.empty() && !seen.insert(labels).second) {
      duplicates_of_others_ += block.plan->series.size();
    }
  }
}

}  // namespace tallyman
