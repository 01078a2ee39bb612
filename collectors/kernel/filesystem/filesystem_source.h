// Usage of the host's disks, and what each container has written. Measured in threads of
// its own, because a disk may be slow or dead and a layer may have millions of files.
// docs/filesystems.md says what is measured how.
//
// The size of a layer or volume comes from its project quota if it has one. Else its tree
// is walked: at idle priority, in slices, within a budget (walk_budget.h), never on file
// systems that are not local. The owner's thread takes over finished results and never
// waits for one.
#pragma once

#include "collectors/kernel/filesystem/filesystem_probe.h"
#include "collectors/kernel/filesystem/walk_budget.h"
#include "collectors/kernel/stats/filesystem_stats.h"
#include "collectors/kernel/system/file_descriptor.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/read_report.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

struct FilesystemOptions {
  bool walk = true;  // false: only what can be queried without a walk
  WalkBudget budget;
  std::chrono::milliseconds disks_interval{10'000};
  std::chrono::milliseconds deadline{30'000};  // of a slice of a walk
  std::chrono::milliseconds disk_deadline{5'000};
  std::size_t max_trees = 20'000;
};

// The calls that query the host; tests replace them. Both are thread-safe and may hang.
struct FilesystemPorts {
  std::function<Result<DiskFilesystem>(const formats::Mount&)> ask_disk;
  // The directory as the host names it. With `owner`: only one that is this user's.
  std::function<Result<FileDescriptor>(const std::string& directory, std::optional<std::uint32_t> owner)>
      open_directory;
};

// What is to be measured for one workload.
struct FilesystemDemand {
  struct Volume {
    std::string name, directory;  // as the host names it
    bool operator==(const Volume&) const = default;
  };
  bool is_host = false;
  std::string cgroup;                // the last part of its path: a process elsewhere is another's by now
  std::optional<std::uint32_t> pid;  // a process of the container, in the host's numbers
  std::string layer_directory;       // from its runtime's files, if the kernel does not show it; or empty
  std::vector<Volume> volumes;
  std::optional<std::uint32_t> owner;  // a user named the directories: only that user's own are measured
  bool operator==(const FilesystemDemand&) const = default;
};

struct FilesystemStatistics {
  std::uint64_t walks_complete = 0, walks_failed = 0, walks_aborted = 0;
  std::uint64_t entries = 0;                               // visited
  std::uint64_t links_estimated = 0;                       // hard links beyond those remembered
  double cpu_seconds = 0, seconds = 0;                     // of walks
  std::vector<std::pair<std::string, std::size_t>> trees;  // by state
  std::uint64_t trees_refused = 0;                         // beyond the limit
  std::size_t hanging = 0;                                 // threads in calls that do not return
};

class FilesystemSource {
 public:
  using Handle = std::uint32_t;

  FilesystemSource(HostRoot root, FilesystemOptions options, FilesystemPorts ports);
  ~FilesystemSource();

  // For the owner's thread, all five. The first read() waits a moment for the disks.
  void attach(Handle handle, FilesystemDemand demand);
  void detach(Handle handle);
  ReadReport read();
  // Null while nothing is known. Valid until the next read() or detach().
  const WorkloadFilesystems* stats(Handle handle) const;

  FilesystemStatistics statistics() const;  // any thread

 private:
  class Worker;
  struct Attached {
    std::uint64_t serial = 0;
    FilesystemDemand demand;
    std::shared_ptr<const WorkloadFilesystems> stats;
  };
  std::unique_ptr<Worker> worker_;
  std::vector<std::optional<Attached>> attached_;                                    // by handle
  std::vector<std::pair<std::uint64_t, std::optional<FilesystemDemand>>> commands_;  // not passed on yet
  std::uint64_t last_serial_ = 0;
  bool read_before_ = false;
};

}  // namespace tallyman
