#include "collectors/sampling/processes/proc_table.h"

#include <algorithm>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kMaxProcesses = 200'000;

}  // namespace

std::vector<ProcTable::Pid> ProcTable::pids(CurrentScan& scan) {
  left_out_ = 0;
  hides_some_ = false;
  auto pids = files_.pids();
  if (!pids) {
    scan.note(pids.error());
    return {};
  }
  if (is_live_ && std::find(pids->begin(), pids->end(), Pid{1}) == pids->end()) {
    hides_some_ = true;
    scan.note({ErrorKind::kDenied, 0, "/proc hides processes of others (hidepid); needs CAP_SYS_PTRACE"});
  }
  return std::move(*pids);
}

ProcTable::Found ProcTable::read(Pid pid, CurrentScan& scan, bool all) {
  auto known = processes_.find(pid);
  if (known != processes_.end() && !all && !known->second->place.is_bare() && !known->second->is_settling()) {
    known->second->seen = scan.number;
    return {};
  }
  auto stat = files_.stat(pid);
  if (!stat) {
    scan.note(stat.error());
    hides_some_ = hides_some_ || stat.error().kind == ErrorKind::kDenied;
    if (known != processes_.end() && stat.error().kind != ErrorKind::kGone) {
      known->second->seen = scan.number;
    }
    return {};
  }
  if (known != processes_.end() && known->second->stat.start_ticks != stat->start_ticks) {
    replaced_[pid] = std::move(known->second);
    processes_.erase(known);
    known = processes_.end();
  }
  if (known == processes_.end()) {
    if (processes_.size() >= kMaxProcesses) {
      ++left_out_;
      return {};
    }
    known = processes_.emplace(pid, std::make_unique<ScannedProcess>()).first;
  }
  ScannedProcess& process = *known->second;
  const bool runs_another = process.reads == 0 || process.stat.comm != stat->comm;
  process.stat = std::move(*stat);
  process.seen = scan.number;
  return {&process, runs_another};
}

void ProcTable::remove_vanished(const CurrentScan& scan) {
  std::erase_if(ended_, [&](const auto& one) { return one.second.scan + 1 < scan.number; });
  std::erase_if(processes_, [&](auto& one) {
    if (one.second->seen == scan.number) {
      return false;
    }
    ended_[one.first] = {std::move(one.second->place.cgroup), scan.number};
    return true;
  });
  replaced_.clear();
}

const std::string* ProcTable::cgroup_of(Pid pid) const {
  if (const ScannedProcess* known = find(pid)) {
    return &known->place.cgroup;
  }
  const auto ended = ended_.find(pid);
  return ended == ended_.end() ? nullptr : &ended->second.cgroup;
}

ScannedProcess* ProcTable::find_in(const Processes& processes, Pid pid) {
  const auto found = processes.find(pid);
  return found == processes.end() ? nullptr : found->second.get();
}

}  // namespace tallyman
