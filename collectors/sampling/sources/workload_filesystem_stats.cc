#include "collectors/sampling/sources/workload_filesystem_stats.h"

#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/owned_path.h"
#include "collectors/kernel/system/rooted_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string_view>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kMaxVolumes = 64;

// The volume name: "data" in ".../volumes/data/_data" (Podman), "cache" in ".../kubernetes.io~empty-dir/cache".
std::string_view volume_name_in(std::string_view path) {
  constexpr std::string_view kAbove = "/volumes/", kBelow = "/_data", kEmptyDir = "/kubernetes.io~empty-dir/";
  if (const auto at = path.rfind(kEmptyDir); at != std::string_view::npos) {
    const std::string_view name = path.substr(at + kEmptyDir.size());
    return name.find('/') == std::string_view::npos ? name : std::string_view();
  }
  if (!path.ends_with(kBelow)) {
    return {};
  }
  path.remove_suffix(kBelow.size());
  const auto slash = path.rfind('/');
  return slash != std::string_view::npos && path.substr(0, slash + 1).ends_with(kAbove) ? path.substr(slash + 1)
                                                                                        : std::string_view();
}

// Its owner, or one of the ids that the user's containers have: wherever a link has led.
bool is_of_user(RootedFiles& files, int directory, std::uint32_t user) {
  constexpr std::size_t kMaxBytes = std::size_t{16} * 1024 * 1024;
  struct stat facts {};
  if (fstat(directory, &facts) != 0) {
    return false;
  }
  if (facts.st_uid == user) {
    return true;
  }
  const auto subuid = files.read("/etc/subuid", kMaxBytes);
  const auto passwd = files.read("/etc/passwd", kMaxBytes);
  return subuid &&
         is_id_of_user(facts.st_uid, user, passwd ? name_of_user(*passwd, user) : std::string_view(), *subuid);
}

class WorkloadFilesystemStats final : public WorkloadStatsSource {
 public:
  WorkloadFilesystemStats(std::shared_ptr<FilesystemSource> source, StatsSource& stats)
      : source_(std::move(source)), stats_(stats) {}

  SourceKind kind() const override { return SourceKind::kFilesystem; }

  void attach(Handle handle, const Workload& workload) override {
    FilesystemDemand demand;
    demand.is_host = workload.kind == WorkloadKind::kHost;
    const bool has_files = workload.kind == WorkloadKind::kContainer || workload.kind == WorkloadKind::kMachine;
    if (!demand.is_host && !has_files) {
      return detach(handle);
    }
    if (has_files) {
      demand.cgroup = CgroupPath(workload.id).name();
      demand.pid = workload.container.init_pid;
      demand.layer_directory = workload.container.layer_directory;
      demand.volumes = volumes_of(workload.container);
      demand.owner = workload.made_by_user ? workload.user : workload.container.claimed_by;
    }
    without_process_.erase(handle);
    if (has_files && !demand.pid) {
      without_process_.emplace(handle, demand);
    }
    source_->attach(handle, std::move(demand));
  }

  void detach(Handle handle) override {
    without_process_.erase(handle);
    source_->detach(handle);
  }

  ReadReport read(bool slow) override {
    if (slow) {
      find_processes();
    }
    return source_->read();
  }

  void fill(Handle handle, Observation& observation) const override {
    observation.filesystems = source_->stats(handle);
  }

 private:
  void find_processes() {
    std::erase_if(without_process_, [&](const auto& one) {
      const auto processes = stats_.processes(one.first);
      if (!processes || processes->empty()) {
        return false;
      }
      FilesystemDemand demand = one.second;
      demand.pid = processes->front();
      source_->attach(one.first, std::move(demand));
      return true;
    });
  }

  std::shared_ptr<FilesystemSource> source_;
  StatsSource& stats_;
  std::map<Handle, FilesystemDemand> without_process_;
};

}  // namespace

std::vector<FilesystemDemand::Volume> volumes_of(const ContainerMetadata& container) {
  std::vector<FilesystemDemand::Volume> volumes;
  for (const MountPoint& mount : container.mounts) {
    const bool named = mount.type == "volume" && !mount.name.empty();
    std::string name(named ? std::string_view(mount.name) : volume_name_in(mount.source));
    const bool twice = std::any_of(volumes.begin(), volumes.end(),
                                   [&](const auto& volume) { return volume.directory == mount.source; });
    if (!name.empty() && mount.source.starts_with('/') && !twice && volumes.size() < kMaxVolumes) {
      volumes.push_back({std::move(name), mount.source});
    }
  }
  return volumes;
}

FilesystemPorts filesystem_ports_of(const HostRoot& root) {
  FilesystemPorts ports;
  ports.ask_disk = [root](const formats::Mount& mount) { return ask_disk(root, mount.major, mount.minor); };
  // Reading sets a directory's access time, which is a write; only its owner may prevent that.
  ports.open_directory = [root](const std::string& directory, std::optional<std::uint32_t> owner) {
    RootedFiles files(root);
    auto opened = files.open(directory, O_RDONLY | O_DIRECTORY | O_NOATIME);
    if (!opened && opened.error().code == EPERM) {
      opened = files.open(directory, O_RDONLY | O_DIRECTORY);
    }
    if (opened && owner && !is_of_user(files, opened->get(), *owner)) {
      return Result<FileDescriptor>(error_from_errno(EACCES, directory));
    }
    return opened;
  };
  return ports;
}

std::unique_ptr<WorkloadStatsSource> make_workload_filesystem_stats(std::shared_ptr<FilesystemSource> source,
                                                                    StatsSource& stats) {
  return std::make_unique<WorkloadFilesystemStats>(std::move(source), stats);
}

}  // namespace tallyman
