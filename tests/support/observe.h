// What collectors make of an observation, as text that a test can compare:
//
//   EXPECT_EQ(observe("pids", stats), (SeriesValues{{"container_threads", 7}}));
//
// The whole map is compared, so that a series too many is a failure too.
#pragma once

#include "collectors/model/collector.h"
#include "collectors/model/snapshot.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// `metric{label="value"}` -> the slot's integer, in the metric's own scale.
using SeriesValues = std::map<std::string, std::uint64_t>;

// What a collector sees besides the cgroup's stats.
struct ObservationContext {
  Workload workload;
  std::vector<InterfaceStats> interfaces;
  const HostStats* host = nullptr;
  std::uint64_t now_nsec = 1'700'000'000'000'000'000;
  bool ended = false;
  const ProcessFacts* processes = nullptr;
  const SocketStats* sockets = nullptr;
  std::vector<HostLink> links;
  const WorkloadFilesystems* filesystems = nullptr;
  const EndedTotals* ended_totals = nullptr;
  const HostStats* machine = nullptr;
};

// Throws std::out_of_range for a name that no collector has.
const Collector& collector_named(std::string_view name);

// The series of one collector, without base labels. Two series with the same
// name and labels fail the test.
SeriesValues observe(std::string_view collector, const CgroupStats& stats, const ObservationContext& context = {});

// The same as a snapshot with this one block.
Snapshot snapshot_of(std::string_view collector, const CgroupStats& stats, const ObservationContext& context = {});

// The series of one block: `without_base` leaves id, kind and the like off.
enum class BaseLabels : std::uint8_t { kShown, kHidden };
SeriesValues series_of(const Snapshot& snapshot, const Block& block, BaseLabels base = BaseLabels::kHidden);
// All series of a snapshot with all their labels.
SeriesValues series_of(const Snapshot& snapshot);
// The series of the workload with this id; empty if it has no block, or has ended.
SeriesValues series_of(const Snapshot& snapshot, std::string_view id);

}  // namespace tallyman
