#include "collectors/kernel/filesystem/filesystem_worker.h"

#include "collectors/kernel/filesystem/layer_location.h"

#include <algorithm>

namespace tallyman {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr unsigned kMaxLocateTries = 30;
constexpr std::chrono::milliseconds kRetryLocating{1'000};
constexpr std::chrono::milliseconds kSoonest{20};  // between two rounds

std::string key_of_disk(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + ":" + std::to_string(minor);
}

// A tree that a user names is never the same as root's of that name: neither answers for the other.
std::string key_of_directory(const std::string& directory, std::optional<std::uint32_t> owner) {
  return owner ? "user " + std::to_string(*owner) + ":" + directory : directory;
}

}  // namespace

FilesystemSource::Worker::Worker(HostRoot root, FilesystemOptions options, FilesystemPorts ports)
    : root_(std::move(root)),
      options_(options),
      ports_(std::move(ports)),
      disk_caller_("fs-call-1", options_.disk_deadline, TreeMeasurer::kMaxLeftBehind),
      trees_(options_.max_trees),
      measurer_(options_, ports_, trees_, disk_caller_,
                {[this](ErrorKind kind, const std::string& where) { note(kind, where); },
                 [this] { return thread_.stopping(); }}) {
  thread_.start([this] { run(); });
}

FilesystemSource::Worker::~Worker() {
  thread_.request_stop();
  disk_caller_.hurry();
  measurer_.hurry();
  thread_.stop();
}

// Never waits: the thread that holds the lock may have been preempted.
void FilesystemSource::Worker::hand_over(Commands& commands) {
  if (!mutex_.try_lock()) {
    return;
  }
  const MutexLock lock(mutex_, std::adopt_lock);
  if (!commands.empty()) {
    std::move(commands.begin(), commands.end(), std::back_inserter(commands_));
    commands.clear();
    wake_.ring();
  }
}

bool FilesystemSource::Worker::take(std::shared_ptr<const Published>& newest, ReadReport& report) {
  if (!mutex_.try_lock()) {
    return false;
  }
  const MutexLock lock(mutex_, std::adopt_lock);
  report = std::exchange(report_, {});
  newest = std::exchange(published_, nullptr);
  return newest != nullptr;
}

void FilesystemSource::Worker::wait_for_first(std::chrono::milliseconds at_most) {
  first_published_.wait_until(steady_clock::now() + at_most);
}

FilesystemStatistics FilesystemSource::Worker::statistics() const {
  const MutexLock lock(mutex_);
  return statistics_;
}

void FilesystemSource::Worker::run() {
  Time locating_due;
  while (!thread_.stopping()) {
    take_commands();
    const Time now = steady_clock::now();
    if (now >= disks_due_) {
      ask_disks();
      disks_due_ = now + options_.disks_interval;
    }
    const bool again = now >= locating_due;
    locate_layers(again);
    locating_due = again ? now + kRetryLocating : locating_due;
    if (now >= measurer_.rest_until()) {
      MeasuredTrees::Tree* tree = trees_.next(now);
      if (tree != nullptr && measurer_.work_on(*tree, host_table_)) {
        mark_changed(tree->users);
      }
    }
    publish();
    const Time next_work = std::max(trees_.next_due().value_or(Time::max()), measurer_.rest_until());
    const Time next = std::min({disks_due_, locating_due, next_work});
    wake_.wait_until(std::max(next, steady_clock::now() + kSoonest), &thread_.stop_event());
  }
}

void FilesystemSource::Worker::take_commands() {
  Commands commands;
  {
    const MutexLock lock(mutex_);
    commands = std::exchange(commands_, {});
  }
  for (auto& [serial, demand] : commands) {
    if (demand) {
      add_demand(serial, std::move(*demand));
    } else {
      remove_demand(serial);
      pending_.insert(serial);
    }
  }
}

// New trees are added first, so that trees still in use are not measured again.
void FilesystemSource::Worker::add_demand(Serial serial, FilesystemDemand demand) {
  Workload next;
  next.demand = std::move(demand);
  for (const auto& volume : next.demand.volumes) {
    std::string key = key_of_directory(volume.directory, next.demand.owner);
    MeasuredTrees::Tree* tree = trees_.add(key, serial, steady_clock::now());
    if (tree != nullptr) {
      tree->directory = volume.directory;
      tree->owner = next.demand.owner;
      next.volumes.emplace_back(std::move(key), volume.name);
      mark_changed(tree->users);
    }
  }
  const auto old = workloads_.find(serial);
  if (old != workloads_.end()) {
    const FilesystemDemand& before = old->second.demand;
    if (before.pid == next.demand.pid && before.layer_directory == next.demand.layer_directory &&
        before.owner == next.demand.owner) {
      next.layer = std::exchange(old->second.layer, {});
      next.tries = old->second.tries;
    }
    std::erase_if(old->second.volumes, [&](const auto& volume) {
      return std::any_of(next.volumes.begin(), next.volumes.end(),
                         [&](const auto& kept) { return kept.first == volume.first; });
    });
    remove_demand(serial);
  }
  workloads_[serial] = std::move(next);
  pending_.insert(serial);
}

void FilesystemSource::Worker::remove_demand(Serial serial) {
  const auto workload = workloads_.find(serial);
  if (workload == workloads_.end()) {
    return;
  }
  std::vector<std::string> keys;
  for (const auto& [key, name] : workload->second.volumes) {
    keys.push_back(key);
  }
  if (!workload->second.layer.empty()) {
    keys.push_back(workload->second.layer);
  }
  workloads_.erase(workload);
  for (const std::string& key : keys) {
    trees_.drop(key, serial);
    if (const MeasuredTrees::Tree* tree = trees_.find(key)) {
      mark_changed(tree->users);
    }
  }
}

// New ones at once; those without a mount yet, again a second later.
void FilesystemSource::Worker::locate_layers(bool again) {
  for (auto& [serial, workload] : workloads_) {
    const bool wanted = workload.demand.pid || !workload.demand.layer_directory.empty();
    if (wanted && workload.layer.empty() && workload.tries < kMaxLocateTries && (again || workload.tries == 0)) {
      ++workload.tries;
      if (locate_layer_of(serial, workload)) {
        pending_.insert(serial);
      }
    }
  }
}

// The kernel is asked first: it knows what is mounted, whichever runtime mounted it.
bool FilesystemSource::Worker::locate_layer_of(Serial serial, Workload& workload) {
  std::optional<LayerLocation> location;
  if (workload.demand.pid && is_in_cgroup(root_, *workload.demand.pid, workload.demand.cgroup)) {
    const Result<MountTable> own = read_mount_table(root_, std::to_string(*workload.demand.pid));
    if (own) {
      location = locate_layer(*own, host_table_, writable_aufs_branch(root_, aufs_directory(*own)));
    } else if (own.error().kind == ErrorKind::kDenied && workload.tries == 1) {
      note(ErrorKind::kDenied, own.error().where);
    }
  }
  if (!location && !workload.demand.layer_directory.empty()) {
    location = LayerLocation{workload.demand.layer_directory, 0, 0, {}};
  }
  if (!location) {
    return false;
  }
  const bool own_filesystem = location->directory.empty();
  if (own_filesystem && workload.demand.owner) {
    return false;  // a user can have any disk's file system as the root in a mount namespace
  }
  std::string key = own_filesystem ? key_of_disk(location->major, location->minor)
                                   : key_of_directory(location->directory, workload.demand.owner);
  MeasuredTrees::Tree* tree = trees_.add(key, serial, steady_clock::now());
  if (tree == nullptr) {
    return false;
  }
  tree->directory = location->directory;
  tree->owner = workload.demand.owner;
  tree->major = location->major;
  tree->minor = location->minor;
  tree->device = location->device;
  workload.layer = std::move(key);
  mark_changed(tree->users);
  return true;
}

// It is not known which of several it was: all of them are tried again, and those that
// are still dead hang again.
void FilesystemSource::Worker::forget_reappeared() {
  const std::size_t hanging_trees = trees_.count()[static_cast<std::size_t>(TreeState::kHanging)];
  if (disk_caller_.hanging() + measurer_.hanging() < hanging_disks_.size() + hanging_trees) {
    hanging_disks_.clear();
    trees_.forget_hanging(steady_clock::now());
  }
}

void FilesystemSource::Worker::ask_disks() {
  Result<MountTable> table = read_mount_table(root_, "1");
  if (!table) {
    table = read_mount_table(root_, "self");
  }
  if (!table) {
    return note(table.error().kind, table.error().where);
  }
  host_table_ = std::move(*table);
  forget_reappeared();
  disks_.clear();
  for (const formats::Mount* mount : disk_filesystems(host_table_)) {
    const std::pair numbers{mount->major, mount->minor};
    if (hanging_disks_.contains(numbers) || thread_.stopping()) {
      continue;
    }
    auto answer = std::make_shared<Result<DiskFilesystem>>(Error{});
    if (!disk_caller_.call([answer, ask = ports_.ask_disk, mount = *mount] { *answer = ask(mount); })) {
      hanging_disks_.insert(numbers);
      note(ErrorKind::kIo, mount->mount_point + ": the disk does not answer");
      continue;
    }
    if (*answer) {
      DiskFilesystem disk = std::move(**answer);
      disk.device = mount->source;
      disk.mount_point = mount->mount_point;
      disk.fs_type = mount->fs_type;
      disks_.push_back(std::move(disk));
    } else if (answer->error().kind != ErrorKind::kUnsupported) {
      note(answer->error().kind, answer->error().where);
    }
  }
  for (const auto& [serial, workload] : workloads_) {
    if (workload.demand.is_host) {
      pending_.insert(serial);
    }
  }
}

void FilesystemSource::Worker::note(ErrorKind kind, const std::string& where) {
  const MutexLock lock(mutex_);
  report_.note(kind, where);
}

std::shared_ptr<const WorkloadFilesystems> FilesystemSource::Worker::result_of(Serial serial,
                                                                               const Workload& workload) const {
  auto result = std::make_shared<WorkloadFilesystems>();
  if (workload.demand.is_host) {
    result->disks = disks_;
  }
  const MeasuredTrees::Tree* layer = workload.layer.empty() ? nullptr : trees_.find(workload.layer);
  if (layer != nullptr && layer->users.front() == serial) {
    result->layer = layer->stats;
  }
  for (const auto& [key, name] : workload.volumes) {
    const MeasuredTrees::Tree* tree = trees_.find(key);
    if (tree != nullptr) {
      const bool here = tree->users.front() == serial;
      const bool is_elsewhere = tree->state == TreeState::kRemote || tree->state == TreeState::kSameTree;
      result->volumes.push_back({name, static_cast<unsigned>(tree->users.size()), here && !is_elsewhere,
                                 here ? tree->stats : std::optional<TreeStats>()});
    }
  }
  return result;
}

void FilesystemSource::Worker::publish() {
  const auto counts = trees_.count();
  for (const Serial serial : pending_) {
    const auto workload = workloads_.find(serial);
    if (workload == workloads_.end()) {
      reported_.erase(serial);
    } else {
      reported_[serial] = result_of(serial, workload->second);
    }
  }
  const bool changed = !std::exchange(pending_, {}).empty();
  const auto published = changed ? std::make_shared<const Published>(reported_) : nullptr;
  MutexLock lock(mutex_);
  if (changed) {
    published_ = published;
  }
  statistics_.trees.clear();
  for (std::size_t state = 0; state < counts.size(); ++state) {
    statistics_.trees.emplace_back(to_string(static_cast<TreeState>(state)), counts[state]);
  }
  const TreeMeasurer::Statistics& walks = measurer_.statistics();
  statistics_.walks_complete = walks.complete;
  statistics_.walks_failed = walks.failed;
  statistics_.entries = walks.entries;
  statistics_.links_estimated = walks.links_estimated;
  statistics_.cpu_seconds = walks.cpu_seconds;
  statistics_.seconds = walks.seconds;
  statistics_.walks_aborted = trees_.walks_aborted();
  statistics_.trees_refused = trees_.refused();
  statistics_.hanging = disk_caller_.hanging() + measurer_.hanging();
  lock.unlock();
  if (changed) {
    first_published_.ring();  // a woken thread only tries to take the lock
  }
}

}  // namespace tallyman
