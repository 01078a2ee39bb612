#include "collectors/kernel/cgroup/file_stats_source.h"

#include "collectors/kernel/cgroup/cgroup_v1.h"
#include "collectors/kernel/cgroup/cgroup_v2.h"
#include "collectors/kernel/stats/cgroup_path.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>

namespace tallyman {
namespace {

// "2MB", "1GB": as the hugetlb controller names its files.
std::string page_size_name(std::uint64_t kib) {
  constexpr std::uint64_t kKibPerGib = 1 << 20;
  if (kib >= kKibPerGib) {
    return std::to_string(kib / kKibPerGib) + "GB";
  }
  return kib >= 1024 ? std::to_string(kib / 1024) + "MB" : std::to_string(kib) + "KB";
}

std::vector<std::string> huge_page_sizes(const HostRoot& root) {
  std::vector<std::string> names;
  for (const std::string& name : names_in(root.sys_path("kernel/mm/hugepages"))) {  // hugepages-2048kB
    const std::size_t digits = name.find_first_of("0123456789");
    if (digits != std::string::npos) {
      names.push_back(page_size_name(std::strtoull(name.c_str() + digits, nullptr, 10)));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

constexpr unsigned kYoungPasses = 3;

// Device by device.
void add_rows(std::vector<IoDeviceStats>& sum, const std::vector<IoDeviceStats>& rows) {
  for (const IoDeviceStats& row : rows) {
    auto found = std::find_if(sum.begin(), sum.end(), [&](const IoDeviceStats& one) {
      return one.major == row.major && one.minor == row.minor;
    });
    if (found == sum.end()) {
      sum.push_back(row);
      continue;
    }
    for (const auto field : {&IoDeviceStats::rbytes, &IoDeviceStats::wbytes, &IoDeviceStats::dbytes,
                             &IoDeviceStats::rios, &IoDeviceStats::wios, &IoDeviceStats::dios,
                             &IoDeviceStats::sync_bytes, &IoDeviceStats::async_bytes, &IoDeviceStats::total_bytes}) {
      if (const Count& more = row.*field) {
        (*found).*field = ((*found).*field).value_or(0) + *more;
      }
    }
  }
}

class FileStatsSource final : public StatsSource {
 public:
  FileStatsSource(const HostRoot& root, const CgroupMounts& mounts, std::size_t files_kept_open)
      : roots_(mounts, files_kept_open),
        devices_(root),
        page_sizes_(huge_page_sizes(root)),
        context_{buffer_, devices_, static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)), false, false, {}} {}

  Handle attach(const std::string& cgroup_path) override;
  void detach(Handle handle) override;
  void also_at(Handle handle, const std::string& other_path) override { slots_[handle]->files.also_at(other_path); }
  void begin_pass(bool slow) override;
  ReadReport read(CgroupStatsKind kind) override;
  void end_pass() override;
  const CgroupStats& stats(Handle handle) const override { return slots_[handle]->stats; }
  bool gone(Handle handle) const override { return slots_[handle]->gone; }
  std::uint64_t unified_id(Handle handle) override { return slots_[handle]->files.unified_inode(); }
  Result<std::vector<std::uint32_t>> processes(Handle handle) override {
    return slots_[handle]->files.processes(buffer_);
  }
  std::vector<std::uint32_t> processes_below(Handle handle, std::size_t most) override {
    return slots_[handle]->files.processes_below(most, buffer_);
  }
  std::size_t open_files() const override { return roots_.budget().open(); }
  std::size_t open_files_limit() const override { return roots_.budget().limit(); }
  bool reopens_files() const override { return roots_.budget().exceeded(); }

 private:
  struct Attached {
    Attached(CgroupRoots& roots, const std::string& cgroup_path) : files(roots, cgroup_path), path(cgroup_path) {}
    CgroupFiles files;
    std::string path;
    Attached* parent = nullptr;  // the nearest attached one, at the last link_parents()
    CgroupStats stats;
    unsigned passes = 0;
    bool gone = false;
    // v1: kills of the cgroup itself when last read; kills of removed descendants; the
    // sum over the whole subtree.
    Count own_oom_kills;
    std::uint64_t removed_oom_kills = 0, all_oom_kills = 0;

    // v1 before Linux 4.16, in the same way.
    std::vector<IoDeviceStats> own_io, removed_io;

    // Its creator may still be setting limits and adding controllers.
    bool young() const { return passes < kYoungPasses; }
  };

  const CgroupReader& reader_for(Controller controller) const {
    return roots_.v1_hierarchy(controller) >= 0 ? cgroup_v1_reader() : cgroup_v2_reader();
  }
  Attached* parent_of(const std::string& path);
  void read_one(CgroupStatsKind kind, Attached& one);
  void read_timed(Attached& one, void (CgroupReader::*part)(CgroupFiles&, ReadContext&, CgroupStats&) const);
  void read_limits(Attached& one);
  void read_hugetlb(Attached& one);
  void link_parents();
  void sum_oom_kills();
  void sum_io();

  CgroupRoots roots_;
  ReadBuffer buffer_;
  BlockDevices devices_;
  std::vector<std::string> page_sizes_;
  std::vector<std::unique_ptr<Attached>> slots_;
  std::vector<Handle> free_;
  std::map<std::string, Handle, std::less<>> by_path_;
  std::vector<Attached*> parents_first_;  // all, in the order of their paths
  bool tree_changed_ = false;             // since the last link_parents()
  ReadContext context_;
  bool slow_pass_ = false;
};

StatsSource::Handle FileStatsSource::attach(const std::string& cgroup_path) {
  auto attached = std::make_unique<Attached>(roots_, cgroup_path);
  Handle handle;
  if (free_.empty()) {
    handle = static_cast<Handle>(slots_.size());
    slots_.push_back(std::move(attached));
  } else {
    handle = free_.back();
    free_.pop_back();
    slots_[handle] = std::move(attached);
  }
  by_path_[cgroup_path] = handle;
  tree_changed_ = true;
  return handle;
}

void FileStatsSource::detach(Handle handle) {
  const Attached& leaving = *slots_[handle];
  if (Attached* parent = parent_of(leaving.path)) {
    // The parent's counter must not fall. Descendants are detached separately, before or after.
    parent->removed_oom_kills += leaving.own_oom_kills.value_or(0) + leaving.removed_oom_kills;
    add_rows(parent->removed_io, leaving.own_io);
    add_rows(parent->removed_io, leaving.removed_io);
  }
  if (const auto it = by_path_.find(leaving.path); it != by_path_.end() && it->second == handle) {
    by_path_.erase(it);
  }
  slots_[handle].reset();
  free_.push_back(handle);
  tree_changed_ = true;
}

FileStatsSource::Attached* FileStatsSource::parent_of(const std::string& path) {
  for (CgroupPath above(path); !above.is_root();) {
    above = above.parent();
    if (const auto it = by_path_.find(above.text()); it != by_path_.end()) {
      return slots_[it->second].get();
    }
  }
  return nullptr;
}

void FileStatsSource::begin_pass(bool slow) {
  slow_pass_ = slow;
  if (tree_changed_) {
    link_parents();
  }
  if (slow) {
    devices_.forget_unknown();
  }
  for (const auto& one : slots_) {
    if (one) {
      one->gone = false;
      if (slow || one->young()) {
        one->files.retry_missing();
      }
    }
  }
}

ReadReport FileStatsSource::read(CgroupStatsKind kind) {
  context_.report = {};
  // A parent is read before its children: the sum never misses what they use in between.
  const auto read_kind = [&](Attached& one) {
    if (!one.gone && (!is_slow(kind) || slow_pass_ || one.young())) {
      context_.gone = false;
      context_.slow_pass = slow_pass_ || one.young();
      read_one(kind, one);
      one.gone = context_.gone;
    }
  };
  if (kind == CgroupStatsKind::kPressure) {
    // The host's last: its CPU time is read next, and the time of that is the pressure's as well.
    std::for_each(parents_first_.rbegin(), parents_first_.rend(), [&](Attached* one) { read_kind(*one); });
  } else {
    std::for_each(parents_first_.begin(), parents_first_.end(), [&](Attached* one) { read_kind(*one); });
  }
  return std::move(context_.report);
}

// A rate is as right as the time of its counters. The host's is what all others are compared with: it is read again
// if this thread had to wait between its two looks at the clock.
void FileStatsSource::read_timed(Attached& one,
                                 void (CgroupReader::*part)(CgroupFiles&, ReadContext&, CgroupStats&) const) {
  using std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kUndisturbed{1};
  for (int tries = CgroupPath(one.path).is_root() ? 3 : 1; tries > 0; --tries) {
    const auto before = steady_clock::now();
    (reader_for(Controller::kCpuacct).*part)(one.files, context_, one.stats);
    const auto took = steady_clock::now() - before;
    one.stats.cpu.read_at = before + took / 2;
    if (took < kUndisturbed) {
      return;
    }
  }
}

void FileStatsSource::read_one(CgroupStatsKind kind, Attached& one) {
  CgroupStats& stats = one.stats;
  switch (kind) {
    case CgroupStatsKind::kCpu:
      stats.cpu = CpuStats{};
      return read_timed(one, &CgroupReader::cpu);
    case CgroupStatsKind::kCpuPerCpu:
      stats.cpu.usage_percpu_nsec.clear();
      return read_timed(one, &CgroupReader::cpu_per_cpu);
    case CgroupStatsKind::kMemory: {
      const Count kernel = stats.memory.kernel;
      stats.memory = MemoryStats{};
      stats.memory.kernel = kernel;
      return reader_for(Controller::kMemory).memory(one.files, context_, stats);
    }
    case CgroupStatsKind::kMemoryEvents: {
      const Count failcnt = stats.memory_events.failcnt;
      stats.memory_events = MemoryEvents{};
      stats.memory_events.failcnt = failcnt;
      reader_for(Controller::kMemory).memory_events(one.files, context_, stats);
      if (stats.memory_events.oom_kill) {
        one.own_oom_kills = stats.memory_events.oom_kill;
      }
      return;
    }
    case CgroupStatsKind::kIo:
      reader_for(Controller::kIo).io(one.files, context_, stats);
      for (IoDeviceStats& device : stats.io) {
        device.device = devices_.path(device.major, device.minor);
      }
      return;
    case CgroupStatsKind::kPressure:
      stats.cpu_pressure = stats.memory_pressure = stats.io_pressure = stats.irq_pressure = PressureStats{};
      return read_pressure(one.files, context_, stats);
    case CgroupStatsKind::kPids:
      return reader_for(Controller::kPids).pids(one.files, context_, stats);
    case CgroupStatsKind::kLimits:
      return read_limits(one);
    case CgroupStatsKind::kCpuset:
      stats.cpuset = CpusetStats{};
      return reader_for(Controller::kCpuset).cpuset(one.files, context_, stats);
    case CgroupStatsKind::kHugetlb:
      return read_hugetlb(one);
    case CgroupStatsKind::kNuma:
      stats.numa.clear();
      return reader_for(Controller::kMemory).numa(one.files, context_, stats);
    case CgroupStatsKind::kCount:
      return;
  }
}

void FileStatsSource::read_limits(Attached& one) {
  one.stats.limits = LimitStats{};
  reader_for(Controller::kCpu).cpu_limits(one.files, context_, one.stats.limits);
  reader_for(Controller::kMemory).memory_limits(one.files, context_, one.stats.limits);
  one.stats.frozen = reader_for(Controller::kFreezer).frozen(one.files, context_);
}

void FileStatsSource::read_hugetlb(Attached& one) {
  one.stats.hugetlb.clear();
  const int v1 = roots_.v1_hierarchy(Controller::kHugetlb);
  const int hierarchy = v1 >= 0 ? v1 : roots_.v2_hierarchy(Controller::kHugetlb);
  if (hierarchy >= 0) {
    reader_for(Controller::kHugetlb).hugetlb(one.files, context_, page_sizes_, hierarchy, one.stats);
  }
}

void FileStatsSource::end_pass() {
  if (reader_for(Controller::kMemory).books_oom_kills_locally()) {
    sum_oom_kills();
  }
  if (roots_.hierarchy_of(CgroupFile::kV1OwnIoBytes) >= 0) {
    sum_io();
  }
  for (const auto& one : slots_) {
    if (one) {
      one->passes += one->young() ? 1U : 0U;
    }
  }
}

// Once per change, not once per pass: resolving a path costs as much as reading a file.
void FileStatsSource::link_parents() {
  tree_changed_ = false;
  parents_first_.clear();
  // Paths sort before what is below them.
  for (const auto& [path, handle] : by_path_) {
    Attached* one = slots_[handle].get();
    one->parent = parent_of(path);
    parents_first_.push_back(one);
  }
}

void FileStatsSource::sum_oom_kills() {
  for (Attached* one : parents_first_) {
    one->all_oom_kills = one->own_oom_kills.value_or(0) + one->removed_oom_kills;
  }
  for (auto it = parents_first_.rbegin(); it != parents_first_.rend(); ++it) {
    Attached* one = *it;
    if (one->parent != nullptr) {
      one->parent->all_oom_kills += one->all_oom_kills;
    }
    if (one->stats.memory_events.oom_kill) {
      one->stats.memory_events.oom_kill = one->all_oom_kills;
    }
  }
}

void FileStatsSource::sum_io() {
  for (Attached* one : parents_first_) {
    one->own_io.clear();
    if (one->stats.io_excludes_children) {
      one->own_io = one->stats.io;
    }
    add_rows(one->stats.io, one->removed_io);
  }
  for (auto it = parents_first_.rbegin(); it != parents_first_.rend(); ++it) {
    Attached* one = *it;
    if (one->parent != nullptr) {
      add_rows(one->parent->stats.io, one->stats.io);
    }
  }
}

}  // namespace

std::unique_ptr<StatsSource> make_file_stats_source(const HostRoot& root, const CgroupMounts& mounts,
                                                    std::size_t files_kept_open) {
  return std::make_unique<FileStatsSource>(root, mounts, files_kept_open);
}

}  // namespace tallyman
