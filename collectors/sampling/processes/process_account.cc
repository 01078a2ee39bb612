#include "collectors/sampling/processes/process_account.h"

#include "collectors/model/workload_id.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::size_t kMaxRetired = 1'000;
constexpr std::size_t kMaxNamesInOther = 10'000;
constexpr std::chrono::minutes kIdle{10};
constexpr std::string_view kOther = "[other]";

bool is_container(const Workload& workload) {
  return workload.kind == WorkloadKind::kContainer || workload.kind == WorkloadKind::kPod ||
         workload.kind == WorkloadKind::kMachine;
}

bool kind_holds_processes(const Workload& workload) {
  // A user's own service manager is no service here: programs that users start are below it.
  return is_container(workload) || (workload.kind == WorkloadKind::kService && !workload.workload.starts_with("user@"));
}

}  // namespace

void book(ProcessAccount* account, std::string_view executable, const Tallies& growth, ProcessAccount::Time time) {
  for (; account != nullptr; account = account->parent) {
    account->totals.add(growth);
    account->last_booked = time;
    account->programs.book(executable, growth[Tally::kCpu], time);
  }
}

bool ProcessAccounts::follow(const WorkloadList& workloads) {
  bool changed = false;
  std::map<std::string, std::unique_ptr<ProcessAccount>, std::less<>> next;
  for (const WorkloadPtr& workload : workloads) {
    auto known = cgroups_.find(workload->id);
    std::unique_ptr<ProcessAccount> account;
    if (known != cgroups_.end() && known->second && known->second->workload->inode == workload->inode) {
      account = std::move(known->second);
      changed = changed || account->workload != workload;
    } else {
      account = std::make_unique<ProcessAccount>();
      changed = true;
    }
    account->workload = workload;
    next.emplace_hint(next.end(), workload->id, std::move(account));
  }
  changed = changed || next.size() != cgroups_.size();
  cgroups_ = std::move(next);
  if (!changed) {
    return false;
  }
  for (auto& [path, account] : cgroups_) {  // parents come first
    const CgroupPath cgroup(path);
    account->parent = cgroup.is_root() ? nullptr : nearest(cgroup.parent());
    account->holds_processes =
        kind_holds_processes(*account->workload) || (account->parent != nullptr && account->parent->holds_processes);
    account->inside_container =
        is_container(*account->workload) || (account->parent != nullptr && account->parent->inside_container);
  }
  index_containers();
  return true;
}

void ProcessAccounts::index_containers() {
  by_address_.clear();
  const auto put = [](auto& index, std::string_view key, ProcessAccount* account) {
    const auto [known, is_new] = index.try_emplace(key, account);
    if (!is_new) {
      known->second = nullptr;  // two daemons may have assigned the same one
    }
  };
  for (auto& [path, account] : cgroups_) {
    const Workload& workload = *account->workload;
    if (workload.kind != WorkloadKind::kContainer) {
      continue;
    }
    // A user may write another's addresses into own files: that takes nothing away from the other.
    if (workload.made_by_user) {
      continue;
    }
    for (const NetworkAttachment& network : workload.container.networks) {
      for (const std::string* address : {&network.ip_address, &network.ipv6_address}) {
        if (!address->empty()) {
          put(by_address_, *address, account.get());
        }
      }
    }
  }
}

ProcessAccount* ProcessAccounts::served_by(const RuntimeProcess& process) const {
  switch (process.serves) {
    case RuntimeProcess::Serves::kContainer:
      return nullptr;
    case RuntimeProcess::Serves::kAddress: {
      const auto found = by_address_.find(process.of);
      return found == by_address_.end() ? nullptr : found->second;
    }
    case RuntimeProcess::Serves::kHost:
    case RuntimeProcess::Serves::kCgroup:
      break;
  }
  const bool host = process.serves == RuntimeProcess::Serves::kHost;
  const auto found = cgroups_.find(host ? std::string_view("/") : std::string_view(process.of));
  return found == cgroups_.end() ? nullptr : found->second.get();
}

ProcessAccount* ProcessAccounts::nearest(CgroupPath path) {
  for (;;) {
    const auto found = cgroups_.find(path.text());
    if (found != cgroups_.end()) {
      return found->second.get();
    }
    if (path.is_root()) {
      return nullptr;
    }
    path = path.parent();
  }
}

ProcessAccounts::Home ProcessAccounts::home_of(std::span<const CgroupMembership> memberships) {
  Home best;
  const auto rank = [](const ProcessAccount* account) {
    return account == nullptr ? std::pair<bool, std::size_t>(false, 0)
                              : std::pair(account->holds_processes, account->workload->id.size());
  };
  for (const CgroupMembership& membership : memberships) {
    ProcessAccount* const account = nearest(CgroupPath(membership.path));
    if (best.account == nullptr || rank(account) > rank(best.account)) {
      best = {account, membership.path};
    }
  }
  return best;
}

ProcessAccount* ProcessAccounts::group(const std::string& name, ProcessAccount::Time time, std::uint64_t wall_nsec) {
  if (const auto found = groups_.find(name); found != groups_.end()) {
    found->second->last_booked = time;  // it has a process, which this scan has not counted yet
    return found->second.get();
  }
  if (groups_.size() >= max_groups_ && name != kOther && !retire_one(time)) {
    if (in_other_.size() < kMaxNamesInOther) {
      in_other_[name] = time;
    }
    return group(std::string(kOther), time, wall_nsec);
  }
  std::unique_ptr<ProcessAccount> account;
  if (const auto before = retired_.find(name); before != retired_.end()) {
    account = std::move(before->second);
    retired_.erase(before);
    auto again = std::make_shared<Workload>(*account->workload);
    again->seen_nsec = wall_nsec;  // of this life
    again->cgroup_created_nsec.reset();
    account->workload = std::move(again);
  } else {
    account = std::make_unique<ProcessAccount>();
    auto workload = std::make_shared<Workload>();
    workload->kind = WorkloadKind::kProcess;
    workload->id = WorkloadId::of_process_group(name);
    workload->workload = name;
    workload->seen_nsec = wall_nsec;
    account->workload = std::move(workload);
  }
  account->last_booked = time;
  return groups_.emplace(name, std::move(account)).first->second.get();
}

void ProcessAccounts::retire(std::unique_ptr<ProcessAccount> account) {
  if (retired_.size() < kMaxRetired) {
    std::string name = account->workload->workload;
    retired_.insert_or_assign(std::move(name), std::move(account));
  }
}

// The one that has been without a process for longest.
bool ProcessAccounts::retire_one(ProcessAccount::Time time) {
  auto oldest = groups_.end();
  for (auto it = groups_.begin(); it != groups_.end(); ++it) {
    const ProcessAccount& one = *it->second;
    const bool idle = one.now.processes == 0 && one.last_booked < time && it->first != kOther;
    if (idle && (oldest == groups_.end() || one.last_booked < oldest->second->last_booked)) {
      oldest = it;
    }
  }
  if (oldest == groups_.end()) {
    return false;
  }
  retire(std::move(oldest->second));
  groups_.erase(oldest);
  return true;
}

void ProcessAccounts::retire_idle_groups(ProcessAccount::Time time) {
  for (auto it = groups_.begin(); it != groups_.end();) {
    const bool idle = it->second->now.processes == 0 && time - it->second->last_booked > kIdle;
    if (idle) {
      retire(std::move(it->second));
      it = groups_.erase(it);
    } else {
      ++it;
    }
  }
  std::erase_if(in_other_, [&](const auto& one) { return time - one.second > kIdle; });
}

}  // namespace tallyman
