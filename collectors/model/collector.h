// The contract of a collector: one resource, its metrics, and how typed stats become
// numbers. A collector knows no path, cgroup version, clock or thread; it is a table and
// a pure function. CONTRIBUTING.md: how to add one.
#pragma once

#include "collectors/kernel/stats/link_stats.h"
#include "collectors/kernel/stats/network_stats.h"
#include "collectors/model/metric.h"
#include "collectors/model/series_writer.h"
#include "collectors/model/stats_needs.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace tallyman {

// A collector includes what it looks at: a change of one of these rebuilds those alone.
struct CgroupStats;
struct HostStats;
struct ProcessFacts;
struct SocketStats;
struct Workload;
struct WorkloadFilesystems;
class EndedTotals;

// What a collector may read for one workload, at one instant.
struct Observation {
  const Workload& workload;
  const CgroupStats& stats;
  std::span<const InterfaceStats> interfaces;  // of the workload's own network namespace
  const HostStats* host;                       // only for the host itself; else null
  std::uint64_t now_nsec;  // wall clock of this sample, since the epoch; of the last one if it has ended
  bool ended = false;      // the container is gone: of other than `reports_ended` collectors only counters are taken
  const ProcessFacts* processes = nullptr;           // null: not known
  const SocketStats* sockets = nullptr;              // of its network namespace, or of its cgroup in the host's
  std::span<const HostLink> links{};                 // the host's interfaces; only for the host itself
  const WorkloadFilesystems* filesystems = nullptr;  // null if nothing is known about them
  const EndedTotals* ended_totals = nullptr;         // only for Scope::kAgent
  const HostStats* machine = nullptr;                // the machine that the workload is on; null: not known
};

// Which label set the metrics carry.
enum class Scope : std::uint8_t {
  kWorkload,  // id, name, image, container_label_*, kind, workload
  kMachine,   // machine_id, system_uuid, boot_id, kind, workload; called once, for the host
  kAgent,     // none; called once, for the host
};

struct Collector {
  std::string_view name;     // the flag is --collector.NAME
  std::string_view summary;  // a line for docs and --help
  bool on_by_default;
  Scope scope;
  std::span<const MetricDefinition> metrics;
  StatsNeeds needs;
  bool reports_ended;  // of an ended container, while it is shown, all is kept; of other collectors only counters
  // Writes a value for each series, metrics by their index in `metrics`.
  void (*collect)(const Observation&, SeriesWriter&);
};

// What all of them need together.
inline StatsNeeds needs_of(std::span<const Collector* const> collectors) {
  StatsNeeds needs;
  for (const Collector* collector : collectors) {
    needs |= collector->needs;
  }
  return needs;
}

}  // namespace tallyman
