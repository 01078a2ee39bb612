#include "collectors/sampling/sources/workload_network_stats.h"

namespace tallyman {
namespace {

class WorkloadNetworkStats final : public WorkloadStatsSource {
 public:
  WorkloadNetworkStats(NetworkSource& source, std::size_t files_kept_open)
      : source_(source), files_kept_open_(files_kept_open) {}

  SourceKind kind() const override { return SourceKind::kNetwork; }
  void attach(Handle handle, const Workload& workload) override {
    NetworkWorkload one;
    one.cgroup = workload.id;
    one.init_pid = workload.container.init_pid;
    one.mode = network_mode_of(workload.container.network_mode);
    one.is_root = workload.kind == WorkloadKind::kHost;
    one.is_container = workload.kind == WorkloadKind::kContainer || workload.kind == WorkloadKind::kMachine;
    source_.attach(handle, std::move(one));
  }
  void detach(Handle handle) override { source_.detach(handle); }
  ReadReport read(bool slow) override { return source_.read(slow); }
  void fill(Handle handle, Observation& observation) const override {
    observation.interfaces = source_.interfaces(handle);
  }
  std::size_t open_files() const override { return source_.open_files(); }
  std::size_t open_files_limit() const override { return files_kept_open_; }

 private:
  NetworkSource& source_;
  std::size_t files_kept_open_;
};

}  // namespace

NetworkMode network_mode_of(std::string_view network_mode) {
  return network_mode.empty()                     ? NetworkMode::kUnknown
         : network_mode == "host"                 ? NetworkMode::kHost
         : network_mode.starts_with("container:") ? NetworkMode::kJoined
                                                  : NetworkMode::kOwn;
}

std::unique_ptr<WorkloadStatsSource> make_workload_network_stats(NetworkSource& source, std::size_t files_kept_open) {
  return std::make_unique<WorkloadNetworkStats>(source, files_kept_open);
}

}  // namespace tallyman
