#include "collectors/model/ended_totals.h"

#include "collectors/kernel/stats/network_stats.h"

namespace tallyman {
namespace {

constexpr std::size_t kMaxTextBytes = 256;

std::string label(const Workload& workload, const std::string& name) {
  const auto found = workload.container.labels.find(name);
  return found == workload.container.labels.end() ? std::string() : found->second.substr(0, kMaxTextBytes);
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  static constexpr std::string_view kNames[kOutcomes] = {"succeeded", "failed", "oom_killed", "unknown"};
  return kNames[static_cast<std::size_t>(outcome)];
}

Outcome outcome_of(const Workload& workload, const CgroupStats& stats) {
  const auto& exit = workload.container.exit;
  if (exit ? exit->oom_killed : stats.memory_events.oom_kill.value_or(0) > 0) {
    return Outcome::kOomKilled;
  }
  if (!exit || !exit->code) {
    return Outcome::kUnknown;
  }
  return *exit->code == 0 ? Outcome::kSucceeded : Outcome::kFailed;
}

EndedTotals::Sums& EndedTotals::sums_of(const Workload& workload) {
  Key key{std::string(to_string(workload.kind)), workload.container.image.substr(0, kMaxTextBytes),
          label(workload, "com.docker.compose.project"), label(workload, "com.docker.compose.service")};
  if (rows_.size() >= kMaxRows && !rows_.contains(key)) {
    key.image = "other";
    key.project.clear();
    key.service.clear();
  }
  return rows_[std::move(key)];
}

void EndedTotals::add(const Workload& workload, const CgroupStats& stats,
                      const std::vector<InterfaceStats>& interfaces) {
  Sums& sums = sums_of(workload);
  ++sums.ended[static_cast<std::size_t>(outcome_of(workload, stats))];
  sums.cpu_nsec += stats.cpu.usage_nsec.value_or(0);
  sums.oom_kills += stats.memory_events.oom_kill.value_or(0);
  for (const IoDeviceStats& device : stats.io) {
    sums.read_bytes += device.rbytes.value_or(0);
    sums.written_bytes += device.wbytes.value_or(0);
  }
  for (const InterfaceStats& interface : interfaces) {
    sums.received_bytes += interface.rx_bytes;
    sums.transmitted_bytes += interface.tx_bytes;
  }
}

}  // namespace tallyman
