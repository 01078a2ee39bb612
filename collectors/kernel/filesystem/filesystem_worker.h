// The threads behind FilesystemSource: one plans and publishes and makes no call that may
// hang; the others are the lanes of two DeadlineCallers, for disks and for walks.
// Internal to FilesystemSource.
#pragma once

#include "collectors/kernel/filesystem/filesystem_source.h"
#include "collectors/kernel/filesystem/measured_trees.h"
#include "collectors/kernel/filesystem/tree_measurer.h"
#include "collectors/kernel/system/deadline_caller.h"
#include "collectors/kernel/system/thread.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/kernel/system/wake_event.h"

#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace tallyman {

class FilesystemSource::Worker {
 public:
  using Serial = MeasuredTrees::User;
  using Commands = std::vector<std::pair<Serial, std::optional<FilesystemDemand>>>;  // empty: it is gone
  using Published = std::unordered_map<Serial, std::shared_ptr<const WorkloadFilesystems>>;

  Worker(HostRoot root, FilesystemOptions options, FilesystemPorts ports);
  ~Worker();

  // For the owner's thread. Both do nothing if the other thread holds the lock.
  void hand_over(Commands& commands);
  bool take(std::shared_ptr<const Published>& newest, ReadReport& report);
  void wait_for_first(std::chrono::milliseconds at_most);
  FilesystemStatistics statistics() const;

 private:
  using Time = MeasuredTrees::Time;
  struct Workload {
    FilesystemDemand demand;
    std::string layer;                                         // key of its tree; empty: none, or not found yet
    std::vector<std::pair<std::string, std::string>> volumes;  // key of the tree, name
    unsigned tries = 0;                                        // to find the layer
  };

  void run();
  void take_commands();
  void add_demand(Serial serial, FilesystemDemand demand);
  void remove_demand(Serial serial);
  void locate_layers(bool again);
  bool locate_layer_of(Serial serial, Workload& workload);
  void forget_reappeared();
  void ask_disks();
  void note(ErrorKind kind, const std::string& where);
  void mark_changed(const std::vector<Serial>& users) { pending_.insert(users.begin(), users.end()); }
  void publish();
  std::shared_ptr<const WorkloadFilesystems> result_of(Serial serial, const Workload& workload) const;

  const HostRoot root_;
  const FilesystemOptions options_;
  const FilesystemPorts ports_;
  WakeEvent wake_, first_published_;
  DeadlineCaller disk_caller_;

  // Used by the planning thread only.
  MountTable host_table_;
  std::vector<DiskFilesystem> disks_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> hanging_disks_;
  std::map<Serial, Workload> workloads_;
  MeasuredTrees trees_;
  TreeMeasurer measurer_;
  std::set<Serial> pending_;
  Published reported_;
  Time disks_due_;

  mutable Mutex mutex_;
  Commands commands_ GUARDED_BY(mutex_);
  std::shared_ptr<const Published> published_ GUARDED_BY(mutex_);
  ReadReport report_ GUARDED_BY(mutex_);
  FilesystemStatistics statistics_ GUARDED_BY(mutex_);

  Thread thread_{"filesystems"};  // last: it uses all members above
};

}  // namespace tallyman
