#include "collectors/sampling/sources/workload_socket_stats.h"

#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/self_process.h"
#include "collectors/model/workload_id.h"
#include "collectors/sampling/sources/background_task.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {
namespace {

using Handle = WorkloadStatsSource::Handle;

struct Job {
  Handle handle = 0;
  std::uint64_t attachment = 0;  // handles are reused
  bool is_host = false;
  NetworkPlace place;
  std::shared_ptr<SocketSource::Memory> memory;  // used by the reader's thread only
};

struct Outcome {
  Handle handle = 0;
  std::uint64_t attachment = 0;
  SocketReading reading;
};

class WorkloadSocketStats final : public WorkloadStatsSource {
 public:
  WorkloadSocketStats(HostRoot root, StatsSource& stats, const NetworkSource& networks, SocketNeeds needs)
      : stats_(stats), networks_(networks), root_(std::move(root)), needs_(needs) {}

  SourceKind kind() const override { return SourceKind::kSockets; }

  void attach(Handle handle, const Workload& workload) override {
    auto [at, is_new] = attached_.try_emplace(handle);
    if (is_new) {
      at->second.attachment = ++attachments_;
      at->second.id = workload.id;
      by_id_[workload.id] = handle;
    }
  }

  void detach(Handle handle) override {
    if (const auto at = attached_.find(handle); at != attached_.end()) {
      by_id_.erase(at->second.id);
      attached_.erase(at);
    }
  }

  ReadReport read(bool slow) override {
    follow_networks();
    if (thread_.busy()) {
      return {};
    }
    take_outcomes();
    ReadReport report = std::exchange(report_, {});
    // Only the first pass waits: it has nothing older to show.
    if (ask(slow) && std::exchange(first_, false)) {
      thread_.wait();
      take_outcomes();
      report.add(std::exchange(report_, {}));
    }
    return report;
  }

  void fill(Handle handle, Observation& observation) const override {
    if (const auto at = attached_.find(handle); at != attached_.end() && at->second.known) {
      observation.sockets = &at->second.stats;
    }
  }

 private:
  struct Attached {
    std::uint64_t attachment = 0;
    std::string id;
    std::optional<NetworkPlace> place;  // the workload's own namespace
    bool asked = false;
    std::shared_ptr<SocketSource::Memory> memory;
    bool known = false;
    SocketStats stats;
  };

  // Drops a namespace that is no longer the workload's, and adds a new one.
  void follow_networks() {
    for (auto& [handle, one] : attached_) {
      const NetworkPlace* place = networks_.place(handle);
      if (place != nullptr && one.place && place->inode == one.place->inode) {
        one.place = *place;  // possibly through another process
      } else if (place != nullptr || one.place) {
        one.place = place != nullptr ? std::optional(*place) : std::nullopt;
        one.asked = one.known = false;
        one.memory = std::make_shared<SocketSource::Memory>();
      } else if (networks_.ownership(handle) != NetworkOwnership::kHost) {
        one.known = false;
      }
    }
  }

  bool ask(bool slow) {
    for (auto& [handle, one] : attached_) {
      if (one.place && (slow || !one.asked)) {
        one.asked = true;
        jobs_.push_back({handle, one.attachment, WorkloadId(one.id).is_host(), *one.place, one.memory});
      }
    }
    if (jobs_.empty()) {
      return false;
    }
    thread_.start([this] { work(); });
    return true;
  }

  // Runs in the thread, which owns jobs_, outcomes_ and report_ meanwhile.
  void work() {
    const auto start = thread_cpu_time();
    if (!source_) {
      source_.emplace(root_, needs_);
    }
    for (const Job& job : jobs_) {
      if (thread_.stopping()) {
        break;
      }
      if (auto reading = source_->read(job.place, job.is_host, *job.memory, report_)) {
        outcomes_.push_back({job.handle, job.attachment, std::move(*reading)});
      }
    }
    jobs_.clear();
    report_.elsewhere_seconds += std::chrono::duration<double>(thread_cpu_time() - start).count();
  }

  void take_outcomes() {
    for (Outcome& outcome : outcomes_) {
      const auto at = attached_.find(outcome.handle);
      if (at == attached_.end() || at->second.attachment != outcome.attachment || !at->second.place) {
        continue;
      }
      at->second.stats = std::move(outcome.reading.stats);
      at->second.known = true;
      if (WorkloadId(at->second.id).is_host()) {
        share_out(outcome.reading.by_cgroup);
      }
    }
    outcomes_.clear();
  }

  // Distributes the host's sockets among the workloads in its namespace: each gets those
  // of its cgroup and its descendants.
  void share_out(const SocketsByCgroup& by_cgroup) {
    for (auto& [handle, one] : attached_) {
      if (networks_.ownership(handle) != NetworkOwnership::kHost) {
        continue;
      }
      one.known = by_cgroup != nullptr;
      if (by_cgroup == nullptr) {
        continue;
      }
      SocketTally sum;
      add_cgroup(*by_cgroup, handle, sum);
      const CgroupPath cgroup(one.id);
      for (auto at = by_id_.upper_bound(cgroup.prefix_of_descendants());
           at != by_id_.end() && cgroup.contains(CgroupPath(at->first)); ++at) {
        add_cgroup(*by_cgroup, at->second, sum);
      }
      one.stats = {};
      if (needs_.states) {
        sum.fill(one.stats);
      }
      sum.fill_sums(one.stats);
    }
  }

  void add_cgroup(const std::map<std::uint64_t, SocketTally>& by_cgroup, Handle handle, SocketTally& sum) {
    const std::uint64_t id = stats_.unified_id(handle);
    if (const auto at = by_cgroup.find(id); id != 0 && at != by_cgroup.end()) {
      sum.add(at->second);
    }
  }

  StatsSource& stats_;
  const NetworkSource& networks_;
  HostRoot root_;
  SocketNeeds needs_;
  bool first_ = true;
  std::uint64_t attachments_ = 0;
  std::map<Handle, Attached> attached_;
  std::map<std::string, Handle> by_id_;
  std::vector<Job> jobs_;
  std::vector<Outcome> outcomes_;
  ReadReport report_;
  std::optional<SocketSource> source_;  // used by the thread only
  BackgroundTask thread_{"sockets"};    // last: its work uses the members above
};

}  // namespace

std::unique_ptr<WorkloadStatsSource> make_workload_socket_stats(const HostRoot& root, StatsSource& stats,
                                                                const NetworkSource& networks, SocketNeeds needs) {
  return std::make_unique<WorkloadSocketStats>(root, stats, networks, needs);
}

}  // namespace tallyman
