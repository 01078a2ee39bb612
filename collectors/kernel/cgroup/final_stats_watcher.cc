#include "collectors/kernel/cgroup/final_stats_watcher.h"

#include "collectors/kernel/cgroup/cgroup_files.h"
#include "collectors/kernel/cgroup/cgroup_v1.h"
#include "collectors/kernel/cgroup/cgroup_v2.h"
#include "collectors/kernel/formats/cgroup_text.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/inotify_events.h"
#include "collectors/kernel/system/priority_inheriting_mutex.h"
#include "collectors/kernel/system/self_process.h"
#include "collectors/kernel/system/thread.h"
#include "collectors/kernel/system/thread_annotations.h"

#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tallyman {
namespace {

constexpr std::size_t kMaxUnclaimed = 4'096;
constexpr std::size_t kMaxDepth = 64;
constexpr std::chrono::seconds kTryAgain{10};
constexpr int kNice = -15;  // if real-time priority is not available

class EventsFileWatcher final : public FinalStatsWatcher {
 public:
  EventsFileWatcher(const HostRoot& root, const CgroupMounts& mounts)
      : mounts_(mounts), roots_(mounts, 0), devices_(root) {
    open_inotify();
  }
  ~EventsFileWatcher() override { stop(); }

  void start() override;
  void stop() override;
  Token watch(const std::string& cgroup_path) override;
  bool was_read(Token token) const override;
  std::optional<CgroupStats> take(Token token) override;
  void ignore_inside(const std::string& cgroup_path, bool ignore) override;
  FinalStatsWatcherStatistics statistics() const override;

 private:
  struct WatchedCgroup {
    std::string path;
    int directory_watch = 0;
    bool claimed = false;  // by watch()
    std::optional<CgroupStats> final_stats;
  };
  struct Watches {
    Token file = 0;
    int directory = 0;
  };
  const CgroupReader& reader_for(Controller controller) const {
    return roots_.v1_hierarchy(controller) >= 0 ? cgroup_v1_reader() : cgroup_v2_reader();
  }
  bool open_inotify();
  std::string directory_of(const std::string& cgroup_path) const;
  void add_existing(const std::string& cgroup_path);
  bool is_ignored(CgroupPath path) const REQUIRES(mutex_);
  void run();
  bool wait_for_inotify();
  void raise_priority();
  void take_events();
  void listen_to(Token token);
  void on_created(int directory_watch, std::string_view name);
  void on_removed(int directory_watch, std::string_view name);
  std::string path_below(int directory_watch, std::string_view name) const REQUIRES(mutex_);
  Token claim(const std::string& cgroup_path);
  Token add(const std::string& cgroup_path);
  Watches forget(std::unordered_map<Token, WatchedCgroup>::iterator one) REQUIRES(mutex_);
  void give_up(const Watches& watches) const EXCLUDES(mutex_);
  std::optional<CgroupStats> read(const std::string& path, bool& populated);

  const CgroupMounts mounts_;
  // Used by the thread only.
  CgroupRoots roots_;
  BlockDevices devices_;
  ReadBuffer buffer_;
  std::deque<Token> unclaimed_;  // found by its own watches; most are claimed by now

  FileDescriptor inotify_;  // set once, before the flag
  std::atomic<bool> active_{false};
  Thread thread_{"final-stats"};
  std::atomic<bool> started_{false}, real_time_{false};
  std::atomic<std::uint64_t> read_{0}, overflows_{0}, unwatched_{0}, cpu_nsec_{0};

  // The real-time thread and ordinary threads take it, and the real-time thread must react
  // within a millisecond. On a busy machine an ordinary holder can be preempted for longer, and
  // the counters would be gone. While the real-time thread waits, the holder has its priority.
  mutable PriorityInheritingMutex mutex_;
  std::unordered_map<Token, WatchedCgroup> watched_ GUARDED_BY(mutex_);
  std::unordered_map<int, std::string> directories_ GUARDED_BY(mutex_);  // by their watch
  std::unordered_map<std::string, Token> newest_ GUARDED_BY(mutex_);     // by path
  std::set<std::string> ignored_ GUARDED_BY(mutex_);                     // nothing inside of these is watched
};

bool EventsFileWatcher::open_inotify() {
  inotify_ = FileDescriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  active_ = inotify_.valid();
  return active_;
}

std::string EventsFileWatcher::directory_of(const std::string& cgroup_path) const {
  return CgroupPath(cgroup_path)
      .directory_in(mounts_.hierarchies()[static_cast<std::size_t>(mounts_.unified_index())].path);
}

// Those that discovery has reported before there was an instance.
void EventsFileWatcher::add_existing(const std::string& cgroup_path) {
  add(cgroup_path);
  std::vector<std::string> below;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(directory_of(cgroup_path).c_str()), closedir);
  while (const dirent* entry = listing ? readdir(listing.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") below.push_back(CgroupPath(cgroup_path).child(name));
  }
  if (thread_.stopping() || CgroupPath(cgroup_path).depth() >= kMaxDepth) return;
  for (const std::string& one : below) add_existing(one);
}

bool EventsFileWatcher::wait_for_inotify() {
  while (!active_) {
    if (!thread_.wait_until(std::chrono::steady_clock::now() + kTryAgain)) {
      return false;
    }
    if (open_inotify()) {
      add_existing("/");
    }
  }
  return true;
}

void EventsFileWatcher::start() {
  started_ = true;
  thread_.start([this] { run(); });
}

void EventsFileWatcher::stop() { thread_.stop(); }

// Its work is limited by the number of cgroups that end, about 0.1 ms each.
void EventsFileWatcher::raise_priority() {
  const sched_param lowest{1};
  real_time_ = sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0;
  if (!real_time_) {
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
  }
}

void EventsFileWatcher::run() {
  if (!wait_for_inotify()) {
    return;
  }
  raise_priority();
  std::array<pollfd, 2> waiting{{{thread_.stop_event().fd(), POLLIN, 0}, {inotify_.get(), POLLIN, 0}}};
  for (;;) {
    if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      return;
    }
    if (waiting[0].revents != 0) {
      return;
    }
    take_events();
    cpu_nsec_ = static_cast<std::uint64_t>(thread_cpu_time().count());
  }
}

void EventsFileWatcher::take_events() {
  read_inotify_events(inotify_.get(), 1, [this](int watch, std::uint32_t mask, std::string_view name) {
    if ((mask & IN_Q_OVERFLOW) != 0) {
      ++overflows_;
    } else if ((mask & IN_MODIFY) != 0) {
      listen_to(watch);
    } else if ((mask & IN_CREATE) != 0 && (mask & IN_ISDIR) != 0) {
      on_created(watch, name);
    } else if ((mask & IN_DELETE) != 0 && (mask & IN_ISDIR) != 0) {
      on_removed(watch, name);
    }
  });
}

void EventsFileWatcher::listen_to(Token token) {
  std::string path;
  {
    const MutexLock lock(mutex_);
    const auto found = watched_.find(token);
    if (found == watched_.end()) {
      return;
    }
    path = found->second.path;
  }
  bool populated = false;
  auto final_stats = read(path, populated);
  if (!final_stats && !populated) {
    return;  // it is gone
  }
  if (final_stats) {
    ++read_;
  }
  const MutexLock lock(mutex_);
  // None if it is populated again: what was read when it was empty before is not final.
  if (const auto found = watched_.find(token); found != watched_.end()) {
    found->second.final_stats = std::move(final_stats);
  }
}

// Empty: the watch no longer exists.
std::string EventsFileWatcher::path_below(int directory_watch, std::string_view name) const {
  const auto parent = directories_.find(directory_watch);
  if (parent == directories_.end()) {
    return {};
  }
  return CgroupPath(parent->second).child(name);
}

// Watched here, not only when discovery reports the cgroup: it may be gone by then.
void EventsFileWatcher::on_created(int directory_watch, std::string_view name) {
  std::string path;
  {
    const MutexLock lock(mutex_);
    path = path_below(directory_watch, name);
  }
  const Token token = path.empty() ? 0 : add(path);
  if (token == 0) {
    return;
  }
  unclaimed_.push_back(token);
  if (unclaimed_.size() <= kMaxUnclaimed) {
    return;
  }
  const Token oldest = std::exchange(unclaimed_.front(), 0);
  unclaimed_.pop_front();
  MutexLock lock(mutex_);
  const auto found = watched_.find(oldest);
  if (found != watched_.end() && !found->second.claimed) {
    const Watches watches = forget(found);
    lock.unlock();
    give_up(watches);
  }
}

// A cgroup that was never claimed and never became empty need not be kept.
void EventsFileWatcher::on_removed(int directory_watch, std::string_view name) {
  MutexLock lock(mutex_);
  const auto newest = newest_.find(path_below(directory_watch, name));
  const auto found = newest == newest_.end() ? watched_.end() : watched_.find(newest->second);
  if (found != watched_.end() && !found->second.claimed && !found->second.final_stats) {
    const Watches watches = forget(found);
    lock.unlock();
    give_up(watches);
  }
}

// CPU first: it is the most wanted value, and rmdir may come at any moment. Empty: the cgroup is
// gone, or `populated`, a process has entered it.
std::optional<CgroupStats> EventsFileWatcher::read(const std::string& path, bool& populated) {
  CgroupFiles files(roots_, path);
  ReadContext context{buffer_, devices_, static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)), false, false, {}};
  CgroupStats stats;
  reader_for(Controller::kCpuacct).cpu(files, context, stats);
  if (!stats.cpu.usage_nsec) {
    return std::nullopt;
  }
  CgroupEvents events;
  if (const auto text = files.read(CgroupFile::kCgroupEvents, buffer_)) {
    formats::parse_cgroup_events(*text, events);
  }
  populated = events.populated == 1;
  if (populated) {
    return std::nullopt;
  }
  reader_for(Controller::kMemory).memory_events(files, context, stats);
  reader_for(Controller::kIo).io(files, context, stats);
  for (IoDeviceStats& device : stats.io) {
    device.device = devices_.path(device.major, device.minor);
  }
  reader_for(Controller::kMemory).memory(files, context, stats);
  if (stats.memory_events.oom_kill.value_or(0) != 0) {
    reader_for(Controller::kMemory).memory_limits(files, context, stats.limits);  // that it hit, perhaps
  }
  return stats;
}

// The lock is never held during a system call here: the thread takes it too and must not
// wait.
FinalStatsWatcher::Token EventsFileWatcher::watch(const std::string& cgroup_path) {
  if (!started_ || !active_) {
    return 0;
  }
  if (const Token known = claim(cgroup_path); known != 0) {
    return known;
  }
  add(cgroup_path);
  return claim(cgroup_path);
}

FinalStatsWatcher::Token EventsFileWatcher::claim(const std::string& cgroup_path) {
  const MutexLock lock(mutex_);
  const auto found = newest_.find(cgroup_path);
  if (found == newest_.end()) {
    return 0;
  }
  WatchedCgroup& one = watched_[found->second];
  return std::exchange(one.claimed, true) ? 0 : found->second;
}

FinalStatsWatcher::Token EventsFileWatcher::add(const std::string& cgroup_path) {
  const CgroupPath path(cgroup_path);
  bool listen_below = true;
  {
    const MutexLock lock(mutex_);
    if (is_ignored(path)) return 0;
    listen_below = !ignored_.contains(cgroup_path);
  }
  const std::string directory = directory_of(cgroup_path);
  // The same file has the same watch: a second call changes nothing.
  const Token token = inotify_add_watch(inotify_.get(), (directory + "/cgroup.events").c_str(), IN_MODIFY);
  const int error = errno;
  const int below =
      listen_below ? inotify_add_watch(inotify_.get(), directory.c_str(), IN_CREATE | IN_DELETE | IN_ONLYDIR) : -1;
  if (token <= 0 && (error == ENOSPC || error == ENOMEM)) {
    ++unwatched_;
  }
  MutexLock lock(mutex_);
  if (below > 0) {
    directories_[below] = cgroup_path;
  }
  if (token <= 0) {
    return 0;  // the root has no such file; only its directory is watched
  }
  WatchedCgroup& one = watched_[token];
  one.path = cgroup_path;
  one.directory_watch = below;
  const Token before = std::exchange(newest_[cgroup_path], token);
  // The cgroup was recreated. Nobody can ask for its predecessor any more.
  if (const auto old = watched_.find(before); before != token && old != watched_.end() && !old->second.claimed) {
    const Watches watches = forget(old);
    lock.unlock();
    give_up(watches);
  }
  return token;
}

bool EventsFileWatcher::is_ignored(CgroupPath path) const {
  return std::any_of(ignored_.begin(), ignored_.end(),
                     [&](const std::string& one) { return CgroupPath(one).contains(path); });
}

void EventsFileWatcher::ignore_inside(const std::string& cgroup_path, bool ignore) {
  std::vector<Watches> unwanted;
  {
    const MutexLock lock(mutex_);
    if (!ignore) {
      ignored_.erase(cgroup_path);
      return;
    }
    ignored_.insert(cgroup_path);
    for (auto it = watched_.begin(); it != watched_.end();) {
      const auto one = it++;
      if (one->second.path == cgroup_path) {
        unwanted.push_back({0, one->second.directory_watch});
        directories_.erase(std::exchange(one->second.directory_watch, 0));
      } else if (is_ignored(CgroupPath(one->second.path))) {
        unwanted.push_back(forget(one));
      }
    }
  }
  for (const Watches& watches : unwanted) give_up(watches);
}

// The caller removes the watches, after it has unlocked.
EventsFileWatcher::Watches EventsFileWatcher::forget(std::unordered_map<Token, WatchedCgroup>::iterator one) {
  const Watches watches{one->first, one->second.directory_watch};
  directories_.erase(one->second.directory_watch);
  if (const auto newest = newest_.find(one->second.path); newest != newest_.end() && newest->second == one->first) {
    newest_.erase(newest);
  }
  watched_.erase(one);
  return watches;
}

// These fail if the cgroup is gone, which is fine.
void EventsFileWatcher::give_up(const Watches& watches) const {
  inotify_rm_watch(inotify_.get(), watches.file);
  inotify_rm_watch(inotify_.get(), watches.directory);
}

bool EventsFileWatcher::was_read(Token token) const {
  const MutexLock lock(mutex_);
  const auto found = watched_.find(token);
  return found != watched_.end() && found->second.final_stats.has_value();
}

std::optional<CgroupStats> EventsFileWatcher::take(Token token) {
  MutexLock lock(mutex_);
  const auto found = watched_.find(token);
  if (found == watched_.end()) {
    return std::nullopt;
  }
  auto final_stats = std::move(found->second.final_stats);
  const Watches watches = forget(found);
  lock.unlock();
  give_up(watches);
  return final_stats;
}

FinalStatsWatcherStatistics EventsFileWatcher::statistics() const {
  const MutexLock lock(mutex_);
  return {watched_.size(), unwatched_, read_, overflows_, cpu_nsec_, real_time_, active_};
}

}  // namespace

std::unique_ptr<FinalStatsWatcher> FinalStatsWatcher::make(const HostRoot& root, const CgroupMounts& mounts) {
  if (mounts.unified_index() < 0) {
    return nullptr;
  }
  return std::make_unique<EventsFileWatcher>(root, mounts);
}

}  // namespace tallyman
