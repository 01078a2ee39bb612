#include "agent/config/settings.h"

#include "collectors/model/collector.h"
#include "collectors/model/collector_table.h"

#include <algorithm>
#include <deque>

namespace tallyman {
namespace {

constexpr std::uint64_t kSecond = 1'000, kHour = 3'600 * kSecond, kMegabyte = 1 << 20;
constexpr auto kAtRunTime = Change::kAtRunTime;
constexpr auto kNeedsRestart = Change::kNeedsRestart;

std::vector<Setting> general_settings() {
  constexpr auto kAll = SettingScope::kEverywhere;
  return {
      {"config.file", Shape::kFile, &Options::config_file, SettingScope::kFlagOnly, kNeedsRestart,
       "YAML file with these settings (none)",
       "A YAML file with the settings of this page. Flags override it. By default no file is read. At most 1 MiB."},

      {"web.listen-address", Shape::kAddress, &Options::listen_address, kAll, kNeedsRestart, "address to listen on",
       "Address and port of the HTTP server. `:8255` listens on every address of the host, `[::1]:8255` on an IPv6 "
       "address; port 0 selects any free port. The default accepts connections from this host only, because there is "
       "no password."},
      {"web.telemetry-path", Shape::kUrlPath, &Options::telemetry_path, kAll, kNeedsRestart, "URL path of the metrics",
       "The URL path that serves the metrics. `/` and paths below `/-/`, `/api/` and `/assets/` are reserved."},
      {"web.max-connections", Shape::kCount, &Options::max_connections, kAll, kNeedsRestart,
       "maximum number of open connections",
       "Maximum number of open connections. Further ones are closed at once and counted.", 1, 10'000},
      {"web.max-streams", Shape::kCount, &Options::max_streams, kAll, kNeedsRestart,
       "maximum number of live-event clients",
       "Maximum number of connections that receive live events; each open dashboard is one. A further one gets 503 and "
       "is counted. The number is never more than half of `web.max-connections`.",
       1, 5'000},

      {"web.external-prefix",
       Shape::kUrlPath,
       &Options::external_prefix,
       kAll,
       kNeedsRestart,
       "URL prefix behind a reverse proxy (none)",
       "URL prefix when served behind a reverse proxy that keeps it: with `/tallyman` the dashboard is at "
       "`/tallyman/`. Not needed if the proxy strips the prefix, because all links of the pages are relative.",
       0,
       0,
       {},
       "none"},

      {"path.rootfs", Shape::kDirectory, &HostRoot::rootfs, kAll, kAtRunTime, "where the host's / is mounted",
       "Where the host's `/` is mounted. In a container this is often `/host`."},
      {"path.procfs",
       Shape::kDirectory,
       &HostRoot::procfs,
       kAll,
       kAtRunTime,
       "where the host's /proc is (ROOTFS/proc)",
       "Where the host's `/proc` is.",
       0,
       0,
       {},
       "ROOTFS/proc"},
      {"path.sysfs",
       Shape::kDirectory,
       &HostRoot::sysfs,
       kAll,
       kAtRunTime,
       "where the host's /sys is (ROOTFS/sys)",
       "Where the host's `/sys` is.",
       0,
       0,
       {},
       "ROOTFS/sys"},
      {"path.cgroupfs",
       Shape::kDirectory,
       &HostRoot::cgroupfs,
       kAll,
       kAtRunTime,
       "the host's cgroups (SYSFS/fs/cgroup)",
       "Where the host's cgroup file systems are.",
       0,
       0,
       {},
       "SYSFS/fs/cgroup"},
      {"containerd.state",
       Shape::kHostPath,
       &Options::containerd_state,
       kAll,
       kAtRunTime,
       "containerd's state directory (detected)",
       "containerd's state directory, as a path on the host: usually `/run/containerd`. Only files are read, no "
       "socket.",
       0,
       0,
       {},
       "detected"},
      {"docker.root",
       Shape::kHostPath,
       &Options::docker_root,
       kAll,
       kAtRunTime,
       "Docker's data directory (detected)",
       "Docker's data directory, as a path on the host: usually `/var/lib/docker`. Only files are read, no socket.",
       0,
       0,
       {},
       "detected"},

      {"sampling.interval", Shape::kDuration, &Options::sampling_interval, kAll, kAtRunTime, "time between samples",
       "Time from one sample of the host to the next.", 100, kHour},
      {"sampling.slow-interval", Shape::kDuration, &Options::slow_sampling_interval, kAll, kAtRunTime,
       "interval of rarely changing values",
       "Time between readings of values that rarely change: limits, cpuset, hugetlb, NUMA. At least "
       "`sampling.interval`; if unset, it grows with it.",
       100, 24 * kHour},

      {"history.memory", Shape::kSize, &Options::history_memory_bytes, kAll, kNeedsRestart,
       "memory for history; 0 disables it",
       "Memory for the history of every workload (`/api/v1/series`, the dashboard's charts). The history is lost when "
       "the agent ends. When the memory is full, the oldest samples are dropped, one-second samples first. 0 disables "
       "the history.",
       kMegabyte, 65'536 * kMegabyte},
      {"history.fine", Shape::kDuration, &Options::history_fine, kAll, kNeedsRestart, "how long every sample is kept",
       "How long every sample is kept.", 60 * kSecond, 168 * kHour},
      {"history.coarse", Shape::kDuration, &Options::history_coarse, kAll, kNeedsRestart,
       "how long 15-second samples are kept",
       "How long one sample for every 15 s is kept: the value of counters, the mean of memory and threads.",
       60 * kSecond, 31 * 24 * kHour},

      {"collector.cpu.percpu", Shape::kSwitch, &Options::cpu_per_cpu, kAll, kAtRunTime,
       "per-CPU time instead of the total (v1)",
       "CPU time of each CPU instead of the total, never both. Only cgroup v1 accounts for it."},
      {"collector.filesystem.walk", Shape::kSwitch, &Options::filesystem_walk, kAll, kAtRunTime,
       "do not walk directories, only read quotas",
       "Measure layers and volumes without a project quota by walking their directories, in the background and with at "
       "most 1 % of a CPU. If this is off, they have no series."},
      {"collector.filesystem.walk-interval", Shape::kDuration, &Options::filesystem_walk_interval, kAll, kAtRunTime,
       "time between walks of one directory",
       "Time from the end of one walk of a layer or volume to the start of the next. A costly walk lengthens it to 200 "
       "times the CPU time of the walk.",
       1'000, 24 * kHour},
      {"collector.filesystem.entries-per-second", Shape::kCount, &Options::filesystem_entries_per_second, kAll,
       kAtRunTime, "entries per second, over all walks", "Files and directories visited per second, over all walks.",
       10, 1'000'000},
      {"collector.network.ignored-interfaces", Shape::kPattern, &Options::ignored_interfaces, kAll, kAtRunTime,
       "host interfaces to ignore (lo, veth, ...)", "Network interfaces to ignore. `^$` ignores none."},

      {"processes.bare", Shape::kSwitch, &Options::bare_processes, kAll, kAtRunTime,
       "no workloads for uncontained processes",
       "Create workloads of kind `process` for processes outside containers and services, in groups: "
       "docs/processes.md."},
      {"processes.groups",
       Shape::kRules,
       &Options::process_groups,
       kAll,
       kAtRunTime,
       "grouping rules (default: by executable)",
       "Rules for grouping processes: a list of `name` and at least one of `executable`, `command`, `user` and "
       "`cgroup`, which are patterns. A process belongs to the first group with all patterns matching. If none "
       "matches, its group is the name of its executable.",
       0,
       0,
       {},
       "by executable"},
      {"processes.pss", Shape::kSwitch, &Options::process_pss, kAll, kAtRunTime,
       "PSS of uncontained processes, each minute",
       "Read the proportional set size (PSS) of processes outside containers and services once a minute. Reading it "
       "stops a process for about 15 ms per GiB, so processes with more than 512 MiB resident are skipped."},

      {"labels.container", Shape::kPattern, &Options::container_labels, kAll, kAtRunTime,
       "container labels to export (Compose, ...)",
       "The container's own labels that become `container_label_*`. The default selects those of Compose, Swarm and "
       "Kubernetes. `.` selects all, `^$` none."},
      {"labels.workload", Shape::kSwitch, &Options::workload_labels, kAll, kAtRunTime,
       "omit the labels kind and workload", "Put the labels `kind` and `workload` on every series."},

      {"ended.grace", Shape::kDuration, &Options::ended_grace, kAll, kAtRunTime, "how long ended containers are shown",
       "How long an ended container is still shown as ended, with its counters and `container_last_seen` but without "
       "gauges.",
       100, kHour},
      {"overhead.reports", Shape::kFile, &Options::overhead_reports, kAll, kNeedsRestart,
       "overhead reports to show (state directory)",
       "Directory of the overhead reports to show in the dashboard, `/api/v1/overhead` and `tallyman_overhead_*`. The "
       "default is the directory that `tallyman overhead run` writes to: `/var/lib/tallyman/overhead` for root, "
       "`~/.local/state/tallyman/overhead` for others."},
      {"events.max", Shape::kCount, &Options::max_events, kAll, kNeedsRestart, "events kept in memory",
       "Number of events kept in memory for `/api/v1/events`. Older ones are dropped and counted.", 1, 1'000'000},

      {"limit.workloads", Shape::kCount, &Options::max_workloads, kAll, kAtRunTime, "maximum number of workloads shown",
       "Maximum number of workloads shown. The others are only counted.", 1, 1'000'000},
      {"limit.process-groups", Shape::kCount, &Options::max_process_groups, kAll, kAtRunTime,
       "process groups; the rest are [other]",
       "Maximum number of process groups. Processes of further groups are counted in `[other]`.", 1, 10'000},
      {"limit.label-bytes", Shape::kCount, &Options::max_label_bytes, kAll, kAtRunTime,
       "maximum bytes of a label value", "Maximum length of a label value in bytes. Longer values are cut.", 16,
       65'536},

      {"log.level", Shape::kChoice, &Options::log_level, kAll, kAtRunTime, "debug, info, warn, error",
       "The lowest level that is logged.", 0, 0, "debug, info, warn, error"},
      {"log.format", Shape::kChoice, &Options::log_format, kAll, kNeedsRestart, "auto, stderr, journal",
       "Where the log goes. With `auto` it goes to the systemd journal, with levels, if standard error is connected to "
       "it, and to standard error otherwise.",
       0, 0, "auto, stderr, journal"},
  };
}

std::vector<Setting> command_settings() {
  return {
      {"once", Shape::kSwitch, &Options::once, SettingScope::kServe, kNeedsRestart, "print the metrics once, then exit",
       "Prints the metrics once to standard output and exits."},
      {"check-config", Shape::kSwitch, &Options::check_config, SettingScope::kServe, kNeedsRestart,
       "check flags and file, then exit",
       "Checks the flags and the configuration file and exits: with 0 if they are valid, with 2 and a message if not."},

      {"json", Shape::kSwitch, &Options::list_json, SettingScope::kListAndOverhead, kNeedsRestart,
       "JSON instead of a table", "Prints JSON instead of a table."},
      {"watch", Shape::kSwitch, &Options::list_watch, SettingScope::kList, kNeedsRestart, "refresh until Ctrl-C",
       "Refreshes the table until interrupted."},
      {"all", Shape::kSwitch, &Options::list_all, SettingScope::kList, kNeedsRestart, "include idle and other cgroups",
       "Shows every cgroup, also idle ones and those that are neither container nor service."},
      {"sort", Shape::kChoice, &Options::list_sort, SettingScope::kList, kNeedsRestart,
       "cpu memory io network pids name", "Sorts the table by this column, largest first; `name` sorts from A to Z.", 0,
       0, "cpu, memory, io, network, pids, name"},
      {"group", Shape::kChoice, &Options::list_group, SettingScope::kList, kNeedsRestart,
       "none project service pod image slice",
       "Shows one line per group, with the sum of its members. Groups are the project (Compose) or stack (Swarm), the "
       "service in it, the pod, the image, the slice. Workloads outside such groups are left out.",
       0, 0, "none, project, service, pod, image, slice"},

      {"format", Shape::kChoice, &Options::metrics_format, SettingScope::kMetrics, kNeedsRestart,
       "table, markdown, json", "Format of the printed list of metrics.", 0, 0, "table, markdown, json"},
  };
}

std::vector<Setting> overhead_settings() {
  constexpr auto kScope = SettingScope::kOverhead;
  return {
      {"quick", Shape::kSwitch, &Options::overhead_quick, kScope, kNeedsRestart, "at most two minutes",
       "Short measurements, at most two minutes in total. They miss small differences."},
      {"full", Shape::kSwitch, &Options::overhead_full, kScope, kNeedsRestart, "longer, with real applications",
       "Longer measurements, 20 rounds, and nginx and PostgreSQL if they are installed."},
      {"workload", Shape::kText, &Options::overhead_workloads, kScope, kNeedsRestart,
       "only these, separated by commas (all)",
       "Only these workloads, separated by commas. All by default; nginx and postgresql only with `--full`."},
      {"mode", Shape::kText, &Options::overhead_modes, kScope, kNeedsRestart, "only these, separated by commas (all)",
       "Only these modes, separated by commas, and the baseline. By default all modes that can run on this host."},
      {"baseline", Shape::kText, &Options::overhead_baseline, kScope, kNeedsRestart, "mode to compare with",
       "The mode to compare all others with. It is measured twice, to find the noise."},
      {"rounds", Shape::kCount, &Options::overhead_rounds, kScope, kNeedsRestart,
       "number of rounds (10; 20 with --full)",
       "Number of times that everything is measured. 10 by default, 20 with `--full`.", 5, 1'000},
      {"duration", Shape::kDuration, &Options::overhead_duration, kScope, kNeedsRestart,
       "time of one measurement (100ms)",
       "Duration of one measurement. 100ms by default, 20ms with `--quick`, 200ms with `--full`.", 5, kHour},
      {"time-limit", Shape::kDuration, &Options::overhead_limit, kScope, kNeedsRestart,
       "how long to wait for a runtime", "A runtime that does not answer within this time is left out.", kSecond,
       kHour},
      {"seed", Shape::kCount, &Options::overhead_seed, kScope, kNeedsRestart, "seed for the order of rounds (random)",
       "Seed for the random order within the rounds. The report contains it. Random by default.", 1, 4'294'967'295},
      {"output", Shape::kFile, &Options::overhead_output, kScope, kNeedsRestart,
       "where to keep reports (state directory)",
       "Directory for the reports and for the temporary files of the run. By default `/var/lib/tallyman/overhead` for "
       "root, `~/.local/state/tallyman/overhead` for others."},
      {"docker.host", Shape::kText, &Options::docker_host, kScope, kNeedsRestart,
       "Docker daemon to measure (DOCKER_HOST)",
       "Docker daemon to measure, as for `docker -H`: `unix:///run/docker.sock`. By default `DOCKER_HOST`, or Docker's "
       "own default."},
      {"docker.options", Shape::kText, &Options::docker_options, kScope, kNeedsRestart,
       "add mode docker-options with these flags",
       "Adds the mode docker-options, a container with these flags of `docker run`: `--docker.options='--cpus 0.5'`."},
  };
}

std::vector<Setting> make_settings() {
  static std::deque<std::string> names;  // a deque: views of its elements stay valid
  std::vector<Setting> table = general_settings();
  const auto first_of_collectors = std::find_if(
      table.begin(), table.end(), [](const Setting& setting) { return setting.name.starts_with("collector."); });
  std::vector<Setting> switches;
  for (const Collector* collector : all_collectors()) {
    names.push_back("collector." + std::string(collector->name));
    switches.push_back({names.back(), Shape::kSwitch, CollectorSwitch{collector->name, collector->on_by_default},
                        SettingScope::kEverywhere, kAtRunTime, collector->summary, collector->summary});
  }
  table.insert(first_of_collectors, switches.begin(), switches.end());
  for (const std::vector<Setting>& of_commands : {command_settings(), overhead_settings()}) {
    table.insert(table.end(), of_commands.begin(), of_commands.end());
  }
  return table;
}

}  // namespace

bool belongs_to(SettingScope scope, Command command) {
  switch (scope) {
    case SettingScope::kEverywhere:
    case SettingScope::kFlagOnly:
      return true;
    case SettingScope::kServe:
      return command == Command::kServe;
    case SettingScope::kList:
      return command == Command::kList;
    case SettingScope::kMetrics:
      return command == Command::kMetrics;
    case SettingScope::kOverhead:
      return command == Command::kOverhead;
    case SettingScope::kListAndOverhead:
      return command == Command::kList || command == Command::kOverhead;
  }
  return false;
}

std::span<const Setting> settings() {
  static const std::vector<Setting> kTable = make_settings();
  return kTable;
}

const Setting* find_setting(std::string_view name) {
  const auto table = settings();
  const auto found = std::find_if(table.begin(), table.end(), [&](const Setting& s) { return s.name == name; });
  return found == table.end() ? nullptr : &*found;
}

namespace {

constexpr std::size_t kMaxNameLength = 100, kMaxShownLength = 100;

// The least number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  if (word.size() < 2 || word.size() > kMaxNameLength) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 4) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  if (!best.empty()) return best;
  // "listen-address" for "web.listen-address", but not "port" for "overhead.reports"
  const auto begins_a_part = [word](const std::string& candidate) {
    const std::size_t at = candidate.find(word);
    return at == 0 || (at != std::string::npos && (candidate[at - 1] == '.' || candidate[at - 1] == '-'));
  };
  const auto found = std::find_if(candidates.begin(), candidates.end(), begins_a_part);
  return word.size() >= 4 && found != candidates.end() ? *found : std::string();
}

std::string shown(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, kMaxShownLength)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  if (text.size() > kMaxShownLength) result += "...";
  return result;
}

}  // namespace tallyman
