#include "collectors/sampling/lifecycle/exited_workloads.h"

#include "collectors/kernel/stats/final_stats.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace tallyman {
namespace {

constexpr std::size_t kMaxRows = 2'000;
// Discovery reports every end within seconds. Without its report, the workload counts
// as ended after this time.
constexpr std::chrono::seconds kTimeout{30};

bool is_shown(WorkloadKind kind) { return kind == WorkloadKind::kContainer; }

std::uint64_t cpu_of(const CgroupStats& stats) { return stats.cpu.usage_nsec.value_or(0); }

double seconds(std::uint64_t nsec) { return static_cast<double>(nsec) / 1e9; }

std::string death_message(const Workload& workload, Outcome outcome, double lifetime_seconds) {
  char lifetime[64];
  std::snprintf(lifetime, sizeof lifetime, " after %.3g s", lifetime_seconds);
  std::string message = workload.workload;
  const auto& exit = workload.container.exit;
  if (outcome == Outcome::kOomKilled) {
    message += " was OOM-killed";
  } else if (exit && exit->code) {
    message += " ended with exit code " + std::to_string(*exit->code);
  } else {
    message += " ended";
  }
  return message + lifetime;
}

}  // namespace

void ExitedWorkloads::add(Row row) {
  row.sampled = row.last_seen_nsec != 0;
  row.hidden = !row.sampled || !is_shown(row.workload->kind);
  balance_.ended(row.workload->id, cpu_of(row.stats));
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
    if (has_lifetime_events(*row.workload)) {
      log_.append(
          Event::of(*row.workload, EventType::kStarted, row.workload->seen_nsec, row.workload->workload + " started"));
    }
    found = rows_.emplace(key, std::move(row)).first;
    balance_.ended(key.first, 0);
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
    balance_.ended(key.first, cpu_of(row.stats) - before);
    row.has_final_stats = true;
    row.hidden = row.reappeared || !is_shown(row.workload->kind);
  }
  if (workload_exit.complete) {
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
    if (!row.complete && now - row.since > kTimeout) {
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

void ExitedWorkloads::finish(Row& row) {
  if (std::exchange(row.complete, true)) {
    return;
  }
  ++(row.has_final_stats ? final_stats_by_source_.cgroup_empty
     : row.sampled       ? final_stats_by_source_.last_sample
                         : final_stats_by_source_.unknown);
  totals_.add(*row.workload, row.stats, row.interfaces);
  if (has_lifetime_events(*row.workload)) {
    report_exit(row);
  }
}

void ExitedWorkloads::report_exit(const Row& row) {
  const Workload& workload = *row.workload;
  const auto& exit = workload.container.exit;
  std::uint64_t ended = workload.ended_nsec.value_or(row.last_seen_nsec);
  std::uint64_t began = workload.cgroup_created_nsec.value_or(workload.seen_nsec);
  if (exit) {
    ended = exit->finished_nsec;
    began = exit->started_nsec;
  }
  const double lifetime = seconds(ended - std::min(began, ended));
  const Outcome outcome = outcome_of(workload, row.stats);
  const Count& kills = row.stats.memory_events.oom_kill;
  if (kills && row.reported_oom_kills && *kills > *row.reported_oom_kills) {
    Event event = Event::of(workload, EventType::kOomKilled, ended,
                            workload.workload + " lost its last process to the OOM killer");
    event.details.emplace_back("killed", static_cast<std::int64_t>(*kills - *row.reported_oom_kills));
    if (victims_ != nullptr) {
      victims_->name_in(event);
    }
    log_.append(std::move(event));
  }
  Event event = Event::of(workload, EventType::kDied, ended, death_message(workload, outcome, lifetime));
  event.details.emplace_back("outcome", std::string(to_string(outcome)));
  if (exit && exit->code) {
    event.details.emplace_back("exit_code", *exit->code);
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
  log_.append(std::move(event));
}

}  // namespace tallyman
