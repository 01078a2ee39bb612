#include "collectors/kernel/filesystem/tree_measurer.h"

#include "collectors/kernel/system/self_process.h"
#include "collectors/kernel/system/wall_clock.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace tallyman {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr int kRetryFactor = 10;  // failed trees are tried less often
constexpr std::uint64_t kQuotasPerSecond = 100;

double seconds_of(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

// nice rather than SCHED_IDLE: the kernel holds a directory's lock while it is read. On a
// busy host an idle thread would hold it for seconds.
void become_unobtrusive() {
  constexpr int kWhoProcess = 1, kIdleClass = 3, kClassShift = 13;  // linux/ioprio.h
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), 19);
  syscall(SYS_ioprio_set, kWhoProcess, 0, kIdleClass << kClassShift);
}

}  // namespace

// One slice of a walk. Owned by both threads: a hanging walk keeps what it uses.
struct TreeMeasurer::Slice {
  std::shared_ptr<TreeWalk> walk;
  TreeWalk::State state = TreeWalk::State::kRunning;
  std::uint64_t entries = 0;
  nanoseconds cpu{0}, wall{0};
};

TreeMeasurer::TreeMeasurer(const FilesystemOptions& options, const FilesystemPorts& ports, const MeasuredTrees& trees,
                           DeadlineCaller& disk_caller, Callbacks callbacks)
    : options_(options),
      ports_(ports),
      trees_(trees),
      disk_caller_(disk_caller),
      callbacks_(std::move(callbacks)),
      walk_caller_("fs-call-2", options.deadline, kMaxLeftBehind, become_unobtrusive) {}

bool TreeMeasurer::work_on(Tree& tree, const MountTable& mounts) {
  if (!tree.walk && !begin(tree, mounts)) {
    rest_until_ = steady_clock::now() + nanoseconds(1'000'000'000 / kQuotasPerSecond);
    return true;
  }
  return advance(tree);
}

bool TreeMeasurer::advance(Tree& tree) {
  auto slice = std::make_shared<Slice>();
  slice->walk = tree.walk;
  const bool answered = walk_caller_.call([slice, most = options_.budget.slice_entries()] {
    const auto start = steady_clock::now();
    const nanoseconds cpu = thread_cpu_time();
    const std::uint64_t before = slice->walk->entries();
    slice->state = slice->walk->advance(most, start + WalkBudget::kMaxSliceLength);
    slice->entries = slice->walk->entries() - before;
    slice->cpu = thread_cpu_time() - cpu;
    slice->wall = steady_clock::now() - start;
  });
  if (!answered) {
    tree.walk.reset();
    if (callbacks_.stopping()) {
      return false;
    }
    hang(tree);
    return true;
  }
  rest_until_ = steady_clock::now() + options_.budget.rest_after(slice->entries, slice->cpu, slice->wall);
  return finish_slice(tree, *slice);
}

// True: a walk is needed and has been prepared.
bool TreeMeasurer::begin(Tree& tree, const MountTable& mounts) {
  if (tree.directory.empty()) {
    ask_own_filesystem(tree);
    return false;
  }
  const formats::Mount* mount = mount_of(mounts, tree.directory);
  if (mount != nullptr && !is_local_filesystem(mount->fs_type)) {
    settle(tree, TreeState::kRemote, options_.budget.interval * kRetryFactor);
    return false;
  }
  tree.device = mount == nullptr ? std::string() : mount->source;
  auto answer = std::make_shared<Result<OpenedTree>>(Error{});
  const bool answered =
      walk_caller_.call([answer, open = ports_.open_directory, directory = tree.directory, owner = tree.owner] {
        const Result<FileDescriptor> opened = open(directory, owner);
        *answer = opened ? ask_tree(*opened) : Result<OpenedTree>(opened.error());
      });
  if (!answered) {
    hang(tree);
    return false;
  }
  if (!*answer) {
    fail(tree, answer->error());
    return false;
  }
  tree.identity = (*answer)->identity;
  tree.capacity_bytes = (*answer)->capacity_bytes;
  if (trees_.is_known_elsewhere(tree)) {
    settle(tree, TreeState::kSameTree, options_.budget.interval);
    return false;
  }
  if ((*answer)->by_quota) {
    tree.stats = (*answer)->by_quota;
    tree.stats->device = tree.device;
    tree.stats->capacity_bytes = tree.capacity_bytes;
    tree.stats->measured_nsec = wall_clock_nsec();
    settle(tree, TreeState::kMeasured, std::min(options_.disks_interval, options_.budget.interval));
    return false;
  }
  if (!options_.walk) {
    settle(tree, TreeState::kNotWalked, options_.budget.interval);
    return false;
  }
  tree.walk = std::make_shared<TreeWalk>([open = ports_.open_directory, directory = tree.directory,
                                          owner = tree.owner] { return open(directory, owner); });
  tree.walk_cpu = {};
  tree.walk_began_nsec = wall_clock_nsec();
  return true;
}

void TreeMeasurer::ask_own_filesystem(Tree& tree) {
  formats::Mount mount;
  mount.major = tree.major;
  mount.minor = tree.minor;
  auto answer = std::make_shared<Result<DiskFilesystem>>(Error{});
  if (!disk_caller_.call([answer, ask = ports_.ask_disk, mount] { *answer = ask(mount); })) {
    return settle(tree, TreeState::kHanging, {});
  }
  if (!*answer) {
    return fail(tree, answer->error());
  }
  TreeStats stats;
  stats.device = tree.device;
  stats.bytes = (*answer)->used_bytes;
  stats.capacity_bytes = (*answer)->size_bytes;
  if ((*answer)->inodes_total && (*answer)->inodes_free) {
    stats.inodes = *(*answer)->inodes_total - *(*answer)->inodes_free;
  }
  stats.measured_nsec = wall_clock_nsec();
  stats.source = UsageSource::kFilesystem;
  tree.stats = std::move(stats);
  settle(tree, TreeState::kMeasured, options_.disks_interval);
}

void TreeMeasurer::count(const Slice& slice) {
  statistics_.entries += slice.entries;
  statistics_.cpu_seconds += seconds_of(slice.cpu);
  statistics_.seconds += seconds_of(slice.wall);
  if (slice.state != TreeWalk::State::kRunning) {
    statistics_.links_estimated += slice.walk->links_estimated();
    ++(slice.state == TreeWalk::State::kDone ? statistics_.complete : statistics_.failed);
  }
}

bool TreeMeasurer::finish_slice(Tree& tree, const Slice& slice) {
  tree.walk_cpu += slice.cpu;
  count(slice);
  if (slice.state == TreeWalk::State::kRunning) {
    return false;
  }
  tree.walk.reset();
  if (slice.state == TreeWalk::State::kFailed) {
    Error error = slice.walk->error();
    error.where = tree.directory + "/" + error.where;
    fail(tree, error);
    return true;
  }
  if (const std::uint64_t too_deep = slice.walk->too_deep(); too_deep > 0) {
    callbacks_.note(ErrorKind::kMalformed, tree.directory + ": too deep: what is below " +
                                               std::to_string(TreeWalkLimits{}.depth) + " directories is not counted");
  }
  const TreeUsage usage = slice.walk->usage();
  TreeStats stats;
  stats.device = tree.device;
  stats.bytes = usage.bytes;
  stats.inodes = usage.inodes;
  stats.capacity_bytes = tree.capacity_bytes;
  stats.measured_nsec = tree.walk_began_nsec;
  tree.stats = std::move(stats);
  settle(tree, TreeState::kMeasured, options_.budget.next_after(tree.walk_cpu));
  return true;
}

void TreeMeasurer::hang(Tree& tree) {
  callbacks_.note(ErrorKind::kIo, tree.directory + ": the disk does not answer");
  settle(tree, TreeState::kHanging, {});
}

// No value rather than an old or a partial one.
void TreeMeasurer::fail(Tree& tree, const Error& error) {
  tree.stats.reset();
  const bool vanished = error.kind == ErrorKind::kGone || error.kind == ErrorKind::kUnsupported;
  const bool denied = error.kind == ErrorKind::kDenied;
  if (!vanished) {
    callbacks_.note(error.kind, to_string(error));
  }
  settle(tree,
         vanished ? TreeState::kUnreachable
         : denied ? TreeState::kDenied
                  : TreeState::kFailed,
         vanished ? options_.budget.interval : options_.budget.interval * kRetryFactor);
}

void TreeMeasurer::settle(Tree& tree, TreeState state, nanoseconds next) {
  tree.state = state;
  if (state != TreeState::kMeasured) {
    tree.stats.reset();
  }
  tree.due = steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(next);
}

}  // namespace tallyman
