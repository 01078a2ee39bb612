#include "collectors/sampling/sources/workload_link_stats.h"

#include "collectors/kernel/network/link_source.h"
#include "collectors/kernel/system/self_process.h"
#include "collectors/sampling/sources/background_task.h"
#include "collectors/sampling/sources/link_makers.h"

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {
namespace {

class WorkloadLinkStats final : public WorkloadStatsSource {
 public:
  WorkloadLinkStats(HostRoot root, const NetworkSource& networks) : networks_(networks), source_(std::move(root)) {}

  SourceKind kind() const override { return SourceKind::kLinks; }
  void attach(Handle handle, const Workload& workload) override {
    attached_[handle] = {workload.workload, workload.id, workload.kind == WorkloadKind::kHost};
  }
  void detach(Handle handle) override { attached_.erase(handle); }

  ReadReport read(bool slow) override {
    if (thread_.busy()) {
      return {};
    }
    take();
    ReadReport report = std::exchange(report_, {});
    // Only the first pass waits: it has nothing older to show.
    if (slow && ask() && std::exchange(first_, false)) {
      thread_.wait();
      take();
      report.add(std::exchange(report_, {}));
    }
    return report;
  }

  void fill(Handle handle, Observation& observation) const override {
    if (const auto at = attached_.find(handle); at != attached_.end() && at->second.is_host) {
      observation.links = links_;
    }
  }

 private:
  struct Attached {
    std::string name, id;
    bool is_host = false;
  };

  bool ask() {
    const NetworkPlace* host = nullptr;
    owners_.clear();
    for (const auto& [handle, one] : attached_) {
      const NetworkPlace* place = networks_.place(handle);
      if (place != nullptr && one.is_host) {
        host = place;
      } else if (place != nullptr) {
        owners_.push_back({*place, one.name, one.id});
      }
    }
    if (host == nullptr) {
      return false;
    }
    thread_.start([this, place = *host] { work(place); });
    return true;
  }

  void take() {
    if (std::exchange(fresh_, false)) {
      links_ = std::move(read_);
    }
  }

  // Runs in the thread, which owns owners_, read_, fresh_ and report_ meanwhile.
  void work(const NetworkPlace& host) {
    const auto start = thread_cpu_time();
    read_ = source_.read(host, owners_, report_);
    for (HostLink& link : read_) {
      link.made_by = maker_of(link.name, link.kind);
    }
    fresh_ = true;
    report_.elsewhere_seconds += std::chrono::duration<double>(thread_cpu_time() - start).count();
  }

  const NetworkSource& networks_;
  std::map<Handle, Attached> attached_;
  std::vector<HostLink> links_;  // shown
  bool first_ = true, fresh_ = false;
  std::vector<NamespaceOwner> owners_;
  std::vector<HostLink> read_;
  ReadReport report_;
  LinkSource source_;
  BackgroundTask thread_{"interfaces"};  // last: its work uses the members above
};

}  // namespace

std::unique_ptr<WorkloadStatsSource> make_workload_link_stats(const HostRoot& root, const NetworkSource& networks) {
  return std::make_unique<WorkloadLinkStats>(root, networks);
}

}  // namespace tallyman
