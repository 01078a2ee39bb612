#include "collectors/discovery/exits.h"

#include "collectors/discovery/names.h"
#include "collectors/discovery/workload_namer.h"

#include <algorithm>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kMaxPending = 65'536;
constexpr std::uint64_t kClockSlackNsec = 50'000'000;  // for the creation of the cgroup, which is noticed late

// The exit belongs to the run of this cgroup: an earlier run had finished before its creation. When a
// run started says nothing, for Docker since version 28 notes it well before it makes the cgroup.
bool is_of_this_run(const ContainerExit& exit, const Workload& workload) {
  const std::uint64_t created = std::min(workload.cgroup_created_nsec.value_or(workload.seen_nsec), workload.seen_nsec);
  return exit.finished_nsec + kClockSlackNsec >= created;
}

}  // namespace

void WorkloadExits::begin(WorkloadPtr workload, FinalStatsWatcher::Token token, Runtime* runtime,
                          ContainerRef container, Clock::time_point now) {
  waiting_.push_back({std::move(workload), token, runtime, std::move(container), now});
}

bool WorkloadExits::poll(Clock::time_point now) {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    Waiting& one = *it;
    const bool has_exit = one.runtime != nullptr;
    const bool watched = one.token > 0 && final_stats_ != nullptr;
    if (!one.reported_counters &&
        (!watched || final_stats_->was_read(one.token) || now - one.since >= kFinalStatsTime)) {
      report_counters(one, !has_exit);
    }
    const bool over = one.reported_counters && (!has_exit || check_exit(one) || now - one.since >= kExitTime);
    if (over && has_exit) report({one.workload, {}, true});
    it = over ? waiting_.erase(it) : std::next(it);
  }
  return !waiting_.empty();
}

void WorkloadExits::report_counters(Waiting& one, bool complete) {
  one.reported_counters = true;
  report({one.workload, final_stats_ != nullptr ? final_stats_->take(one.token) : std::nullopt, complete});
}

// True if nothing more is expected.
bool WorkloadExits::check_exit(Waiting& one) {
  if (const auto exit = one.runtime->exit_of(one.container); exit && is_of_this_run(*exit, *one.workload)) {
    auto workload = std::make_shared<Workload>(*one.workload);
    workload->container.exit = exit;
    one.workload = std::move(workload);
    return true;
  }
  const std::uint64_t revision = one.runtime->revision(one.container);
  if (revision == 0) return true;  // its files are also gone
  if (revision == one.revision) return false;
  one.revision = revision;
  auto description = one.runtime->describe(one.container);
  if (!description) return false;
  const ContainerMetadata now = believed(*one.workload, std::move(description->metadata));
  if (now.exit && is_of_this_run(*now.exit, *one.workload)) {
    auto workload = std::make_shared<Workload>(*one.workload);
    const bool had_a_name = !plain_name(workload->container).empty();
    workload->container = now;
    workload->container.started_nsec = now.exit->started_nsec;
    if (const std::string_view name = plain_name(now); !had_a_name && !name.empty())
      workload->workload = shown_name(*workload, nullptr, name);
    one.workload = std::move(workload);
    return true;
  }
  return now.started_nsec && *now.started_nsec > one.workload->ended_nsec.value_or(0);  // it runs again
}

void WorkloadExits::report(WorkloadExit workload_exit) {
  const MutexLock lock(mutex_);
  if (reported_.size() >= kMaxPending) {
    ++dropped_;
    return;
  }
  reported_.push_back(std::move(workload_exit));
}

std::vector<WorkloadExit> WorkloadExits::take() {
  const MutexLock lock(mutex_);
  return std::exchange(reported_, {});
}

std::uint64_t WorkloadExits::dropped() const {
  const MutexLock lock(mutex_);
  return dropped_;
}

}  // namespace tallyman
