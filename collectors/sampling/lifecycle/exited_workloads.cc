#include "collectors/sampling/lifecycle/exited_workloads.h"

#include "collectors/kernel/stats/final_stats.h"
#include "collectors/model/workload_identity.h"
#include "collectors/sampling/lifecycle/event_detector.h"

#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <cstdio>

namespace tallyman {
namespace {

constexpr std::size_t kMaxRows = 2'000;
// Discovery reports every end within seconds. Without its report, the workload counts
// as ended after this time.
constexpr std::chrono::seconds kTimeout{30};
// The kernel's record of an exit is taken within 100 ms, or after a scan that is in progress.
constexpr std::chrono::seconds kRecordTimeout{5};

bool is_shown(WorkloadKind kind) { return kind == WorkloadKind::kContainer; }

std::uint64_t cpu_of(const CgroupStats& stats) { return stats.cpu.usage_nsec.value_or(0); }

double seconds(std::uint64_t nsec) { return static_cast<double>(nsec) / 1e9; }

std::string death_message(const Workload& workload, Outcome outcome, double lifetime_seconds) {
  char lifetime[64];
  std::snprintf(lifetime, sizeof lifetime, " after %.3g s", lifetime_seconds);
  std::string message = subject_of(workload);
  const auto& exit = workload.container.exit;
  if (outcome == Outcome::kOomKilled) {
    message += " was OOM-killed";
  } else if (exit && exit->signal) {
    message += " was killed by " + signal_name(*exit->signal);
  } else if (exit && exit->code) {
    message += " ended with exit code " + std::to_string(*exit->code);
  } else {
    message += " ended";
  }
  return message + lifetime;
}

bool has_init(const Workload& workload) {
  return workload.inside.empty() &&
         (workload.kind == WorkloadKind::kContainer || workload.kind == WorkloadKind::kMachine);
}

// Without a word of its runtime: the status of its first process.
WorkloadPtr with_exit(const Workload& workload, const CgroupStats& stats, std::uint32_t wait_status,
                      std::uint64_t ended_nsec) {
  ContainerExit exit;
  exit.code = exit_code_of(wait_status);
  exit.signal = signal_of(wait_status);
  exit.oom_killed = exit.code == exit_code_of(SIGKILL) && stats.memory_events.oom_kill.value_or(0) > 0;
  exit.started_nsec = workload.cgroup_created_nsec.value_or(workload.seen_nsec);
  exit.finished_nsec = ended_nsec;
  auto known = std::make_shared<Workload>(workload);
  known->container.exit = exit;
  return known;
}

std::uint64_t ended_nsec_of(const ExitedWorkloads::Row& row) {
  const auto& exit = row.workload->container.exit;
  return exit ? exit->finished_nsec : row.workload->ended_nsec.value_or(row.last_seen_nsec);
}

}  // namespace

void ExitedWorkloads::add(Row row) {
  row.sampled = row.last_seen_nsec != 0;
  row.hidden = !row.sampled || !is_shown(row.workload->kind);
  parts_.balance.ended(row.workload->id, cpu_of(row.stats));
  const auto key = std::pair(row.workload->id, row.workload->inode);
  if (rows_.size() >= kMaxRows) {
    const auto oldest = std::min_element(rows_.begin(), rows_.end(),
                                         [](const auto& a, const auto& b) { return a.second.since < b.second.since; });
    finish(oldest->second);
    rows_.erase(oldest);
  }
  rows_.insert_or_assign(key, std::move(row));
}

void ExitedWorkloads::add_exit(WorkloadExit workload_exit, const std::function<std::string(const Workload&)>& labels,
                               std::chrono::steady_clock::time_point now) {
  const auto key = std::pair(workload_exit.workload->id, workload_exit.workload->inode);
  auto found = rows_.find(key);
  if (found == rows_.end()) {
    Row row;
    row.workload = workload_exit.workload;
    row.base_labels = labels(*workload_exit.workload);
    row.last_seen_nsec = workload_exit.workload->ended_nsec.value_or(workload_exit.workload->seen_nsec);
    row.since = now;
    row.hidden = true;  // until its counters are known
    found = rows_.emplace(key, std::move(row)).first;
    parts_.balance.ended(key.first, 0);
  }
  Row& row = found->second;
  if (row.complete) {
    return;
  }
  row.workload = std::move(workload_exit.workload);
  if (row.last_seen_nsec == 0) row.last_seen_nsec = row.workload->ended_nsec.value_or(row.workload->seen_nsec);
  if (workload_exit.final_stats) {
    const std::uint64_t before = cpu_of(row.stats);
    add_final_stats(row.stats, *workload_exit.final_stats);
    parts_.balance.ended(key.first, cpu_of(row.stats) - before);
    row.has_final_stats = true;
    row.hidden = row.reappeared || !is_shown(row.workload->kind);
  }
  row.reported = row.reported || workload_exit.complete;
  if (row.reported && knows_exit(row)) {
    finish(row);
  }
}

bool ExitedWorkloads::reappeared(const std::string& id) {
  bool found = false;
  for (auto it = rows_.lower_bound({id, 0}); it != rows_.end() && it->first.first == id;) {
    found = true;
    it->second.reappeared = it->second.hidden = true;  // the kept series would be duplicates
    it = it->second.complete ? rows_.erase(it) : std::next(it);
  }
  return found;
}

void ExitedWorkloads::forget_old(std::chrono::steady_clock::time_point now) {
  for (auto it = rows_.begin(); it != rows_.end();) {
    Row& row = it->second;
    const auto waits = now - row.since;
    const auto at_most = row.reported ? kRecordTimeout : kTimeout;
    if (!row.complete && (waits > at_most || (row.reported && knows_exit(row)))) {
      finish(row);
    }
    const bool over = row.complete && (row.hidden || now - row.since > grace_);
    it = over ? rows_.erase(it) : std::next(it);
  }
}

std::size_t ExitedWorkloads::shown() const {
  return static_cast<std::size_t>(
      std::count_if(rows_.begin(), rows_.end(), [](const auto& one) { return !one.second.hidden; }));
}

std::set<std::string> ExitedWorkloads::unfinished() const {
  std::set<std::string> identities;
  for (const auto& [key, row] : rows_) {
    if (!row.complete) {
      identities.insert(identity_of(*row.workload));
    }
  }
  return identities;
}

// Its runtime's word goes before the kernel's, which may still be to come.
bool ExitedWorkloads::knows_exit(Row& row) const {
  const Workload& workload = *row.workload;
  if (parts_.inits == nullptr || workload.container.exit || !has_init(workload)) {
    return true;
  }
  const std::uint64_t ended = ended_nsec_of(row);
  // Asked first: what is complete now is found below.
  const bool may_follow = parts_.inits->may_follow(ended);
  if (const auto status = parts_.inits->status_of(workload)) {
    row.workload = with_exit(workload, row.stats, *status, ended);
    return true;
  }
  return !may_follow;
}

void ExitedWorkloads::finish(Row& row) {
  if (std::exchange(row.complete, true)) {
    return;
  }
  ++(row.has_final_stats ? final_stats_by_source_.cgroup_empty
     : row.sampled       ? final_stats_by_source_.last_sample
                         : final_stats_by_source_.unknown);
  totals_.add(*row.workload, row.stats, row.interfaces);
  if (!has_lifetime_events(*row.workload)) {
    return;
  }
  if (!row.started && parts_.restarts.report_start(*row.workload, row.workload->seen_nsec, row.same_id)) {
    totals_.add_restart(*row.workload);
  }
  report_exit(row);
  auto exit = row.workload->container.exit;
  if (!exit && outcome_of(*row.workload, row.stats) == Outcome::kOomKilled) {
    exit.emplace().oom_killed = true;
  }
  parts_.restarts.ended(*row.workload, ended_nsec_of(row), exit);
}

void ExitedWorkloads::report_oom_kills(const Row& row, std::uint64_t ended_nsec) {
  const Count& kills = row.stats.memory_events.oom_kill;
  if (!kills || !row.reported_oom_kills || *kills <= *row.reported_oom_kills) {
    return;
  }
  Event event = Event::of(*row.workload, EventType::kOomKilled, ended_nsec,
                          subject_of(*row.workload) + " lost its last process to the OOM killer");
  event.details.emplace_back("killed", static_cast<std::int64_t>(*kills - *row.reported_oom_kills));
  add_memory_limit(event, row.stats.limits);
  if (parts_.victims != nullptr) {
    parts_.victims->name_in(event);
  }
  parts_.log.append(std::move(event));
}

void ExitedWorkloads::report_exit(const Row& row) {
  const Workload& workload = *row.workload;
  const auto& exit = workload.container.exit;
  // An OOM kill that a sample noticed was before the end, though it has that sample's time.
  const std::uint64_t ended = ended_nsec_of(row);
  const std::uint64_t began = exit ? exit->started_nsec : workload.cgroup_created_nsec.value_or(workload.seen_nsec);
  const double lifetime = seconds(ended - std::min(began, ended));
  const Outcome outcome = outcome_of(workload, row.stats);
  report_oom_kills(row, std::max(ended, row.last_oom_nsec));
  Event event = Event::of(workload, EventType::kDied, std::max(ended, row.last_oom_nsec),
                          death_message(workload, outcome, lifetime));
  event.details.emplace_back("outcome", std::string(to_string(outcome)));
  if (exit && exit->code) {
    event.details.emplace_back("exit_code", *exit->code);
  }
  if (exit && exit->signal) {
    event.details.emplace_back("signal", *exit->signal);
  }
  event.details.emplace_back("lifetime_seconds", lifetime);
  if (row.stats.cpu.usage_nsec) {
    event.details.emplace_back("cpu_seconds", seconds(*row.stats.cpu.usage_nsec));
  }
  if (row.stats.memory.peak) {
    event.details.emplace_back("memory_peak_bytes", static_cast<std::int64_t>(*row.stats.memory.peak));
  }
  event.details.emplace_back("stats_source", std::string(row.has_final_stats ? "cgroup empty"
                                                         : row.sampled       ? "last sample"
                                                                             : "unknown"));
  parts_.log.append(std::move(event));
}

}  // namespace tallyman
