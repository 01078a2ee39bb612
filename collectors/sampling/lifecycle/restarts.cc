#include "collectors/sampling/lifecycle/restarts.h"

#include "collectors/model/init_exits.h"
#include "collectors/model/workload_identity.h"

#include <algorithm>
#include <vector>

namespace tallyman {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::uint64_t max_pause(const Workload& workload) {
  return workload.kind == WorkloadKind::kService ? Restarts::kMaxServicePauseNsec : Restarts::kMaxPauseNsec;
}

// " (exit 3)": how the run before ended.
std::string cause(const std::optional<ContainerExit>& exit) {
  if (!exit) {
    return {};
  }
  if (exit->oom_killed) {
    return " (OOM-killed)";
  }
  if (exit->signal) {
    return " (" + signal_name(*exit->signal) + ")";
  }
  return exit->code ? " (exit " + std::to_string(*exit->code) + ")" : std::string();
}

Event restart_event(const Workload& workload, std::uint64_t time_nsec, const std::deque<std::uint64_t>& began,
                    const std::optional<ContainerExit>& exit) {
  std::string message = subject_of(workload) + " restarted";
  const std::size_t restarts = began.empty() ? 0 : began.size() - 1;
  const std::uint64_t seconds = restarts < 2 ? 0 : (began.back() - began.front() + kSecond / 2) / kSecond;
  if (restarts >= 2) {
    message += " " + std::to_string(restarts) + " times in " + std::to_string(seconds) + " s";
  }
  Event event = Event::of(workload, EventType::kRestarted, time_nsec, message + cause(exit));
  if (restarts >= 2) {
    event.details.emplace_back("restarts", static_cast<std::int64_t>(restarts));
    event.details.emplace_back("seconds", static_cast<std::int64_t>(seconds));
  }
  if (exit && exit->code) {
    event.details.emplace_back("exit_code", *exit->code);
  }
  return event;
}

}  // namespace

void Restarts::existed(const Workload& workload) {
  if (has_lasting_identity(workload)) {
    begin(workload, workload.cgroup_created_nsec.value_or(workload.seen_nsec));
  }
}

bool Restarts::report_start(const Workload& workload, std::uint64_t began_nsec, bool same_id) {
  const bool lasting = has_lasting_identity(workload);
  if (lasting && begin(workload, began_nsec)) {
    const Known& known = known_[identity_of(workload)];
    log_.append(restart_event(workload, began_nsec, known.began, known.exit));
    return true;
  }
  if (!lasting && same_id) {
    log_.append(restart_event(workload, began_nsec, {}, {}));
    return true;
  }
  log_.append(Event::of(workload, EventType::kStarted, began_nsec, subject_of(workload) + " started"));
  return false;
}

bool Restarts::begin(const Workload& workload, std::uint64_t began_nsec) {
  const std::string identity = identity_of(workload);
  if (!runs_.insert_or_assign({workload.id, workload.inode}, identity).second) {
    return false;
  }
  Known& one = known(identity);
  // Two at a time are no runs of one: somebody gave both the same labels.
  const bool alone = one.running++ == 0;
  const bool follows = alone && one.ended_nsec != 0 && began_nsec <= one.ended_nsec + max_pause(workload);
  if (alone && !follows) {
    one.began.clear();
  }
  if (alone) {
    one.began.push_back(began_nsec);
  }
  while (one.began.size() > 2 &&
         (one.began.size() > kMaxCounted || one.began.front() + kWindowNsec < one.began.back())) {
    one.began.pop_front();
  }
  return follows;
}

void Restarts::ended(const Workload& workload, std::uint64_t ended_nsec, const std::optional<ContainerExit>& exit) {
  const auto run = runs_.extract({workload.id, workload.inode});
  if (run.empty()) {
    return;
  }
  const std::string identity = identity_of(workload);
  if (identity != run.mapped()) {  // it was given another name
    if (auto before = known_.extract(run.mapped()); !before.empty() && !known_.contains(identity)) {
      before.key() = identity;
      known_.insert(std::move(before));
    }
  }
  Known& one = known(identity);
  one.running -= std::min<std::size_t>(one.running, 1);
  one.ended_nsec = std::max<std::uint64_t>(ended_nsec, 1);
  one.exit = exit;
}

Restarts::Known& Restarts::known(const std::string& identity) {
  if (known_.size() >= kMaxKnown && !known_.contains(identity)) {
    forget_old();
  }
  return known_[identity];
}

// A quarter at a time. Those that run are bounded by the number of workloads.
void Restarts::forget_old() {
  std::vector<std::uint64_t> ends;
  for (const auto& [identity, one] : known_) {
    if (one.running == 0) {
      ends.push_back(one.ended_nsec);
    }
  }
  if (ends.empty()) {
    return;
  }
  const auto last = ends.begin() + static_cast<std::ptrdiff_t>(ends.size() / 4);
  std::nth_element(ends.begin(), last, ends.end());
  std::erase_if(known_, [&](const auto& one) { return one.second.running == 0 && one.second.ended_nsec <= *last; });
}

}  // namespace tallyman
