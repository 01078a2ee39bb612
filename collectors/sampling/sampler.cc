#include "collectors/sampling/sampler.h"

#include "collectors/model/process_facts.h"
#include "collectors/model/workload_identity.h"

#include <algorithm>
#include <optional>

namespace tallyman {
namespace {

// A runtime writes its files after it has made the cgroup. So long its name may be missing.
constexpr std::chrono::seconds kNamingTime{2};

bool may_get_a_name(const Workload& workload) {
  return workload.kind == WorkloadKind::kContainer && !workload.runtime.empty() && workload.container.name.empty() &&
         !workload.container.started_nsec;
}

}  // namespace

struct Sampler::Attached {
  WorkloadPtr workload;
  StatsPass::Handle handle = 0;
  std::string base_labels;
  std::shared_ptr<const PlannedSeries> planned;
  // Only for the host: the series with other labels.
  std::string machine_labels;
  std::shared_ptr<const PlannedSeries> machine_planned, agent_planned;
  std::uint64_t last_seen_nsec = 0;
  EventDetector::Memory memory;
  std::chrono::steady_clock::time_point since;  // first seen by the sampler
  bool started = false;                         // its start has an event, or needs none
  bool same_id = false;                         // one with its id ended a short time ago

  bool is_host() const { return workload->kind == WorkloadKind::kHost; }
};

Sampler::Sampler(SamplerOptions options, const HostRoot& root, SampledSources sources, LabelPolicy labels)
    : options_(std::move(options)),
      pass_(options_.collectors, options_.cpu_per_cpu, root, std::move(sources), options_.now),
      writer_(options_.collectors, options_.max_series_of_one_metric),
      labels_(std::move(labels)),
      events_(options_.events ? options_.events : std::make_shared<EventLog>(0)),
      oom_log_(OomLog::open(root)),
      oom_victims_([this] { return oom_log_ ? oom_log_->take() : std::vector<OomVictim>(); }),
      detector_(*events_, &oom_victims_),
      balance_([this](const std::string& id) { return has_processes(id); }),
      restarts_(*events_),
      ended_(options_.ended_grace, {*events_, balance_, restarts_, &oom_victims_, options_.init_exits.get()}) {}

Sampler::~Sampler() = default;

SnapshotPtr Sampler::sample(const WorkloadListPtr& workloads, SampleTime time, std::vector<WorkloadExit> exits) {
  const bool slow = first_pass() || time.steady - last_slow_pass_ >= options_.slow_interval;
  if (slow) {
    last_slow_pass_ = time.steady;
  }
  reconcile(*workloads, time);
  const SampleTime read = pass_.read(slow, time);
  drop_gone(time);
  follow_ends(std::move(exits), time);
  report_starts(time);
  detect_events(time);
  return write(time, read);
}

// Both lists are sorted by id: one walk over the two.
void Sampler::reconcile(const WorkloadList& workloads, SampleTime time) {
  std::vector<std::unique_ptr<Attached>> next;
  next.reserve(workloads.size());
  std::set<std::pair<std::string, std::uint64_t>> still_gone;
  auto old = attached_.begin();
  for (const WorkloadPtr& workload : workloads) {
    while (old != attached_.end() && (*old)->workload->id < workload->id) {
      detach(**old++, time);
    }
    if (!gone_.empty() && gone_.contains({workload->id, workload->inode})) {
      still_gone.emplace(workload->id, workload->inode);  // discovery has not noticed yet
      continue;
    }
    if (old != attached_.end() && (*old)->workload->id == workload->id) {
      if ((*old)->workload->inode == workload->inode) {
        update(**old, workload);
        next.push_back(std::move(*old++));
        continue;
      }
      detach(**old++, time);
    }
    next.push_back(attach(workload, time));
  }
  while (old != attached_.end()) {
    detach(**old++, time);
  }
  attached_ = std::move(next);
  gone_ = std::move(still_gone);
}

std::unique_ptr<Sampler::Attached> Sampler::attach(const WorkloadPtr& workload, SampleTime time) {
  auto one = std::make_unique<Attached>();
  one->same_id = ended_.reappeared(workload->id);
  one->workload = workload;
  one->handle = pass_.attach(*workload);
  one->base_labels = labels_.of_workload(*workload);
  one->since = time.steady;
  one->started = first_pass() || !has_lifetime_events(*workload);
  if (first_pass()) {  // it is older than the agent
    restarts_.existed(*workload);
  } else {
    one->memory.oom_kills = 0;
  }
  return one;
}

// After the ends: an exit is reported before the start that follows it.
void Sampler::report_starts(SampleTime time) {
  std::optional<std::set<std::string>> unfinished;
  for (const auto& one : attached_) {
    const Workload& workload = *one->workload;
    if (one->started || (may_get_a_name(workload) && time.steady - one->since < kNamingTime)) {
      continue;
    }
    if (!unfinished) {
      unfinished = ended_.unfinished();
    }
    if (unfinished->contains(identity_of(workload))) {
      continue;
    }
    one->started = true;
    const std::uint64_t when = workload.seen_nsec != 0 ? workload.seen_nsec : time.wall_nsec();
    if (restarts_.report_start(workload, when, one->same_id)) {
      ended_.add_restart(workload);
    }
  }
}

void Sampler::update(Attached& one, const WorkloadPtr& workload) {
  if (one.workload == workload) {
    return;
  }
  one.workload = workload;
  one.base_labels = labels_.of_workload(*workload);
  pass_.update(one.handle, *workload);
}

void Sampler::detach(Attached& one, SampleTime time) {
  if (!one.is_host()) {
    const Observation last = pass_.observe(one.handle, *one.workload, time.wall_nsec());
    ExitedWorkloads::Row row;
    row.workload = one.workload;
    row.base_labels = std::move(one.base_labels);
    row.stats = last.stats;
    row.interfaces.assign(last.interfaces.begin(), last.interfaces.end());
    row.last_seen_nsec = one.last_seen_nsec;
    row.since = time.steady;
    row.reported_oom_kills = one.memory.oom_kills;
    row.last_oom_nsec = one.memory.last_oom_nsec;
    row.started = one.started;
    row.same_id = one.same_id;
    ended_.add(std::move(row));
  }
  pass_.detach(one.handle);
}

// A cgroup that vanished during the read: its values are not from one instant.
void Sampler::drop_gone(SampleTime time) {
  std::erase_if(attached_, [&](const std::unique_ptr<Attached>& one) {
    if (!pass_.gone(one->handle)) {
      return false;
    }
    gone_.emplace(one->workload->id, one->workload->inode);
    detach(*one, time);
    return true;
  });
}

const Sampler::Attached* Sampler::find(const std::string& id) const {
  const auto found =
      std::lower_bound(attached_.begin(), attached_.end(), id,
                       [](const auto& one, const std::string& wanted) { return one->workload->id < wanted; });
  return found == attached_.end() || (*found)->workload->id != id ? nullptr : found->get();
}

bool Sampler::has_processes(const std::string& id) const {
  const Attached* one = find(id);
  return one != nullptr && pass_.has_processes(one->handle);
}

void Sampler::follow_ends(std::vector<WorkloadExit> exits, SampleTime time) {
  for (WorkloadExit& workload_exit : exits) {
    const std::string id = workload_exit.workload->id;
    ended_.add_exit(
        std::move(workload_exit), [this](const Workload& workload) { return labels_.of_workload(workload); },
        time.steady);
    if (find(id) != nullptr) {
      ended_.reappeared(id);  // again: its series now belong to the existing one
    }
  }
  readings_.clear();
  for (const auto& one : attached_) {
    if (const Count& usage = pass_.stats(one->handle).cpu.usage_nsec) {
      readings_.push_back({&one->workload->id, one->workload->inode, *usage});
    }
  }
  balance_.pass(readings_, first_pass());
  ended_.update_unattributed();
  ended_.forget_old(time.steady);
}

void Sampler::detect_events(SampleTime time) {
  for (const auto& one : attached_) {
    detector_.check(*one->workload, pass_.stats(one->handle), one->memory, time.wall_nsec(), time.steady);
  }
  detector_.end_pass();
}

SnapshotPtr Sampler::write(SampleTime time, SampleTime read) {
  writer_.begin(attached_.size() + ended_.rows().size() + 2);
  auto processes = Snapshot::kNotTimed;
  for (const auto& one : attached_) {
    one->last_seen_nsec = time.wall_nsec();
    const Observation observation = pass_.observe(one->handle, *one->workload, one->last_seen_nsec);
    writer_.add(one->workload, Scope::kWorkload, one->base_labels, observation, one->planned,
                pass_.read_at(one->handle, *one->workload));
    if (observation.processes != nullptr) {
      processes = std::max(processes, observation.processes->all_read_at);
    }
    if (one->is_host()) {
      write_host(*one, observation);
    }
  }
  for (auto& [key, ended] : ended_.rows()) {
    if (!ended.hidden) {
      const Observation observation{*ended.workload, ended.stats,          ended.interfaces,
                                    nullptr,         ended.last_seen_nsec, true};
      writer_.add(ended.workload, Scope::kWorkload, ended.base_labels, observation, ended.planned);
    }
  }
  return writer_.finish(read, processes);
}

// Once for the whole host, with the labels of the machine and with none.
void Sampler::write_host(Attached& host, Observation observation) {
  host.machine_labels = labels_.of_machine(pass_.host().machine);
  writer_.add(host.workload, Scope::kMachine, host.machine_labels, observation, host.machine_planned);
  observation.ended_totals = &ended_.totals();
  writer_.add(host.workload, Scope::kAgent, {}, observation, host.agent_planned);
}

SamplerStatistics Sampler::statistics() const {
  SamplerStatistics result;
  result.collectors = pass_.collectors();
  result.passes = writer_.written();
  result.duplicates = writer_.duplicates();
  result.series_left_out = writer_.left_out();
  result.files = pass_.kept_files();
  result.attached = attached_.size();
  result.ended = ended_.shown();
  result.final_stats_by_source = ended_.final_stats_by_source();
  result.labels_truncated = labels_.truncated();
  result.label_collisions = labels_.collisions();
  return result;
}

}  // namespace tallyman
