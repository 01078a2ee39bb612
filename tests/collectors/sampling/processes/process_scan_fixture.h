// A scan of processes that the test writes, with a clock that the test turns.
#pragma once

#include "collectors/model/process_facts.h"
#include "collectors/sampling/processes/process_scan.h"
#include "tests/support/process_host.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace tallyman {

// The kernel's values, written by the test.
class FakeTaskstats final : public Taskstats {
 public:
  std::vector<std::optional<TaskTimes>> times(std::span<const std::uint32_t> pids) override {
    std::vector<std::optional<TaskTimes>> result;
    for (const std::uint32_t pid : pids) {
      const auto found = by_pid.find(pid);
      result.push_back(found == by_pid.end() ? std::nullopt : std::optional(found->second));
    }
    return result;
  }
  void take_exits(std::vector<TaskExit>& out) override {
    out.insert(out.end(), exits.begin(), exits.end());
    exits.clear();
  }
  std::uint64_t overflows() const override { return lost; }

  std::unordered_map<std::uint32_t, TaskTimes> by_pid;
  std::vector<TaskExit> exits;
  std::uint64_t lost = 0;
};

inline TaskTimes ran(std::uint64_t nsec) {
  TaskTimes times;
  times.run_nsec = nsec;
  times.runqueue_nsec = nsec / 10;
  times.voluntary_switches = 3;
  return times;
}

// A process of one thread has ended.
inline TaskExit exit_of(std::uint32_t pid, std::uint32_t ppid, std::string comm, std::uint64_t run_nsec) {
  TaskExit exit;
  exit.pid = exit.tgid = pid;
  exit.ppid = ppid;
  exit.comm = std::move(comm);
  exit.thread = ran(run_nsec);
  exit.process = exit.thread;
  return exit;
}

class ProcessScanTest : public ::testing::Test {
 protected:
  ProcessScanTest() {
    cgroup("/", WorkloadKind::kHost);
    cgroup("/docker", WorkloadKind::kCgroup);
    cgroup("/docker/web", WorkloadKind::kContainer);
    cgroup("/system.slice", WorkloadKind::kSlice);
    cgroup("/system.slice/cron.service", WorkloadKind::kService);
    make();
  }

  void cgroup(const std::string& id, WorkloadKind kind) {
    auto workload = std::make_shared<Workload>();
    workload->id = id;
    workload->kind = kind;
    workload->inode = 1;
    workload->workload = id.substr(id.rfind('/') + 1);
    cgroups_[id] = std::move(workload);
  }

  void make(ProcessScanOptions options = {}, std::vector<ProcessRule> rules = {}, bool exact = false) {
    auto taskstats = exact ? std::make_unique<FakeTaskstats>() : nullptr;
    kernel_ = taskstats.get();
    scan_ = std::make_unique<ProcessScan>(processes_.host.root(), ProcessGrouping::make(std::move(rules)).value(),
                                          options, std::move(taskstats));
  }

  ProcessReportPtr scan(int seconds = 1, bool slow = false) {
    second_ += seconds;
    WorkloadList list;
    for (const auto& [id, workload] : cgroups_) {
      list.push_back(workload);
    }
    if (!list_ || *list_ != list) {
      list_ = std::make_shared<const WorkloadList>(list);
    }
    report_ = scan_->run(
        list_,
        {1'700'000'000'000'000'000ULL, std::chrono::steady_clock::time_point(std::chrono::seconds(1'000 + second_))},
        slow);
    return report_;
  }

  std::vector<std::string> groups() const {
    std::vector<std::string> names;
    for (const WorkloadPtr& group : report_->groups) {
      names.push_back(group->workload);
    }
    return names;
  }
  const CgroupStats& group(const std::string& name) const { return report_->group_stats.at("process:" + name); }
  const ProcessFacts& facts(const std::string& id) const { return report_->facts.at(id); }
  Count cpu_ticks(const std::string& name) const {
    const Count nsec = group(name).cpu.usage_nsec;
    return nsec ? Count(*nsec / kNsecPerTick) : Count();
  }

  ProcessHost processes_;
  std::map<std::string, WorkloadPtr> cgroups_;
  WorkloadListPtr list_;
  FakeTaskstats* kernel_ = nullptr;
  std::unique_ptr<ProcessScan> scan_;
  ProcessReportPtr report_;
  int second_ = 0;
};

}  // namespace tallyman
