#include "agent/config/agent_settings.h"

namespace tallyman {
namespace {

constexpr std::uint64_t kMegabyte = 1 << 20;

std::vector<Setting> config_file_setting() {
  return {
      {.name = "config.file",
       .shape = Shape::kFile,
       .field = field<&Options::config_file>(),
       .scope = SettingScope::kFlagOnly,
       .brief = "YAML file with these settings (none)",
       .detail =
           "A YAML file with the settings of this page. Flags override it. By default no file is read. At most 1 MiB."},
  };
}

std::vector<Setting> web_settings() {
  return {
      {.name = "web.listen-address",
       .shape = Shape::kAddress,
       .field = field<&Options::web, &Options::Web::listen_address>(),
       .change = Change::kNeedsRestart,
       .brief = "address to listen on",
       .detail = "Address and port of the HTTP server. `:8255` listens on every address of the host, `[::1]:8255` on "
                 "an IPv6 address; port 0 selects any free port. The default accepts connections from this host only, "
                 "because there is no password."},
      {.name = "web.telemetry-path",
       .shape = Shape::kUrlPath,
       .field = field<&Options::web, &Options::Web::telemetry_path>(),
       .change = Change::kNeedsRestart,
       .brief = "URL path of the metrics",
       .detail =
           "The URL path that serves the metrics. `/` and paths below `/-/`, `/api/` and `/assets/` are reserved."},
      {.name = "web.allowed-hosts",
       .shape = Shape::kText,
       .field = field<&Options::web, &Options::Web::allowed_hosts>(),
       .change = Change::kNeedsRestart,
       .brief = "more names to answer for (see the docs)",
       .detail =
           "Further host names that requests may ask for, with commas between them; `.example.com` stands for all "
           "names below it, `*` for every name. Without it the agent answers for `localhost`, for IP addresses, for "
           "the name in `web.listen-address` and, if it listens on more than this host, for names without a dot. "
           "Other names get status 421: a web page could point its own name at this address and read the answers "
           "(DNS rebinding). A reverse proxy that passes on the name of its own site needs it here.",
       .fallback = "none"},
      {.name = "web.max-connections",
       .shape = Shape::kCount,
       .field = field<&Options::web, &Options::Web::max_connections>(),
       .change = Change::kNeedsRestart,
       .brief = "maximum number of open connections",
       .detail = "Maximum number of open connections. Further ones are closed at once and counted.",
       .min = 1,
       .max = 10'000},
      {.name = "web.max-streams",
       .shape = Shape::kCount,
       .field = field<&Options::web, &Options::Web::max_streams>(),
       .change = Change::kNeedsRestart,
       .brief = "maximum number of live-event clients",
       .detail = "Maximum number of clients that receive live events. Each open dashboard is one client. A further "
                 "client gets status 503 and is counted. At most half of `web.max-connections` are used.",
       .min = 1,
       .max = 5'000},
      {.name = "web.cadvisor-api",
       .shape = Shape::kSwitch,
       .field = field<&Options::web, &Options::Web::cadvisor_api>(),
       .change = Change::kNeedsRestart,
       .brief = "serve cAdvisor's REST API too",
       .detail = "Serve cAdvisor's REST API below `/api/v1.0/` to `/api/v2.1/` too: "
                 "[docs/migrating-from-cadvisor.md](migrating-from-cadvisor.md#its-rest-api)."},
      {.name = "web.external-prefix",
       .shape = Shape::kUrlPath,
       .field = field<&Options::web, &Options::Web::external_prefix>(),
       .change = Change::kNeedsRestart,
       .brief = "URL prefix behind a reverse proxy (none)",
       .detail =
           "URL prefix when served behind a reverse proxy that keeps it: with `/tallyman` the dashboard is at "
           "`/tallyman/`. Not needed if the proxy strips the prefix, because all links of the pages are relative.",
       .fallback = "none"},
  };
}

// Where the host and its runtimes keep their files.
std::vector<Setting> host_settings() {
  return {
      {.name = "path.rootfs",
       .shape = Shape::kDirectory,
       .field = field<&Options::root, &HostRoot::rootfs>(),
       .brief = "where the host's / is mounted",
       .detail = "Where the host's `/` is mounted. In a container this is often `/host`."},
      {.name = "path.procfs",
       .shape = Shape::kDirectory,
       .field = field<&Options::root, &HostRoot::procfs>(),
       .brief = "where the host's /proc is (ROOTFS/proc)",
       .detail = "Where the host's `/proc` is.",
       .fallback = "ROOTFS/proc"},
      {.name = "path.sysfs",
       .shape = Shape::kDirectory,
       .field = field<&Options::root, &HostRoot::sysfs>(),
       .brief = "where the host's /sys is (ROOTFS/sys)",
       .detail =
           "Where the host's `/sys` is. If there is none and the host's processes are at ROOTFS/proc, the agent's own "
           "`/sys` is used: it shows the same CPUs and devices.",
       .fallback = "ROOTFS/sys"},
      {.name = "path.cgroupfs",
       .shape = Shape::kDirectory,
       .field = field<&Options::root, &HostRoot::cgroupfs>(),
       .brief = "the host's cgroups (SYSFS/fs/cgroup)",
       .detail = "Where the host's cgroup file systems are.",
       .fallback = "SYSFS/fs/cgroup"},
      {.name = "containerd.root",
       .shape = Shape::kHostPath,
       .field = field<&Options::runtimes, &Options::Runtimes::containerd_root>(),
       .brief = "containerd's data directory (detected)",
       .detail = "containerd's data directory, as a path on the host: usually `/var/lib/containerd`. Its database has "
                 "labels, images and the owners of pods. Only files are read, no socket.",
       .fallback = "detected"},
      {.name = "containerd.state",
       .shape = Shape::kHostPath,
       .field = field<&Options::runtimes, &Options::Runtimes::containerd_state>(),
       .brief = "containerd's state directory (detected)",
       .detail = "containerd's state directory, as a path on the host: usually `/run/containerd`. Only files are read, "
                 "no socket.",
       .fallback = "detected"},
      {.name = "docker.root",
       .shape = Shape::kHostPath,
       .field = field<&Options::runtimes, &Options::Runtimes::docker_root>(),
       .brief = "Docker's data directory (detected)",
       .detail =
           "Docker's data directory, as a path on the host: usually `/var/lib/docker`. Only files are read, no socket. "
           "If it is no data directory of Docker, that is an error at the start.",
       .fallback = "detected"},
  };
}

std::vector<Setting> sampling_settings() {
  return {
      {.name = "sampling.interval",
       .shape = Shape::kDuration,
       .field = field<&Options::sampling, &Options::Sampling::interval>(),
       .brief = "time between samples",
       .detail = "Time from one sample of the host to the next.",
       .min = 100,
       .max = kHourMs},
      {.name = "sampling.slow-interval",
       .shape = Shape::kDuration,
       .field = field<&Options::sampling, &Options::Sampling::slow_interval>(),
       .brief = "interval of rarely changing values",
       .detail = "Time between readings of values that rarely change: limits, cpuset, hugetlb, NUMA. It must be at "
                 "least `sampling.interval`. If it is not set, it is raised to `sampling.interval` where needed.",
       .min = 100,
       .max = 24 * kHourMs},
  };
}

std::vector<Setting> history_settings() {
  return {
      {.name = "history.memory",
       .shape = Shape::kSize,
       .field = field<&Options::history, &Options::History::memory_bytes>(),
       .change = Change::kNeedsRestart,
       .brief = "memory for history; 0 disables it",
       .detail = "Memory for the history of every workload (`/api/v1/series`, the dashboard's charts). The history is "
                 "lost when the agent ends. When the memory is full, the oldest samples are dropped, one-second "
                 "samples first. 0 disables the history.",
       .min = kMegabyte,
       .max = 65'536 * kMegabyte},
      {.name = "history.fine",
       .shape = Shape::kDuration,
       .field = field<&Options::history, &Options::History::fine>(),
       .change = Change::kNeedsRestart,
       .brief = "how long every sample is kept",
       .detail = "How long every sample is kept.",
       .min = 60 * kSecondMs,
       .max = 168 * kHourMs},
      {.name = "history.coarse",
       .shape = Shape::kDuration,
       .field = field<&Options::history, &Options::History::coarse>(),
       .change = Change::kNeedsRestart,
       .brief = "how long 15-second samples are kept",
       .detail = "How long samples of a resolution of 15 s are kept. Counters keep their value; memory and threads "
                 "their mean.",
       .min = 60 * kSecondMs,
       .max = std::uint64_t{31} * 24 * kHourMs},
  };
}

// Those that a collector has beside its switch.
std::vector<Setting> collector_settings() {
  return {
      {.name = "collector.cpu.percpu",
       .shape = Shape::kSwitch,
       .field = field<&Options::collectors, &Options::Collectors::cpu_per_cpu>(),
       .brief = "per-CPU time instead of the total (v1)",
       .detail = "Export the CPU time of each CPU instead of the total. Only cgroup v1 has it."},
      {.name = "collector.filesystem.walk",
       .shape = Shape::kSwitch,
       .field = field<&Options::filesystem, &Options::Filesystem::walk>(),
       .brief = "do not walk directories, only read quotas",
       .detail = "Measure layers and volumes without a project quota by walking their directories, in the background "
                 "and with at most 1 % of a CPU. If this is off, they have no series."},
      {.name = "collector.filesystem.walk-interval",
       .shape = Shape::kDuration,
       .field = field<&Options::filesystem, &Options::Filesystem::walk_interval>(),
       .brief = "time between walks of one directory",
       .detail = "Minimum time between two walks of the same layer or volume. After a costly walk the agent waits at "
                 "least 200 times the CPU time of that walk.",
       .min = 1'000,
       .max = 24 * kHourMs},
      {.name = "collector.filesystem.entries-per-second",
       .shape = Shape::kCount,
       .field = field<&Options::filesystem, &Options::Filesystem::entries_per_second>(),
       .brief = "entries per second, over all walks",
       .detail = "Files and directories visited per second, over all walks.",
       .min = 10,
       .max = 1'000'000},
      {.name = "collector.network.ignored-interfaces",
       .shape = Shape::kPattern,
       .field = field<&Options::collectors, &Options::Collectors::ignored_interfaces>(),
       .brief = "host interfaces to ignore (lo, veth, ...)",
       .detail = "Network interfaces to ignore. `^$` ignores none."},
  };
}

std::vector<Setting> process_settings() {
  return {
      {.name = "processes.bare",
       .shape = Shape::kSwitch,
       .field = field<&Options::processes, &Options::Processes::bare>(),
       .brief = "no workloads for uncontained processes",
       .detail = "Create workloads of kind `process` for processes outside containers and services, in groups: "
                 "docs/processes.md."},
      {.name = "processes.groups",
       .shape = Shape::kRules,
       .field = field<&Options::processes, &Options::Processes::groups>(),
       .brief = "grouping rules (default: by executable)",
       .detail = "Rules for grouping processes: a list of `name` and at least one of `executable`, `command`, `user` "
                 "and `cgroup`, which are patterns. A process belongs to the first group whose patterns all match. If "
                 "no group matches, it belongs to the group named after its executable.",
       .fallback = "by executable"},
      {.name = "processes.pss",
       .shape = Shape::kSwitch,
       .field = field<&Options::processes, &Options::Processes::pss>(),
       .brief = "PSS of uncontained processes, each minute",
       .detail =
           "Read the proportional set size (PSS) of processes outside containers and services once a minute. Reading "
           "it stops a process for about 15 ms per GiB, so processes with more than 512 MiB resident are skipped."},
  };
}

std::vector<Setting> label_settings() {
  return {
      {.name = "labels.container",
       .shape = Shape::kPattern,
       .field = field<&Options::labels, &Options::Labels::container>(),
       .brief = "container labels to export (Compose, ...)",
       .detail = "Container labels to export as `container_label_*`. The default selects the labels of Compose, Swarm "
                 "and Kubernetes that public dashboards use, but of Kubernetes' own containers not those that repeat "
                 "`container`, `pod` and `namespace`. `.` selects all, as cAdvisor does: labels may hold passwords. "
                 "`^$` selects none."},
      {.name = "labels.environment",
       .shape = Shape::kPattern,
       .field = field<&Options::labels, &Options::Labels::environment>(),
       .brief = "variables of containers to export (none)",
       .detail = "Variables of a container's environment to export as `container_env_*`, with the name in small "
                 "letters, as cAdvisor does. Docker, Podman, containerd and CRI-O keep them in files. Variables often "
                 "hold passwords: name those that you need, `^(APP_VERSION|TEAM)$`.",
       .fallback = "none"},
      {.name = "labels.workload",
       .shape = Shape::kSwitch,
       .field = field<&Options::labels, &Options::Labels::workload>(),
       .brief = "omit the labels kind and workload",
       .detail = "Put the labels `kind` and `workload` on every series of a workload."},
  };
}

std::vector<Setting> cgroup_settings() {
  return {
      {.name = "cgroups.exclude",
       .shape = Shape::kPattern,
       .field = field<&Options::cgroups, &Options::Cgroups::exclude>(),
       .brief = "cgroups to leave out (mounts, ...)",
       .detail =
           "Cgroups to leave out. The expression is searched for in the path, `/system.slice/cron.service`, and in "
           "the kind with the path, `service:/system.slice/cron.service`. Cgroups below are left out only if they "
           "match too. Always left out are `.mount`, `.swap` and `.automount` units and transient scopes "
           "(`run-*.scope`) without a process.",
       .fallback = "none"},
      {.name = "cgroups.include",
       .shape = Shape::kPattern,
       .field = field<&Options::cgroups, &Options::Cgroups::include>(),
       .brief = "cgroups to show nevertheless",
       .detail = "Cgroups to show although `cgroups.exclude` or the default leaves them out.",
       .fallback = "none"},
  };
}

// What is kept of workloads that have ended.
std::vector<Setting> retention_settings() {
  return {
      {.name = "ended.grace",
       .shape = Shape::kDuration,
       .field = field<&Options::workloads, &Options::Workloads::ended_grace>(),
       .brief = "how long ended containers are shown",
       .detail = "How long an ended container is still shown as ended, with its counters and `container_last_seen` but "
                 "without gauges.",
       .min = 100,
       .max = kHourMs},
      {.name = "overhead.reports",
       .shape = Shape::kFile,
       .field = field<&Options::overhead, &Options::Overhead::reports>(),
       .change = Change::kNeedsRestart,
       .brief = "overhead reports to show (state directory)",
       .detail = "Directory of the overhead reports to show in the dashboard, `/api/v1/overhead` and "
                 "`tallyman_overhead_*`. The default is the directory that `tallyman overhead run` writes to: "
                 "`/var/lib/tallyman/overhead` for root, `~/.local/state/tallyman/overhead` for others."},
      {.name = "events.max",
       .shape = Shape::kCount,
       .field = field<&Options::workloads, &Options::Workloads::max_events>(),
       .change = Change::kNeedsRestart,
       .brief = "events kept in memory",
       .detail = "Number of events kept in memory for `/api/v1/events`. Older ones are dropped and counted.",
       .min = 1,
       .max = 1'000'000},
  };
}

std::vector<Setting> limit_settings() {
  return {
      {.name = "limit.workloads",
       .shape = Shape::kCount,
       .field = field<&Options::workloads, &Options::Workloads::max>(),
       .brief = "maximum number of workloads shown",
       .detail = "Maximum number of workloads shown. The others are only counted.",
       .min = 1,
       .max = 1'000'000},
      {.name = "limit.cgroups-per-container",
       .shape = Shape::kCount,
       .field = field<&Options::workloads, &Options::Workloads::max_inside_container>(),
       .brief = "cgroups inside of one container",
       .detail =
           "Maximum number of cgroups shown inside of one container or machine. Their paths have a limit together "
           "too: 128 bytes for each. The others are only counted, and the log names the container once. If "
           "`limit.workloads` is reached, cgroups inside of containers make room for others.",
       .min = 0,
       .max = 1'000'000},
      {.name = "limit.series-per-metric",
       .shape = Shape::kCount,
       .field = field<&Options::workloads, &Options::Workloads::max_series_of_one_metric>(),
       .brief = "series of a metric for one workload",
       .detail = "Maximum number of series of one metric that a workload other than the host may have: one for each of "
                 "its network interfaces or devices. The others are only counted.",
       .min = 1,
       .max = 1'000'000},
      {.name = "limit.process-groups",
       .shape = Shape::kCount,
       .field = field<&Options::processes, &Options::Processes::max_groups>(),
       .brief = "process groups; the rest are [other]",
       .detail = "Maximum number of process groups. Processes of further groups are counted in `[other]`.",
       .min = 1,
       .max = 10'000},
      {.name = "limit.label-bytes",
       .shape = Shape::kCount,
       .field = field<&Options::labels, &Options::Labels::max_bytes>(),
       .brief = "maximum bytes of a label value",
       .detail = "Maximum length of a label value in bytes. Longer values are cut; an `id` then ends with a digest of "
                 "the whole. All `container_label_*` of one container together may have four times as many, and all "
                 "`container_env_*`.",
       .min = 16,
       .max = 65'536},
  };
}

std::vector<Setting> log_settings() {
  return {
      {.name = "log.level",
       .shape = Shape::kChoice,
       .field = field<&Options::log, &Options::Log::level>(),
       .brief = "level: debug, info, warn, error",
       .detail = "The lowest level that is logged.",
       .choices = "debug, info, warn, error"},
      {.name = "log.format",
       .shape = Shape::kChoice,
       .field = field<&Options::log, &Options::Log::format>(),
       .change = Change::kNeedsRestart,
       .brief = "target: auto, stderr, journal",
       .detail = "Where the log goes. With `auto` it goes to the systemd journal, with levels, if standard error is "
                 "connected to it, and to standard error otherwise.",
       .choices = "auto, stderr, journal"},
  };
}

}  // namespace

std::vector<Setting> agent_settings() {
  std::vector<Setting> all;
  for (const auto part :
       {config_file_setting, web_settings, host_settings, sampling_settings, history_settings, collector_settings,
        process_settings, cgroup_settings, label_settings, retention_settings, limit_settings, log_settings}) {
    const std::vector<Setting> rows = part();
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

}  // namespace tallyman
