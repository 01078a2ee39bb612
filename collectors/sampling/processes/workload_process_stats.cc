#include "collectors/sampling/processes/workload_process_stats.h"

#include "collectors/model/process_facts.h"
#include "collectors/model/workload_id.h"

#include <functional>
#include <set>
#include <utility>

namespace tallyman {
namespace {

class WorkloadProcessStats final : public WorkloadStatsSource {
 public:
  WorkloadProcessStats(LastProcessReport last, StatsSource& cgroups) : last_(std::move(last)), cgroups_(cgroups) {}

  SourceKind kind() const override { return SourceKind::kProcesses; }
  void attach(Handle handle, const Workload& workload) override {
    if (handle >= attached_.size()) {
      attached_.resize(handle + 1);
    }
    attached_[handle].id = workload.id;
    attached_[handle].facts = find(workload.id);
  }
  void detach(Handle handle) override { attached_[handle] = {}; }
  ReadReport read(bool) override {
    const ProcessReportPtr newest = last_();
    const bool is_new = newest != report_;
    const bool is_first = report_ == nullptr;
    if (is_new) {
      report_ = newest;
      for (Attached& one : attached_) {
        one.facts = one.id.empty() ? nullptr : find(one.id);
      }
    }
    blind_.clear();
    for (Handle handle = 0; handle < attached_.size(); ++handle) {
      if (attached_[handle].facts != nullptr) {
        check(handle, is_new, is_first);
      }
    }
    return is_new && report_ ? report_->statistics.report : ReadReport{};
  }
  void fill(Handle handle, Observation& observation) const override {
    const Attached& one = attached_[handle];
    observation.processes = one.facts == nullptr || one.hidden || blind_.contains(one.id) ? nullptr : one.facts;
  }

 private:
  struct Attached {
    std::string id;  // empty: none
    const ProcessFacts* facts = nullptr;
    bool hidden = false;  // not all of its processes can be seen
    unsigned unseen = 0;  // reports without any of its processes
  };

  // Compares what was seen with what the cgroup has. What cannot be seen is missing in all cgroups above, too.
  void check(Handle handle, bool is_new, bool is_first) {
    Attached& one = attached_[handle];
    const WorkloadId id(one.id);
    if (!id.cgroup()) {
      return;
    }
    const Count& threads = cgroups_.stats(handle).pids.current;
    const bool none_seen = one.facts->processes == std::uint64_t{0};
    if (one.facts->some_hidden) {
      one.hidden = !threads || one.facts->threads < threads;
      return;
    }
    const bool some_exist = threads ? *threads != 0 : is_new ? has_processes(handle) : one.hidden;
    one.hidden = none_seen && some_exist;
    // A cgroup that has just begun may have got its first process after the scan.
    constexpr unsigned kCertain = 2;
    if (!one.hidden) {
      one.unseen = 0;
    } else if (is_new) {
      one.unseen += is_first ? kCertain : 1;
    }
    if (one.unseen >= kCertain) {
      for (CgroupPath above = id.cgroup()->parent();; above = above.parent()) {
        blind_.emplace(above.text());
        if (above.is_root()) {
          break;
        }
      }
    }
  }
  bool has_processes(Handle handle) {
    const auto processes = cgroups_.processes(handle);
    return processes && !processes->empty();
  }

  const ProcessFacts* find(const std::string& id) const {
    if (!report_) {
      return nullptr;
    }
    const auto found = report_->facts.find(id);
    return found == report_->facts.end() ? nullptr : &found->second;
  }

  LastProcessReport last_;
  StatsSource& cgroups_;
  ProcessReportPtr report_;
  std::vector<Attached> attached_;  // by handle
  std::set<std::string, std::less<>> blind_;
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
  std::vector<std::uint32_t> processes_below(Handle handle, std::size_t most) override {
    return slots_[handle].group.empty() ? cgroups_->processes_below(slots_[handle].cgroup, most)
                                        : std::vector<std::uint32_t>{};
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

std::unique_ptr<WorkloadStatsSource> make_workload_process_stats(LastProcessReport report, StatsSource& cgroups) {
  return std::make_unique<WorkloadProcessStats>(std::move(report), cgroups);
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
