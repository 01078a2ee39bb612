#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector.h"
#include "collectors/model/workload.h"

namespace tallyman {
namespace {

enum Index { kLastSeen, kStartTime, kCreationTime, kHealth, kPaused, kPodOwner };

constexpr MetricDefinition kMetrics[] = {
    {"container_last_seen", MetricType::kGauge, "", Scale::kNanoseconds,
     "Time the cgroup was last seen, in seconds since the epoch. Still exported for a while after a container has "
     "ended.",
     "", "clock at sampling", "clock at sampling"},
    {"container_start_time_seconds", MetricType::kGauge, "seconds", Scale::kNanoseconds,
     "Start time of the workload, in seconds since the epoch.", "",
     "the runtime's files; else birth time of the cgroup's directory",
     "the runtime's files; else birth time of the cgroup's directory"},
    {"container_creation_time_seconds", MetricType::kGauge, "seconds", Scale::kNanoseconds,
     "Creation time of the workload, in seconds since the epoch.", "",
     "the runtime's files; else birth time of the cgroup's directory",
     "the runtime's files; else birth time of the cgroup's directory"},
    {"container_health_state", MetricType::kGauge, "", Scale::kUnits,
     "1 if the health check says healthy, else 0. Only for containers that have a health check.", "",
     "config.v2.json State.Health", "config.v2.json State.Health"},
    {"container_paused", MetricType::kGauge, "", Scale::kUnits,
     "1 while all of its processes are frozen, else 0. Other workloads than containers and machines have it only while "
     "they are frozen.",
     "", "freezer.state (slow interval)", "cgroup.events frozen (slow interval)"},
    {"container_pod_owner", MetricType::kGauge, "", Scale::kUnits,
     "Always 1. The controller that made the pod, as the labels of the pod say: Deployment, StatefulSet, DaemonSet or "
     "Job.",
     "owner_kind,owner_name", "the runtime's files", "the runtime's files"},
};

Count first_of(Count a, Count b) { return a ? a : b; }

void collect(const Observation& observation, SeriesWriter& writer) {
  const Workload& workload = observation.workload;
  const ContainerMetadata& container = workload.container;
  writer.put(kLastSeen, observation.now_nsec);
  if (observation.ended) {
    return;
  }
  Count cgroup_created = workload.cgroup_created_nsec;
  if (observation.host && observation.host->machine.boot_time_seconds) {
    cgroup_created = *observation.host->machine.boot_time_seconds * 1'000'000'000;
  }
  writer.put(kStartTime, first_of(first_of(container.started_nsec, workload.unit.started_nsec), cgroup_created));
  writer.put(kCreationTime, first_of(container.created_nsec, cgroup_created));
  if (container.health != Health::kNone) {
    writer.put(kHealth, Count(container.health == Health::kHealthy ? 1 : 0));
  }
  const bool always = workload.kind == WorkloadKind::kContainer || workload.kind == WorkloadKind::kMachine;
  const Count& frozen = observation.stats.frozen;
  if (const PodOwner& owner = workload.pod.owner; !owner.kind.empty()) {
    writer.put(kPodOwner, {owner.kind, owner.name}, Count(1));
  }
  writer.put(kPaused, always || frozen == Count(1) ? frozen : Count());
}

}  // namespace

extern const Collector lifecycle_collector{
    "lifecycle", "last seen, start and creation time, health, paused, owner of a pod",
    true,        Scope::kWorkload,
    kMetrics,    SourceKind::kHost | CgroupStatsKind::kLimits,
    true,        collect};

}  // namespace tallyman
