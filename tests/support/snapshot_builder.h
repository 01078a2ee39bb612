// Snapshots by hand: workloads, their labels and what is put for each.
#pragma once

#include "collectors/model/series_writer.h"
#include "collectors/model/snapshot.h"

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace tallyman::test {

class SnapshotBuilder {
 public:
  explicit SnapshotBuilder(std::span<const CatalogueEntry> metrics = catalogue()) : metrics_(metrics) {}

  // The id of `workload` names it; `base_labels` are escaped.
  SnapshotBuilder& add(Workload workload, const std::string& base_labels, const std::function<void(SeriesWriter&)>& put,
                       bool ended = false) {
    const auto first_slot = static_cast<std::uint32_t>(snapshot_.values.size());
    SeriesWriter writer(nullptr, base_labels, snapshot_.values, metrics_);
    put(writer);
    const auto planned = writer.finish();
    layout_.blocks.push_back({std::make_shared<Workload>(std::move(workload)),
                              std::shared_ptr<const SeriesPlan>(planned, &planned->plan), first_slot, ended});
    return *this;
  }

  // Later sequences are of a later time.
  std::shared_ptr<Snapshot> build(std::uint64_t sequence = 1) const {
    auto built = std::make_shared<Snapshot>(snapshot_);
    built->sequence = sequence;
    built->wall_time = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000 + sequence));
    built->steady_time = std::chrono::steady_clock::time_point(std::chrono::seconds(1'000 + sequence));
    auto layout = std::make_shared<Layout>(layout_);
    layout->slots = static_cast<std::uint32_t>(built->values.size());
    built->layout = std::move(layout);
    return built;
  }

 private:
  std::span<const CatalogueEntry> metrics_;
  Snapshot snapshot_;
  Layout layout_;
};

inline Workload workload_of(WorkloadKind kind, std::string id, std::string name) {
  Workload workload;
  workload.kind = kind;
  workload.id = std::move(id);
  workload.workload = std::move(name);
  return workload;
}

}  // namespace tallyman::test
