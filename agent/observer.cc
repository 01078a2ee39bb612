#include "agent/observer.h"

#include "collectors/kernel/file_stats_source.h"

#include <poll.h>
#include <re2/re2.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <map>

namespace tallyman {
namespace {

using std::chrono::steady_clock;

// Of the descriptors allowed: what is left after connections and the agent's
// own goes to kept-open files, of which each workload has up to 14 of cgroupfs
// and one of its network. docs/performance.md has the formula.
constexpr std::size_t kOwnDescriptors = 128;
constexpr std::size_t kCgroupFilesPerNetworkFile = 14;
constexpr rlim_t kMostDescriptors = 1'048'576;

struct FileShare {
  std::size_t cgroup, network;
};

FileShare descriptors_to_keep(unsigned max_connections) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min(limit.rlim_max, kMostDescriptors);
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t allowed = std::min(limit.rlim_cur, kMostDescriptors);
  const std::size_t reserved = kOwnDescriptors + max_connections;
  const std::size_t rest = allowed > reserved ? allowed - reserved : 0;
  const std::size_t network = rest / (kCgroupFilesPerNetworkFile + 1);
  return {rest - network, network};
}

// The names of interfaces recur in every pass: ask the expression once for each.
NetworkSource::Ignore remembered(std::shared_ptr<const RE2> expression) {
  constexpr std::size_t kMostNames = 65'536;
  return [expression, answers = std::make_shared<std::map<std::string, bool>>()](const std::string& name) {
    if (const auto known = answers->find(name); known != answers->end()) {
      return known->second;
    }
    if (answers->size() >= kMostNames) {
      answers->clear();
    }
    return (*answers)[name] = RE2::PartialMatch(name, *expression);
  };
}

DiscoveryOptions discovery_options(const Options& options, const CgroupHierarchy& hierarchy) {
  DiscoveryOptions result;
  for (const int index : hierarchy.discovery_order()) {
    result.tree.hierarchies.push_back(hierarchy.hierarchies()[static_cast<std::size_t>(index)].path);
  }
  result.tree.max_cgroups = options.max_workloads;
  return result;
}

double seconds_between(steady_clock::time_point from, steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

std::vector<const Collector*> chosen_collectors(const Options& options) {
  std::vector<const Collector*> chosen;
  for (const Collector* collector : all_collectors()) {
    const auto named = options.collectors.find(std::string(collector->name));
    if (named == options.collectors.end() ? collector->on_by_default : named->second) {
      chosen.push_back(collector);
    }
  }
  return chosen;
}

Result<std::unique_ptr<Observer>> Observer::make(const Options& options, ObserverEvents events) {
  auto labels = LabelPolicy::make({options.container_labels, options.workload_labels, options.max_label_bytes});
  if (!labels) {
    return labels.error();
  }
  auto ignored = std::make_shared<const RE2>(options.ignored_interfaces, RE2::Quiet);
  if (!ignored->ok()) {
    return Error{ErrorKind::kMalformed, 0, "collector.network.ignored-interfaces: " + ignored->error()};
  }
  Result<CgroupHierarchy> hierarchy = CgroupHierarchy::detect(options.root);
  if (!hierarchy) {
    return hierarchy.error();
  }
  std::unique_ptr<Observer> observer(new Observer(options, std::move(events), std::move(*hierarchy)));
  const FileShare share = descriptors_to_keep(options.max_connections);
  SamplerOptions sampling;
  sampling.collectors = observer->collectors_;
  sampling.cpu_per_cpu = options.cpu_per_cpu;
  sampling.slow_interval = options.slow_sampling_interval;
  sampling.network_files_kept_open = share.network;
  // An empty expression matches every name; the user means "ignore nothing".
  sampling.ignore_interface =
      options.ignored_interfaces.empty() ? [](const std::string&) { return false; } : remembered(std::move(ignored));
  observer->sampler_ = std::make_unique<Sampler>(
      std::move(sampling), options.root, make_file_stats_source(options.root, observer->hierarchy_, share.cgroup),
      std::move(*labels));
  DiscoveryOptions discovery = discovery_options(options, observer->hierarchy_);
  discovery.on_error = observer->events_.metadata_fault;
  std::vector<std::unique_ptr<Runtime>> runtimes;
  runtimes.push_back(make_docker_runtime(options.root, options.docker_root));
  runtimes.push_back(make_podman_runtime(options.root));
  runtimes.push_back(make_crio_runtime(options.root));
  runtimes.push_back(make_lxc_runtime(options.root));
  runtimes.push_back(make_mesos_runtime());
  runtimes.push_back(make_rkt_runtime(options.root));
  runtimes.push_back(
      make_containerd_runtime(options.root, options.containerd_state));  // last: it asks for the most paths
  observer->discovery_ = std::make_unique<Discovery>(std::move(discovery), std::move(runtimes));
  return observer;
}

Observer::Observer(const Options& options, ObserverEvents events, CgroupHierarchy hierarchy)
    : interval_(options.sampling_interval),
      events_(std::move(events)),
      hierarchy_(std::move(hierarchy)),
      collectors_(chosen_collectors(options)),
      stop_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Observer::~Observer() {
  stop();
  if (stop_event_ >= 0) {
    close(stop_event_);
  }
}

SnapshotPtr Observer::sample_once() {
  discovery_->refresh();
  pass(0);
  return snapshot();
}

void Observer::start() {
  discovery_->refresh();
  discovery_->start();
  thread_ = std::thread([this] { run(); });
}

void Observer::stop() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_event_, &one, sizeof one);
    thread_.join();
  }
  discovery_->stop();
}

void Observer::run() {
  auto due = steady_clock::now();
  do {
    const auto begin = steady_clock::now();
    pass(seconds_between(due, begin));
    due += interval_;
    const auto now = steady_clock::now();
    if (due < now) {
      const auto missed = (now - due) / interval_ + 1;
      due += interval_ * missed;
      const std::lock_guard lock(mutex_);
      statistics_.passes_skipped += static_cast<std::uint64_t>(missed);
    }
  } while (wait_until(due));
}

// poll and not a condition variable: TSan of this compiler does not know
// pthread_cond_clockwait and reports races that are not there.
bool Observer::wait_until(steady_clock::time_point due) {
  for (;;) {
    const auto left = due - steady_clock::now();
    if (left <= steady_clock::duration::zero()) {
      return true;
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    timespec timeout{seconds.count(), std::chrono::duration_cast<std::chrono::nanoseconds>(left - seconds).count()};
    pollfd event{stop_event_, POLLIN, 0};
    if (ppoll(&event, 1, &timeout, nullptr) > 0) {
      return false;
    }
  }
}

void Observer::pass(double lag_seconds) {
  const SampleTime time{std::chrono::system_clock::now(), steady_clock::now()};
  SnapshotPtr made = sampler_->sample(discovery_->current(), time);
  const double took = seconds_between(time.steady, steady_clock::now());
  SamplerStatistics sampled = sampler_->statistics();
  if (events_.fault) {
    for (const CollectorStatistics& one : sampled.collectors) {
      if (!one.last_fault.empty()) {
        events_.fault(one.collector, one.last_fault);
      }
    }
  }
  {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(made);
    statistics_.sampler = std::move(sampled);
    statistics_.last_pass_seconds = took;
    statistics_.last_lag_seconds = lag_seconds;
    host_ = sampler_->host();
  }
}

SnapshotPtr Observer::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

ObserverStatistics Observer::statistics() const {
  ObserverStatistics result;
  {
    const std::lock_guard lock(mutex_);
    result = statistics_;
  }
  result.discovery = discovery_->status();
  return result;
}

HostStats Observer::host() const {
  const std::lock_guard lock(mutex_);
  return host_;
}

}  // namespace tallyman
