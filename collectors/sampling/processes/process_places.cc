#include "collectors/sampling/processes/process_places.h"

#include <algorithm>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kMaxNamesKept = 10'000;
constexpr const char* kKernelGroup = "[kernel]";

// Key of a process's executable file in program_names_.
std::uint64_t program_key(ExecutableFile file) {
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15ULL;
  return (file.device * kSpread) ^ file.inode;
}

}  // namespace

void ProcessPlaces::OfProcess::book(const Tallies& growth, ScanTime time) const {
  tallyman::book(home, executable, growth, time.steady);
  tallyman::book(group, executable, growth, time.steady);
}

ProcessPlaces::ProcessPlaces(ProcessFiles& files, ProcessAccounts& accounts, ProcessGrouping grouping, bool groups)
    : files_(files), accounts_(accounts), grouping_(std::move(grouping)), groups_(groups) {}

void ProcessPlaces::read_program(OfProcess& process, const PidStat& stat, CurrentScan& scan) {
  process.executable.clear();
  if (stat.is_kernel_thread()) {
    process.executable = kKernelGroup;
  } else {
    auto program = files_.program(stat.pid);
    if (program) {
      process.executable = std::move(*program);
    } else if (scan.slow) {
      scan.note(program.error());
    }
  }
  if (process.executable.empty()) {
    process.executable = stat.comm;
  }
  process.placed_ = false;
}

void ProcessPlaces::learn_program(const OfProcess& process, ExecutableFile file) {
  if (file.inode == 0) {
    return;
  }
  if (program_names_.size() >= kMaxNamesKept) {
    program_names_.clear();
  }
  program_names_[program_key(file)] = process.executable;
}

std::string ProcessPlaces::user_of(Pid pid) {
  const auto status = files_.status(pid);
  if (!status || !status->uid) {
    return {};
  }
  auto [known, is_new] = user_names_.try_emplace(*status->uid);
  if (is_new) {
    known->second = files_.user_name(*status->uid);
    if (known->second.empty()) {
      known->second = std::to_string(*status->uid);
    }
  }
  return known->second;
}

void ProcessPlaces::read_cgroups(OfProcess& process, const PidStat& stat, CurrentScan& scan) {
  if (stat.is_kernel_thread()) {
    process.cgroups = {{0, "/"}};
  } else if (auto cgroups = files_.cgroups(stat.pid)) {
    std::sort(cgroups->begin(), cgroups->end(),
              [](const CgroupMembership& a, const CgroupMembership& b) { return a.path < b.path; });
    const auto same = [](const CgroupMembership& a, const CgroupMembership& b) { return a.path == b.path; };
    cgroups->erase(std::unique(cgroups->begin(), cgroups->end(), same), cgroups->end());
    process.cgroups = std::move(*cgroups);
  } else {
    scan.note(cgroups.error());
    if (process.cgroups.empty()) {
      process.cgroups = {{0, "/"}};
    }
  }
  settle(process, stat, scan.time);
}

bool ProcessPlaces::may_be_bare(const ProcessAccount* home) const {
  return home != nullptr && !home->holds_processes && groups_;
}

void ProcessPlaces::settle(OfProcess& process, const PidStat& stat, ScanTime time) {
  const ProcessAccounts::Home home = accounts_.home_of(process.cgroups);
  const bool moved = !process.placed_ || process.cgroup != home.path;
  process.home = home.account;
  process.cgroup = home.path;
  process.placed_ = true;
  if (!may_be_bare(process.home)) {
    process.group = nullptr;
    process.group_name_.clear();
    return;
  }
  if (stat.is_kernel_thread()) {
    process.group_name_ = kKernelGroup;
  } else if (moved || process.group_name_.empty()) {
    std::string command;
    if (grouping_.needs_command()) {
      if (auto line = files_.command_line(stat.pid)) {
        command = std::move(*line);
      }
    }
    const std::string user = grouping_.needs_user() ? user_of(stat.pid) : "";
    process.group_name_ = grouping_.group_of({process.executable, command, user, process.cgroup});
  }
  process.group = accounts_.group(process.group_name_, time.steady, time.wall_nsec);
}

void ProcessPlaces::book_unseen(const TaskExit& exit, std::string cgroup, const Tallies& used, ScanTime time) {
  const auto named = program_names_.find(program_key(exit.executable));
  const bool is_kernel_thread = exit.ppid == kKernelThreads;
  const std::string program = is_kernel_thread                ? kKernelGroup
                              : named == program_names_.end() ? exit.comm
                                                              : named->second;
  const CgroupMembership where{0, std::move(cgroup)};
  const ProcessAccounts::Home home = accounts_.home_of({&where, 1});
  book(home.account, program, used, time.steady);
  if (!may_be_bare(home.account)) {
    return;
  }
  const std::string group =
      is_kernel_thread ? kKernelGroup : grouping_.group_of({program, "", std::to_string(exit.uid), home.path});
  book(accounts_.group(group, time.steady, time.wall_nsec), program, used, time.steady);
}

}  // namespace tallyman
