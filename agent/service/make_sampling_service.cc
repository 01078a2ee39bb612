#include "agent/service/make_sampling_service.h"

#include "collectors/discovery/runtimes/all_runtimes.h"
#include "collectors/kernel/cgroup/file_stats_source.h"
#include "collectors/model/collector_table.h"
#include "collectors/sampling/processes/workload_process_stats.h"
#include "collectors/sampling/sampled_sources.h"
#include "collectors/sampling/sources/workload_filesystem_stats.h"

#include <re2/re2.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace tallyman {
namespace {

// Descriptors that are left after connections and the agent's own are used to keep
// files open. Each workload has up to 14 files of cgroupfs and one of its network.
// docs/performance.md has the formula.
constexpr std::size_t kOwnDescriptors = 128;
constexpr std::size_t kCgroupFilesPerNetworkFile = 14;
constexpr rlim_t kMaxDescriptors = 1'048'576;

struct FileShare {
  std::size_t cgroup, network;
};

// As many as this process may have.
std::size_t descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min(limit.rlim_max, kMaxDescriptors);
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return std::min(limit.rlim_cur, kMaxDescriptors);
}

FileShare descriptors_to_keep(unsigned max_connections) {
  const std::size_t allowed = descriptors();
  const std::size_t reserved = kOwnDescriptors + connections_that_fit(max_connections);
  const std::size_t rest = allowed > reserved ? allowed - reserved : 0;
  const std::size_t network = rest / (kCgroupFilesPerNetworkFile + 1);
  return {rest - network, network};
}

// Interface names recur in every pass, so each is matched only once.
NetworkSource::Ignore remembered(std::shared_ptr<const RE2> expression) {
  constexpr std::size_t kMaxNames = 65'536;
  return [expression = std::move(expression),
          answers = std::make_shared<std::map<std::string, bool>>()](const std::string& name) {
    if (const auto known = answers->find(name); known != answers->end()) {
      return known->second;
    }
    if (answers->size() >= kMaxNames) {
      answers->clear();
    }
    return (*answers)[name] = RE2::PartialMatch(name, *expression);
  };
}

// Empty if there is no expression.
Result<CgroupChoice::Matches> cgroups_that_match(const std::string& name, const std::string& expression) {
  if (expression.empty()) {
    return CgroupChoice::Matches();
  }
  auto compiled = std::make_shared<const RE2>(expression, RE2::Quiet);
  if (!compiled->ok()) {
    return Error{ErrorKind::kMalformed, 0, name + ": " + compiled->error()};
  }
  return CgroupChoice::Matches([compiled](std::string_view path, WorkloadKind kind) {
    const std::string with_kind = std::string(to_string(kind)) + ':' + std::string(path);
    return RE2::PartialMatch({path.data(), path.size()}, *compiled) || RE2::PartialMatch(with_kind, *compiled);
  });
}

Result<void> choose_cgroups(const Options::Cgroups& options, CgroupChoice& choice) {
  auto excluded = cgroups_that_match("cgroups.exclude", options.exclude);
  if (!excluded) {
    return excluded.error();
  }
  auto included = cgroups_that_match("cgroups.include", options.include);
  if (!included) {
    return included.error();
  }
  choice.excluded = std::move(*excluded);
  choice.included = std::move(*included);
  return {};
}

DiscoveryOptions discovery_options(const Options& options, const CgroupMounts& mounts) {
  DiscoveryOptions result;
  for (const int index : mounts.discovery_order()) {
    result.tree.hierarchies.push_back(mounts.hierarchies()[static_cast<std::size_t>(index)].path);
  }
  for (const Hierarchy& hierarchy : mounts.hierarchies()) {
    result.tree.mounted_over.push_back(hierarchy.path);
  }
  result.tree.max_cgroups = options.workloads.max;
  result.tree.max_inside_container = options.workloads.max_inside_container;
  return result;
}

ProcessWatchOptions process_options(const Options& options, const std::vector<const Collector*>& collectors,
                                    const CgroupMounts& mounts) {
  const auto is_on = [&](std::string_view name) {
    return std::any_of(collectors.begin(), collectors.end(), [&](const Collector* one) { return one->name == name; });
  };
  ProcessWatchOptions result;
  result.interval = options.sampling.interval;
  result.slow_interval = options.sampling.slow_interval;
  result.scan.groups = options.processes.bare;
  result.scan.pss = options.processes.pss;
  result.scan.max_groups = options.processes.max_groups;
  result.scan.open_files = is_on("process");
  result.scan.sched = is_on("sched");
  result.scan.tasks = is_on("cpuload");
  result.scan.container_tasks = is_on("tasks");
  result.scan.container_io = is_on("io") && mounts.v1_index(Controller::kIo) >= 0;
  result.scan.programs = is_on("executables");
  return result;
}

FilesystemOptions filesystem_options(const Options& options) {
  FilesystemOptions result;
  result.walk = options.filesystem.walk;
  result.budget.interval = options.filesystem.walk_interval;
  result.budget.entries_per_second = options.filesystem.entries_per_second;
  result.disks_interval = options.sampling.slow_interval;
  return result;
}

// An empty expression would match every name, but its user wants to ignore nothing.
Result<NetworkSource::Ignore> ignored_interfaces(const std::string& expression) {
  auto compiled = std::make_shared<const RE2>(expression, RE2::Quiet);
  if (!compiled->ok()) {
    return Error{ErrorKind::kMalformed, 0, "collector.network.ignored-interfaces: " + compiled->error()};
  }
  if (expression.empty()) {
    return NetworkSource::Ignore([](const std::string&) { return false; });
  }
  return remembered(std::move(compiled));
}

SamplerOptions sampler_options(const Options& options, std::vector<const Collector*> collectors,
                               std::shared_ptr<EventLog> events) {
  SamplerOptions result;
  result.collectors = std::move(collectors);
  result.cpu_per_cpu = options.collectors.cpu_per_cpu;
  result.slow_interval = options.sampling.slow_interval;
  result.ended_grace = options.workloads.ended_grace;
  result.events = std::move(events);
  result.max_series_of_one_metric = options.workloads.max_series_of_one_metric;
  result.now = SampleTime::now;
  return result;
}

}  // namespace

unsigned connections_that_fit(unsigned wanted) {
  const std::size_t allowed = descriptors();
  const std::size_t fitting = allowed > 2 * kOwnDescriptors ? allowed - kOwnDescriptors : allowed / 4;
  return static_cast<unsigned>(std::clamp<std::size_t>(fitting, 1, wanted));
}

std::vector<const Collector*> chosen_collectors(const Options::Collectors& options) {
  std::vector<const Collector*> chosen;
  for (const Collector* collector : all_collectors()) {
    const auto named = options.switches.find(std::string(collector->name));
    if (named == options.switches.end() ? collector->on_by_default : named->second) {
      chosen.push_back(collector);
    }
  }
  return chosen;
}

Result<std::unique_ptr<SamplingService>> make_sampling_service(const Options& options, SamplingServiceEvents events) {
  // Who asks for labels of Kubernetes gets them; by default they would only repeat others.
  const bool repeat_kubernetes = options.labels.container != Options::Labels().container;
  auto labels = LabelPolicy::make(
      {options.labels.container, options.labels.workload, options.labels.max_bytes, repeat_kubernetes});
  if (!labels) {
    return labels.error();
  }
  Result<NetworkSource::Ignore> ignored = ignored_interfaces(options.collectors.ignored_interfaces);
  if (!ignored) {
    return ignored.error();
  }
  const RuntimeOptions runtimes{options.root, options.runtimes.docker_root, options.runtimes.containerd_state,
                                options.runtimes.containerd_root};
  if (const Result<void> usable = check_runtime_options(runtimes); !usable) {
    return usable.error();
  }
  Result<CgroupMounts> mounts = CgroupMounts::detect(options.root);
  if (!mounts) {
    return mounts.error();
  }
  Result<ProcessGrouping> grouping = ProcessGrouping::make(options.processes.groups);
  if (!grouping) {
    return grouping.error();
  }

  SamplingParts parts(std::move(*mounts));
  parts.interval = options.sampling.interval;
  parts.labels = labels->filter();
  parts.collectors = chosen_collectors(options.collectors);
  const StatsNeeds needs = needs_of(parts.collectors);

  parts.final_stats = FinalStatsWatcher::make(options.root, parts.mounts);
  DiscoveryOptions discovery = discovery_options(options, parts.mounts);
  if (auto chosen = choose_cgroups(options.cgroups, discovery.tree.choice); !chosen) {
    return chosen.error();
  }
  auto variables = LabelFilter::make(options.labels.environment);
  if (!variables) {
    return variables.error();
  }
  discovery.variables = std::move(*variables);
  discovery.on_error = events.metadata_fault;
  discovery.on_warning = events.warning;
  discovery.final_stats = parts.final_stats.get();
  parts.discovery = std::make_unique<Discovery>(std::move(discovery), all_runtimes(runtimes));

  const FileShare share = descriptors_to_keep(options.web.max_connections);
  std::unique_ptr<StatsSource> cgroups = make_file_stats_source(options.root, parts.mounts, share.cgroup);
  SampledSourcesOptions sources;
  sources.needs = needs;
  sources.network_files_kept_open = share.network;
  sources.ignore_interface = std::move(*ignored);
  if (options.processes.bare || needs.has(SourceKind::kProcesses)) {
    ProcessWatchOptions watch = process_options(options, parts.collectors, parts.mounts);
    watch.on_warning = events.warning;
    parts.processes = std::make_unique<ProcessWatch>(options.root, std::move(*grouping), std::move(watch),
                                                     [known = parts.discovery.get()] { return known->current(); });
    sources.process_report = [processes = parts.processes.get()] { return processes->report(); };
    cgroups = make_grouped_stats_source(std::move(cgroups), sources.process_report);
  }
  if (needs.has(SourceKind::kFilesystem)) {
    parts.filesystem = std::make_shared<FilesystemSource>(options.root, filesystem_options(options),
                                                          filesystem_ports_of(options.root));
    sources.filesystems = parts.filesystem;
  }
  SamplerOptions sampling = sampler_options(options, parts.collectors, events.log);
  sampling.init_exits = parts.processes ? parts.processes->init_exits() : nullptr;
  parts.sampler = std::make_unique<Sampler>(std::move(sampling), options.root,
                                            make_sampled_sources(options.root, std::move(cgroups), std::move(sources)),
                                            std::move(*labels));
  return std::make_unique<SamplingService>(std::move(parts), std::move(events));
}

}  // namespace tallyman
