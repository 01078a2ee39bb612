#include "collectors/model/collector.h"
#include "collectors/model/ended_totals.h"

namespace tallyman {
namespace {

enum Index { kEnded, kRestarts, kCpu, kOomKills, kRead, kWritten, kReceived, kTransmitted, kUnattributed };

constexpr std::string_view kGroup = "kind,image,project,service";
constexpr std::string_view kFinals = "the same files, when the cgroup became empty; else the last sample";

constexpr MetricDefinition sum(std::string_view name, std::string_view unit, Scale scale, std::string_view help) {
  return {name, MetricType::kCounter, unit, scale, help, kGroup, kFinals, kFinals};
}

constexpr MetricDefinition kMetrics[] = {
    {"tallyman_ended_workloads_total", MetricType::kCounter, "", Scale::kUnits,
     "Workloads that have ended since the agent's start, by image and Compose service; outcome is succeeded, failed, "
     "oom_killed, or unknown if neither the runtime nor the kernel reports the exit code.",
     "kind,image,project,service,outcome", "config.v2.json State; else taskstats",
     "config.v2.json State; else taskstats"},
    {"tallyman_ended_restarts_total", MetricType::kCounter, "", Scale::kUnits,
     "Workloads that started again after they had ended, in a cgroup of the same or another name: the next run of the "
     "same pod and container, Compose replica, name or unit.",
     kGroup, "the agent", "the agent"},
    sum("tallyman_ended_cpu_seconds_total", "seconds", Scale::kNanoseconds,
        "Total CPU time that ended workloads had used."),
    sum("tallyman_ended_oom_kills_total", "", Scale::kUnits,
        "Processes of ended workloads that were killed by the OOM killer."),
    sum("tallyman_ended_read_bytes_total", "bytes", Scale::kUnits,
        "Bytes that ended workloads had read from block devices."),
    sum("tallyman_ended_written_bytes_total", "bytes", Scale::kUnits,
        "Bytes that ended workloads had written to block devices."),
    sum("tallyman_ended_network_received_bytes_total", "bytes", Scale::kUnits,
        "Bytes that ended workloads had received at their last sample."),
    sum("tallyman_ended_network_transmitted_bytes_total", "bytes", Scale::kUnits,
        "Bytes that ended workloads had sent at their last sample."),
    {"tallyman_unattributed_cpu_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds,
     "CPU time of a cgroup that none of its existing or ended children accounts for, because children ended between "
     "two samples. Only for cgroups that have lost a child and have no processes of their own.",
     "id", "cpuacct.usage of a cgroup and its children", "cpu.stat usage_usec of a cgroup and its children"},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.ended_totals == nullptr) {
    return;
  }
  for (const auto& [key, sums] : observation.ended_totals->rows()) {
    for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) {
      if (sums.ended[outcome] != 0) {
        writer.put(kEnded, {key.kind, key.image, key.project, key.service, to_string(Outcome(outcome))},
                   Count(sums.ended[outcome]));
      }
    }
    // By name: clang 14 cannot capture a structured binding.
    const auto put = [&, &key = key](Index metric, std::uint64_t value) {
      writer.put(metric, {key.kind, key.image, key.project, key.service}, Count(value));
    };
    put(kRestarts, sums.restarts);
    put(kCpu, sums.cpu_nsec);
    put(kOomKills, sums.oom_kills);
    put(kRead, sums.read_bytes);
    put(kWritten, sums.written_bytes);
    put(kReceived, sums.received_bytes);
    put(kTransmitted, sums.transmitted_bytes);
  }
  for (const UnattributedCpu& one : observation.ended_totals->unattributed) {
    writer.put(kUnattributed, {one.id}, Count(one.nsec));
  }
}

}  // namespace

extern const Collector ended_collector{
    "ended",  "totals of workloads that have ended, and the CPU time that was missed",
    true,     Scope::kAgent,
    kMetrics, SourceKind::kHost | CgroupStatsKind::kCpu,
    false,    collect};

}  // namespace tallyman
