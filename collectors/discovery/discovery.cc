#include "collectors/discovery/discovery.h"

#include "collectors/discovery/names.h"
#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/container_paths.h"
#include "collectors/discovery/runtimes/kubernetes.h"
#include "collectors/discovery/unnamed_containers.h"
#include "collectors/discovery/workload_namer.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/thread.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/kernel/system/wall_clock.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace tallyman {
namespace {

using Clock = std::chrono::steady_clock;

// Runtimes write a container's start time and process after they have created its cgroup.
// During that time its files are checked at this interval.
constexpr std::chrono::milliseconds kStartingInterval{50};

}  // namespace

class Discovery::Impl {
 public:
  Impl(DiscoveryOptions options, std::vector<std::unique_ptr<Runtime>> runtimes)
      : options_(std::move(options)),
        runtimes_(std::move(runtimes)),
        namer_(runtimes_, options_.variables, [this](const Error& error) { report(error); }),
        tree_(tree_options()),
        exits_(options_.final_stats),
        list_(std::make_shared<WorkloadList>()) {}

  void refresh();
  void start();
  void stop();
  WorkloadListPtr current() const {
    const MutexLock lock(mutex_);
    return list_;
  }
  DiscoveryStatus status() const {
    const MutexLock lock(mutex_);
    return status_;
  }
  std::vector<WorkloadExit> take_exits() { return exits_.take(); }

 private:
  // What is known about a cgroup from its creation to its removal.
  struct Lifetime {
    FinalStatsWatcher::Token token = 0;
    std::uint64_t created_nsec = 0;
  };
  struct RemovedCgroup {
    std::string path;
    CgroupNode node;
    Lifetime lifetime;
    std::uint64_t ended_nsec;
  };
  CgroupTreeOptions tree_options();
  void on_change(const CgroupChange& change);
  FinalStatsWatcher::Token watch_final_stats(const std::string& path) {
    return options_.final_stats != nullptr ? options_.final_stats->watch(path) : FinalStatsWatcher::Token(0);
  }
  void follow_removed();
  void run();
  bool follow_tree();
  NamedCgroup make_record(const std::string& path, const CgroupNode& node);
  WorkloadPtr outer_of(const std::string& path);
  void name_again_below(const std::string& path);
  void name_nested();
  void join_paths();
  bool refresh_metadata();
  void name_pods();
  bool describe_starting();
  bool is_starting_now(const NamedCgroup& record) const;
  void warn_of_unnamed();
  bool first_report(std::string text);
  void report(const Error& error);
  void publish(bool changed);

  const DiscoveryOptions options_;
  const std::vector<std::unique_ptr<Runtime>> runtimes_;

  // Used by the discovery thread only.
  WorkloadNamer namer_;
  CgroupTree tree_;
  std::map<std::string, Lifetime> lifetimes_;  // of the cgroups that exist
  std::vector<RemovedCgroup> removed_;         // since the last follow_removed()
  WorkloadExits exits_;
  std::uint64_t short_lived_inode_ = std::uint64_t{1} << 63;
  std::map<std::string, NamedCgroup> records_;
  std::map<std::string, Clock::time_point> starting_;  // until when
  std::set<std::string> reported_, seen_in_this_round_;

  mutable Mutex mutex_;
  WorkloadListPtr list_ GUARDED_BY(mutex_);
  DiscoveryStatus status_ GUARDED_BY(mutex_);

  Thread thread_{"discovery"};
};

CgroupTreeOptions Discovery::Impl::tree_options() {
  CgroupTreeOptions options = options_.tree;
  options.on_change = [this](const CgroupChange& change) { on_change(change); };
  options.choice.kind_of = [this](const std::string& path) { return namer_.kind_of(path); };
  options.on_warning = options_.on_warning;
  options.on_quiet = [this](const std::string& container, bool quiet) {
    if (options_.final_stats != nullptr) options_.final_stats->ignore_inside(container, quiet);
  };
  return options;
}

// Handled at once: a cgroup may exist for milliseconds only.
void Discovery::Impl::on_change(const CgroupChange& change) {
  if (change.created) {
    lifetimes_[change.path] = {watch_final_stats(change.path), wall_clock_nsec()};
    return;
  }
  const auto known = lifetimes_.extract(change.path);
  Lifetime lifetime = known.empty() ? Lifetime{} : known.mapped();
  // When it was first seen, it may not have been in the v2 tree yet.
  if (lifetime.token == 0) lifetime.token = watch_final_stats(change.path);
  removed_.push_back({change.path, change.node, lifetime, wall_clock_nsec()});
}

void Discovery::Impl::follow_removed() {
  for (RemovedCgroup& removed : std::exchange(removed_, {})) {
    const auto known = records_.find(removed.path);
    const bool same = known != records_.end() && known->second.node.inode == removed.node.inode &&
                      known->second.node.hierarchy == removed.node.hierarchy;
    if (same && known->second.joined) continue;
    const NamedCgroup record = same ? known->second : make_record(removed.path, removed.node);
    auto workload = std::make_shared<Workload>(*record.workload);
    if (!same && removed.lifetime.created_nsec != 0) workload->seen_nsec = removed.lifetime.created_nsec;
    workload->ended_nsec = removed.ended_nsec;
    if (workload->inode == 0)
      workload->inode = ++short_lived_inode_;  // a unique one for each cgroup that was never read
    exits_.begin(std::move(workload), removed.lifetime.token, record.runtime, record.ref());
  }
}

void Discovery::Impl::refresh() {
  tree_.walk();
  const bool tree_changed = follow_tree();
  const bool metadata_changed = refresh_metadata();
  publish(tree_changed || metadata_changed);
  exits_.poll();
}

void Discovery::Impl::start() {
  thread_.start([this] { run(); });
}

void Discovery::Impl::stop() {
  if (!thread_.started()) return;
  thread_.request_stop();
  tree_.wake();
  thread_.stop();
}

void Discovery::Impl::run() {
  auto next_refresh = Clock::now() + options_.refresh_interval;
  publish(follow_tree());  // a stop() may have interrupted the processing of a change
  bool exits_pending = exits_.poll();
  std::vector<int> event_fds;
  for (const auto& runtime : runtimes_) {
    if (runtime->event_fd() >= 0) event_fds.push_back(runtime->event_fd());
  }
  while (!thread_.stopping()) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(next_refresh - Clock::now());
    if (!starting_.empty()) left = std::min(left, kStartingInterval);
    if (exits_pending) left = std::min(left, WorkloadExits::kPollInterval);
    bool changed = tree_.wait(std::max(left, std::chrono::milliseconds(0)), event_fds);
    if (thread_.stopping()) return;
    if (!event_fds.empty()) {
      for (const auto& runtime : runtimes_) runtime->handle_events();
    }
    if (changed) changed = follow_tree();
    if (describe_starting()) changed = true;
    if (Clock::now() >= next_refresh) {
      if (changed) publish(true);  // new cgroups do not wait for the files of others
      changed = refresh_metadata();
      next_refresh = Clock::now() + options_.refresh_interval;
    }
    publish(changed);
    exits_pending = exits_.poll();  // reported after the list that no longer contains them
  }
}

// Both maps are sorted by path: one pass over the two.
bool Discovery::Impl::follow_tree() {
  follow_removed();
  bool changed = false;
  auto record = records_.begin();
  for (const auto& [path, node] : tree_.nodes()) {
    while (record != records_.end() && record->first < path) {
      record = records_.erase(record);
      changed = true;
    }
    if (record != records_.end() && record->first == path) {
      const CgroupNode& known = record->second.node;
      if (known.inode != node.inode || known.hierarchy != node.hierarchy) {
        record->second = make_record(path, node);
        changed = true;
      }
      ++record;
    } else {
      record = std::next(records_.emplace_hint(record, path, make_record(path, node)));
      changed = true;
    }
  }
  changed = changed || record != records_.end();
  records_.erase(record, records_.end());
  return changed;
}

NamedCgroup Discovery::Impl::make_record(const std::string& path, const CgroupNode& node) {
  const auto lifetime = lifetimes_.find(path);
  const WorkloadPtr outer = outer_of(path);
  NamedCgroup record = namer_.name(
      path, node, lifetime != lifetimes_.end() ? lifetime->second.created_nsec : wall_clock_nsec(), outer.get());
  if (record.starting()) starting_[path] = Clock::now() + options_.starting_time;
  return record;
}

// One rule for every runtime: a cgroup below a container is that container's own affair,
// whatever it is called. The outermost one counts.
WorkloadPtr Discovery::Impl::outer_of(const std::string& path) {
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    const std::string above = path.substr(0, end);
    const auto record = records_.find(above);
    if (record != records_.end()) {
      const WorkloadKind kind = record->second.workload->kind;
      if (kind == WorkloadKind::kContainer || kind == WorkloadKind::kMachine) return record->second.workload;
      if (kind != WorkloadKind::kPod && is_container_by_path(CgroupPath(above))) return record->second.workload;
    } else if (is_container_by_path(CgroupPath(above))) {
      return namer_.name(above, CgroupNode{}, wall_clock_nsec(), nullptr).workload;  // it is gone already
    }
  }
  return nullptr;
}

// It has turned out to be a container.
void Discovery::Impl::name_again_below(const std::string& path) {
  const CgroupPath outer(path);
  for (auto it = records_.upper_bound(outer.prefix_of_descendants());
       it != records_.end() && outer.contains(CgroupPath(it->first)); ++it) {
    if (it->second.workload->inside.empty()) it->second = make_record(it->first, it->second.node);
  }
}

// The outer container may have got its name later, or another one.
void Discovery::Impl::name_nested() {
  for (auto& [path, record] : records_) {
    const Workload& nested = *record.workload;
    if (nested.inside.empty() || nested.workload == path) continue;
    const auto outer = records_.find(nested.inside);
    if (outer == records_.end()) continue;
    std::string name = shown_name(nested, outer->second.workload.get(), CgroupPath(path).name());
    if (name == nested.workload) continue;
    auto renamed = std::make_shared<Workload>(nested);
    renamed->workload = std::move(name);
    record.workload = std::move(renamed);
  }
}

// cgroup v1: a runtime's own cgroup may differ from controller to controller, and with it the
// path of its containers. They are one: the path that was published first stands for all.
void Discovery::Impl::join_paths() {
  std::map<std::pair<const Runtime*, std::string_view>, std::vector<NamedCgroup*>> containers;
  for (auto& [path, record] : records_) {
    record.joined = false;
    const bool countable = record.runtime != nullptr && record.workload->kind == WorkloadKind::kContainer;
    if (countable && !record.workload->made_by_user && is_container_id(record.container_id))
      containers[{record.runtime, record.container_id}].push_back(&record);
  }
  for (auto& [key, records] : containers) {
    std::vector<std::string> others;
    if (records.size() > 1) {
      std::stable_sort(records.begin(), records.end(), [](const NamedCgroup* a, const NamedCgroup* b) {
        return std::pair(!a->published, a->node.hierarchy) < std::pair(!b->published, b->node.hierarchy);
      });
    }
    NamedCgroup& first = *records.front();
    for (std::size_t i = 1; i < records.size(); ++i) {
      if (records[i]->node.hierarchy == first.node.hierarchy) continue;  // both in one: not the same
      records[i]->joined = true;
      others.push_back(records[i]->workload->id);
    }
    if (others == first.workload->also_at) continue;
    auto joined = std::make_shared<Workload>(*first.workload);
    joined->also_at = std::move(others);
    first.workload = std::move(joined);
  }
}

bool Discovery::Impl::refresh_metadata() {
  seen_in_this_round_.clear();
  bool changed = false;
  for (auto& [path, record] : records_) {
    if (record.undecided && namer_.choose_runtime(record)) {
      changed = true;
      const WorkloadKind kind = record.workload->kind;
      if (kind == WorkloadKind::kContainer || kind == WorkloadKind::kMachine) name_again_below(path);
    }
    if (record.runtime != nullptr && namer_.describe(record)) changed = true;
  }
  const CgroupTreeStatus tree = tree_.status();
  if (!tree.watch_error.empty()) report(Error{ErrorKind::kIo, tree.watch_error_code, tree.watch_error});
  warn_of_unnamed();
  reported_ = std::move(seen_in_this_round_);
  return changed;
}

// One that is older than the agent is not starting any more.
bool Discovery::Impl::is_starting_now(const NamedCgroup& record) const {
  const auto starting = starting_.find(record.workload->id);
  if (starting == starting_.end() || Clock::now() >= starting->second) return false;
  const auto time = static_cast<std::uint64_t>(std::chrono::nanoseconds(options_.starting_time).count());
  return record.node.created_nsec.value_or(wall_clock_nsec()) + time > wall_clock_nsec();
}

// Once for each runtime, not for each of its containers: they have one cause.
void Discovery::Impl::warn_of_unnamed() {
  std::set<const Runtime*> without_files;
  for (const auto& [path, record] : records_) {
    if (record.unnamed() && record.not_found && !is_starting_now(record)) without_files.insert(record.runtime);
  }
  for (const Runtime* runtime : without_files) {
    const std::string text = unnamed_warning(*runtime);
    if (first_report(text) && options_.on_warning) options_.on_warning(text);
  }
}

// A pod's own cgroup has no files: a container directly below it provides its name.
void Discovery::Impl::name_pods() {
  for (const auto& [path, record] : records_) {
    if (!record.workload->container.kubernetes) continue;
    const auto above = records_.find(std::string(CgroupPath(path).parent().text()));
    if (above == records_.end() || above->second.workload->kind != WorkloadKind::kPod) continue;
    const Workload& pod = *above->second.workload;
    PodIdentity identity = pod.pod;
    if (!take_pod_name(record.workload->container, identity) || identity == pod.pod) continue;
    auto named = std::make_shared<Workload>(pod);
    named->workload = identity.name;
    named->pod = std::move(identity);
    above->second.workload = std::move(named);
  }
}

bool Discovery::Impl::describe_starting() {
  bool changed = false;
  const auto now = Clock::now();
  for (auto it = starting_.begin(); it != starting_.end();) {
    const auto record = records_.find(it->first);
    const bool there = record != records_.end() && record->second.runtime != nullptr;
    if (there && namer_.describe(record->second)) changed = true;
    const bool over = !there || now >= it->second || !record->second.starting();
    it = over ? starting_.erase(it) : std::next(it);
  }
  return changed;
}

bool Discovery::Impl::first_report(std::string text) {
  seen_in_this_round_.insert(text);
  return reported_.insert(std::move(text)).second;
}

void Discovery::Impl::report(const Error& error) {
  if (first_report(to_string(error)) && options_.on_error) options_.on_error(error);
}

void Discovery::Impl::publish(bool changed) {
  std::shared_ptr<WorkloadList> list;
  DiscoveryStatus status;
  status.tree = tree_.status();
  status.metadata_errors = namer_.errors();
  status.exits_dropped = exits_.dropped();
  if (changed) {
    name_pods();
    name_nested();
    join_paths();
    list = std::make_shared<WorkloadList>();
    list->reserve(records_.size());
  }
  for (auto& [path, record] : records_) {
    if (record.joined) continue;
    if (record.unnamed()) ++status.unnamed_containers;
    if (!list) continue;
    list->push_back(record.workload);
    record.published = true;
  }
  WorkloadListPtr next = std::move(list);  // after the swap the previous list: freed without the lock
  const MutexLock lock(mutex_);
  status_ = std::move(status);
  if (next) list_.swap(next);
}

Discovery::Discovery(DiscoveryOptions options, std::vector<std::unique_ptr<Runtime>> runtimes)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(runtimes))) {}
Discovery::~Discovery() { stop(); }
void Discovery::refresh() { impl_->refresh(); }
void Discovery::start() { impl_->start(); }
void Discovery::stop() { impl_->stop(); }
WorkloadListPtr Discovery::current() const { return impl_->current(); }
DiscoveryStatus Discovery::status() const { return impl_->status(); }
std::vector<WorkloadExit> Discovery::take_exits() { return impl_->take_exits(); }

}  // namespace tallyman
