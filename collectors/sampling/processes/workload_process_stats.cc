#include "collectors/sampling/processes/workload_process_stats.h"

#include "collectors/model/process_facts.h"
#include "collectors/model/workload_id.h"

#include <utility>

namespace tallyman {
namespace {

class WorkloadProcessStats final : public WorkloadStatsSource {
 public:
  explicit WorkloadProcessStats(LastProcessReport last) : last_(std::move(last)) {}

  SourceKind kind() const override { return SourceKind::kProcesses; }
  void attach(Handle handle, const Workload& workload) override {
    if (handle >= ids_.size()) {
      ids_.resize(handle + 1);
      facts_.resize(handle + 1);
    }
    ids_[handle] = workload.id;
    facts_[handle] = find(workload.id);
  }
  void detach(Handle handle) override {
    ids_[handle].clear();
    facts_[handle] = nullptr;
  }
  ReadReport read(bool) override {
    const ProcessReportPtr newest = last_();
    if (newest == report_) {
      return {};
    }
    report_ = newest;
    for (std::size_t handle = 0; handle < ids_.size(); ++handle) {
      facts_[handle] = ids_[handle].empty() ? nullptr : find(ids_[handle]);
    }
    return report_ ? report_->statistics.report : ReadReport{};
  }
  void fill(Handle handle, Observation& observation) const override { observation.processes = facts_[handle]; }

 private:
  const ProcessFacts* find(const std::string& id) const {
    if (!report_) {
      return nullptr;
    }
    const auto found = report_->facts.find(id);
    return found == report_->facts.end() ? nullptr : &found->second;
  }

  LastProcessReport last_;
  ProcessReportPtr report_;
  std::vector<std::string> ids_;  // by handle
  std::vector<const ProcessFacts*> facts_;
};

// Handles are this source's own and dense: WorkloadStatsSources use them as indices.
class GroupedStatsSource final : public StatsSource {
 public:
  GroupedStatsSource(std::unique_ptr<StatsSource> cgroups, LastProcessReport last)
      : cgroups_(std::move(cgroups)), last_(std::move(last)) {}

  Handle attach(const std::string& id) override {
    Slot slot;
    if (WorkloadId(id).cgroup()) {
      slot.cgroup = cgroups_->attach(id);
    } else {
      slot.group = id;
    }
    if (free_.empty()) {
      slots_.push_back(std::move(slot));
      return static_cast<Handle>(slots_.size() - 1);
    }
    const Handle handle = free_.back();
    free_.pop_back();
    slots_[handle] = std::move(slot);
    return handle;
  }
  void detach(Handle handle) override {
    if (slots_[handle].group.empty()) {
      cgroups_->detach(slots_[handle].cgroup);
    }
    slots_[handle] = {};
    free_.push_back(handle);
  }
  void also_at(Handle handle, const std::string& other_path) override {
    if (slots_[handle].group.empty()) {
      cgroups_->also_at(slots_[handle].cgroup, other_path);
    }
  }
  void begin_pass(bool slow) override {
    cgroups_->begin_pass(slow);
    report_ = last_();
  }
  ReadReport read(CgroupStatsKind kind) override { return cgroups_->read(kind); }
  void end_pass() override { cgroups_->end_pass(); }

  const CgroupStats& stats(Handle handle) const override {
    const Slot& slot = slots_[handle];
    if (slot.group.empty()) {
      return cgroups_->stats(slot.cgroup);
    }
    static const CgroupStats kNone;
    if (!report_) {
      return kNone;
    }
    const auto found = report_->group_stats.find(slot.group);
    return found == report_->group_stats.end() ? kNone : found->second;
  }
  bool gone(Handle handle) const override {
    return slots_[handle].group.empty() && cgroups_->gone(slots_[handle].cgroup);
  }
  std::uint64_t unified_id(Handle handle) override {
    return slots_[handle].group.empty() ? cgroups_->unified_id(slots_[handle].cgroup) : 0;
  }
  Result<std::vector<std::uint32_t>> processes(Handle handle) override {
    return slots_[handle].group.empty() ? cgroups_->processes(slots_[handle].cgroup) : std::vector<std::uint32_t>{};
  }
  std::size_t open_files() const override { return cgroups_->open_files(); }
  std::size_t open_files_limit() const override { return cgroups_->open_files_limit(); }
  bool reopens_files() const override { return cgroups_->reopens_files(); }

 private:
  struct Slot {
    Handle cgroup = 0;
    std::string group;  // its id; empty for a cgroup
  };

  std::unique_ptr<StatsSource> cgroups_;
  LastProcessReport last_;
  ProcessReportPtr report_;
  std::vector<Slot> slots_;
  std::vector<Handle> free_;
};

}  // namespace

std::unique_ptr<WorkloadStatsSource> make_workload_process_stats(LastProcessReport report) {
  return std::make_unique<WorkloadProcessStats>(std::move(report));
}

std::unique_ptr<StatsSource> make_grouped_stats_source(std::unique_ptr<StatsSource> cgroups, LastProcessReport report) {
  return std::make_unique<GroupedStatsSource>(std::move(cgroups), std::move(report));
}

WorkloadListPtr with_groups(const WorkloadListPtr& cgroups, const ProcessReportPtr& report) {
  if (!report || report->groups.empty()) {
    return cgroups;
  }
  auto all = std::make_shared<WorkloadList>();
  all->reserve(cgroups->size() + report->groups.size());
  all->insert(all->end(), cgroups->begin(), cgroups->end());
  all->insert(all->end(), report->groups.begin(), report->groups.end());
  return all;
}

}  // namespace tallyman
