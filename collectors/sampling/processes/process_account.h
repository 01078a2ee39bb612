// What processes have used, booked on the workloads they belong to. A process is booked
// on its cgroup and all cgroups above and, if it is bare, also on its group. Only growth
// is booked, so no total falls when a process ends, moves or runs another program.
// Internal to the process scan; one thread.
#pragma once

#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/stats/process_stats.h"
#include "collectors/model/process_facts.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/processes/program_sums.h"
#include "collectors/sampling/processes/runtime_process.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

enum class Tally : std::uint8_t {
  kCpu,  // nanoseconds, as are the next two
  kUser,
  kSystem,
  kFaults,  // all page faults
  kMajorFaults,
  kReadBytes,
  kWrittenBytes,
  kRun,  // nanoseconds by the scheduler's clock
  kRunqueue,
  kTimeslices,
  kVoluntary,
  kInvoluntary,
  kCount,
};

// Totals of one or many processes, and which of them have been read.
class Tallies {
 public:
  std::uint64_t operator[](Tally which) const { return values_[index(which)]; }
  bool knows(Tally which) const { return (known_ >> index(which)) & 1U; }
  void set(Tally which, std::uint64_t value) {
    values_[index(which)] = value;
    known_ |= 1U << index(which);
  }
  void add(const Tallies& growth) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      values_[i] += growth.values_[i];
    }
    known_ |= growth.known_;
  }
  // Takes over the larger values of `now`, and returns the growth.
  Tallies rise_to(const Tallies& now) {
    Tallies growth;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (((now.known_ >> i) & 1U) != 0 && now.values_[i] > values_[i]) {
        growth.values_[i] = now.values_[i] - values_[i];
        values_[i] = now.values_[i];
      }
    }
    known_ |= now.known_;
    growth.known_ = now.known_;
    return growth;
  }

 private:
  static constexpr std::size_t index(Tally which) { return static_cast<std::size_t>(which); }
  std::array<std::uint64_t, static_cast<std::size_t>(Tally::kCount)> values_{};
  std::uint32_t known_ = 0;
};

// A sum that is unknown if one part is unknown.
class WholeSum {
 public:
  void add(const Count& part) {
    sum_ += part.value_or(0);
    whole_ = whole_ && part.has_value();
  }
  Count get() const { return whole_ ? Count(sum_) : Count(); }

 private:
  std::uint64_t sum_ = 0;
  bool whole_ = true;
};

struct ProcessAccount {
  using Time = std::chrono::steady_clock::time_point;

  WorkloadPtr workload;
  ProcessAccount* parent = nullptr;  // the nearest cgroup above; null for "/" and for groups
  bool holds_processes = false;      // is, or is in, a container, pod, machine or service: its processes are not bare
  bool inside_container = false;     // is, or is in, a container, pod or machine
  Tallies totals;
  Time last_booked{};

  ProgramSums programs;
  // What its runtime runs for it elsewhere, by component: booked here as well as on that
  // process's own workload.
  struct RuntimeSum {
    std::uint64_t cpu_nsec = 0, processes = 0, rss_bytes = 0;
  };
  std::map<std::string_view, RuntimeSum> runtime;

  // Running processes, at this scan.
  struct Now {
    std::uint64_t processes = 0, threads = 0, resident_bytes = 0;
    WholeSum anon, swap, open_files, sockets, pss;
    WholeSum tallies_known[static_cast<std::size_t>(Tally::kCount)];
    TaskStates tasks;
    std::uint32_t first_pid = 0;  // the oldest
    std::uint64_t first_start_ticks = 0;
    std::uint32_t own_pid = 0;  // the oldest in the cgroup itself, not below it
    std::uint64_t own_start_ticks = 0;
  } now;
  double load = 0, uninterruptible_load = 0;  // over 10 s
  NamespaceIds namespaces{};
  std::uint32_t init_pid = 0;    // the first process, once two scans have found the same; 0: not known
  std::uint32_t oldest_pid = 0;  // that the last scan found
  std::uint32_t limit_pid = 0;   // the process that has the limit
  Count open_files_limit;
};

// Books on `account` and all accounts above it.
void book(ProcessAccount* account, std::string_view executable, const Tallies& growth, ProcessAccount::Time time);

// The accounts of all workloads and groups.
class ProcessAccounts {
 public:
  explicit ProcessAccounts(std::size_t max_groups) : max_groups_(max_groups) {}

  // Follows the cgroups of the list. True if anything changed: the mapping from processes
  // to workloads must be recomputed.
  bool follow(const WorkloadList& workloads);
  // Where a process in these cgroups belongs: the deepest known one. One that holds its
  // processes goes before one that does not. Null if none is known.
  struct Home {
    ProcessAccount* account = nullptr;
    std::string_view path;  // into `memberships`
  };
  Home home_of(std::span<const CgroupMembership> memberships);
  // The workload that a runtime's process serves by its own word; null if it is unknown, if two have that address, and
  // for one that serves a container by its id: see RuntimeFacts::confirm().
  ProcessAccount* served_by(const RuntimeProcess& process) const;
  // The group with that name, or "[other]" beyond the limit. One without a process makes room.
  ProcessAccount* group(const std::string& name, ProcessAccount::Time time, std::uint64_t wall_nsec);
  // Groups without a process for a long time are no longer shown. Their totals are kept
  // and continue when they return.
  void retire_idle_groups(ProcessAccount::Time time);

  template <class Visit>
  void for_each(Visit visit) {
    for (auto& [id, account] : cgroups_) {
      visit(*account);
    }
    for (auto& [name, account] : groups_) {
      visit(*account);
    }
  }
  const std::map<std::string, std::unique_ptr<ProcessAccount>, std::less<>>& groups() const { return groups_; }
  std::uint64_t names_in_other() const { return in_other_.size(); }

 private:
  ProcessAccount* nearest(CgroupPath path);
  bool retire_one(ProcessAccount::Time time);
  void retire(std::unique_ptr<ProcessAccount> account);
  void index_containers();

  std::size_t max_groups_;
  std::map<std::string, std::unique_ptr<ProcessAccount>, std::less<>> cgroups_;  // by path
  std::map<std::string_view, ProcessAccount*> by_address_;                       // into their workloads
  std::map<std::string, std::unique_ptr<ProcessAccount>, std::less<>> groups_;   // by name
  std::map<std::string, std::unique_ptr<ProcessAccount>, std::less<>> retired_;
  std::map<std::string, ProcessAccount::Time, std::less<>> in_other_;
};

}  // namespace tallyman
