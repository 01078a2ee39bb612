// A scan of processes that the test writes, with a clock that the test turns.
#pragma once

#include "collectors/model/process_facts.h"
#include "collectors/sampling/processes/process_scan.h"
#include "tests/collectors/sampling/processes/fake_taskstats.h"
#include "tests/support/process_host.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace tallyman {

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
