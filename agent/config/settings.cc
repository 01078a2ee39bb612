#include "agent/config/settings.h"

#include "collectors/model/collector.h"

#include <algorithm>
#include <deque>

namespace tallyman {
namespace {

constexpr std::uint64_t kSecond = 1'000, kHour = 3'600 * kSecond, kMegabyte = 1 << 20;
constexpr auto kAtRunTime = Change::kAtRunTime;
constexpr auto kNeedsRestart = Change::kNeedsRestart;

std::vector<Setting> general_settings() {
  constexpr auto kAll = Taker::kEverywhere;
  return {
      {"config.file", Shape::kFile, &Options::config_file, Taker::kFlagOnly, kNeedsRestart,
       "settings in YAML, same names",
       "A YAML file with the settings of this page. Flags win over it. None is read by default. At most 1 MiB."},

      {"web.listen-address", Shape::kAddress, &Options::listen_address, kAll, kNeedsRestart, "where to listen",
       "Where the HTTP server listens. `:8255` is every address of the host, `[::1]:8255` an IPv6 one, port 0 any free "
       "port. The default is for this host alone: there is no password."},
      {"web.telemetry-path", Shape::kUrlPath, &Options::telemetry_path, kAll, kNeedsRestart, "path of the metrics",
       "The path under which the metrics are. Not `/`, nor one below `/-/`, `/api/` or `/assets/`: those are taken."},
      {"web.max-connections", Shape::kCount, &Options::max_connections, kAll, kNeedsRestart, "more are closed at once",
       "Connections at one time. One more is closed at once and counted.", 1, 10'000},
      {"web.max-streams", Shape::kCount, &Options::max_streams, kAll, kNeedsRestart, "open dashboards, live events",
       "Connections that may send live events at one time: each open dashboard is one. One more is answered 503 and "
       "counted. At most half of `web.max-connections` at any rate.",
       1, 5'000},

      {"web.external-prefix",
       Shape::kUrlPath,
       &Options::external_prefix,
       kAll,
       kNeedsRestart,
       "behind a reverse proxy",
       "What a reverse proxy leaves in front of every path: with `/tallyman` the dashboard is at `/tallyman/`. Not "
       "needed where the proxy takes it off, since all links of the pages are relative.",
       0,
       0,
       {},
       "none"},

      {"path.rootfs", Shape::kDirectory, &HostRoot::rootfs, kAll, kAtRunTime, "the host's /",
       "Where the host's `/` is: `/host` in a container that has it mounted there."},
      {"path.procfs",
       Shape::kDirectory,
       &HostRoot::procfs,
       kAll,
       kAtRunTime,
       "the host's /proc",
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
       "the host's /sys",
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
       "cgroups",
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
       "containerd's state directory",
       "containerd's state directory, as the host names it: `/run/containerd` on most. Only files are read, no socket.",
       0,
       0,
       {},
       "found out"},
      {"docker.root",
       Shape::kHostPath,
       &Options::docker_root,
       kAll,
       kAtRunTime,
       "Docker's data directory",
       "Docker's data directory, as the host names it: `/var/lib/docker` on most. Only files are read, no socket.",
       0,
       0,
       {},
       "found out"},

      {"sampling.interval", Shape::kDuration, &Options::sampling_interval, kAll, kAtRunTime, "how often to sample",
       "How often the host is sampled.", 100, kHour},
      {"sampling.slow-interval", Shape::kDuration, &Options::slow_sampling_interval, kAll, kAtRunTime,
       "limits, cpuset, hugetlb, NUMA",
       "How often to read what seldom changes: limits, cpuset, hugetlb, NUMA. At least `sampling.interval`, and "
       "follows it "
       "where it is not set itself.",
       100, 24 * kHour},

      {"history.memory", Shape::kSize, &Options::history_memory_bytes, kAll, kNeedsRestart, "for the past; 0: none",
       "Memory for the recent past of every workload (`/api/v1/series`, the dashboard's charts), which ends with the "
       "agent. When it is full the oldest samples go, those by the second first. 0 turns it off.",
       kMegabyte, 65'536 * kMegabyte},
      {"history.fine", Shape::kDuration, &Options::history_fine, kAll, kNeedsRestart, "kept of every sample",
       "For how long every sample is kept.", 60 * kSecond, 168 * kHour},
      {"history.coarse", Shape::kDuration, &Options::history_coarse, kAll, kNeedsRestart, "kept of every 15 s",
       "For how long one sample in 15 s is kept: counters as they were, of memory and threads the mean.", 60 * kSecond,
       31 * 24 * kHour},

      {"collector.cpu.percpu", Shape::kSwitch, &Options::cpu_per_cpu, kAll, kAtRunTime, "each CPU instead of the total",
       "CPU time of each CPU instead of the total, never both. cgroup v1 alone accounts it."},
      {"collector.filesystem.walk", Shape::kSwitch, &Options::filesystem_walk, kAll, kAtRunTime,
       "only quotas, walk through no directory",
       "Layers and volumes without a project quota are measured by walking through them, in the background and with at "
       "most 1 % of a CPU. Without it they have no series."},
      {"collector.filesystem.walk-interval", Shape::kDuration, &Options::filesystem_walk_interval, kAll, kAtRunTime,
       "between two walks of one layer",
       "From the end of one walk of a layer or volume to the next. Longer by itself for one that costs more: 200 times "
       "the CPU time of its walk.",
       1'000, 24 * kHour},
      {"collector.filesystem.entries-per-second", Shape::kCount, &Options::filesystem_entries_per_second, kAll,
       kAtRunTime, "of all walks together", "Files and directories that are looked at in a second, all walks together.",
       10, 1'000'000},
      {"collector.network.ignored-interfaces", Shape::kPattern, &Options::ignored_interfaces, kAll, kAtRunTime,
       "interfaces of the host to leave out", "Interfaces to leave out. To leave out none: `^$`."},

      {"processes.bare", Shape::kSwitch, &Options::bare_processes, kAll, kAtRunTime, "no workloads of bare processes",
       "Processes in no container and no service are workloads of kind `process`, in groups: docs/processes.md."},
      {"processes.groups",
       Shape::kRules,
       &Options::process_groups,
       kAll,
       kAtRunTime,
       "else by executable",
       "Which groups: a list of `name` and at least one of `executable`, `command`, `user` and `cgroup`, which are "
       "patterns. The first that matches in all of its patterns is a process's group; without one it is its "
       "executable's name.",
       0,
       0,
       {},
       "by executable"},
      {"processes.pss", Shape::kSwitch, &Options::process_pss, kAll, kAtRunTime, "memory shares of bare processes",
       "The proportional set size of bare processes, once a minute. Reading it holds a process up for about 15 ms a "
       "GiB, and is not done where more than 512 MiB are resident."},

      {"labels.container", Shape::kPattern, &Options::container_labels, kAll, kAtRunTime,
       "which container labels become series labels",
       "Which of a container's own labels become `container_label_*`. The default: those of Compose, Swarm and "
       "Kubernetes. "
       "For "
       "all: `.`, for none: `^$`."},
      {"labels.workload", Shape::kSwitch, &Options::workload_labels, kAll, kAtRunTime,
       "leave off `kind` and `workload`", "The labels `kind` and `workload` on every series."},

      {"ended.grace", Shape::kDuration, &Options::ended_grace, kAll, kAtRunTime, "how long ended containers are shown",
       "How long a container that has ended is still shown, as ended: its counters and `container_last_seen`, no "
       "gauges.",
       100, kHour},
      {"overhead.reports", Shape::kFile, &Options::overhead_reports, kAll, kNeedsRestart, "reports that are shown",
       "Where `tallyman overhead run` keeps its reports, for the dashboard, `/api/v1/overhead` and "
       "`tallyman_overhead_*`. `/var/lib/tallyman/overhead` for root, `~/.local/state/tallyman/overhead` for others."},
      {"events.max", Shape::kCount, &Options::max_events, kAll, kNeedsRestart, "events kept in memory",
       "How many events are kept in memory for `/api/v1/events`. Older ones are dropped and counted.", 1, 1'000'000},

      {"limit.workloads", Shape::kCount, &Options::max_workloads, kAll, kAtRunTime, "more are counted, not shown",
       "Workloads at one time. More of them are left out and counted.", 1, 1'000'000},
      {"limit.process-groups", Shape::kCount, &Options::max_process_groups, kAll, kAtRunTime, "more are one: [other]",
       "Groups of bare processes at one time. Processes of more of them are in `[other]`.", 1, 10'000},
      {"limit.label-bytes", Shape::kCount, &Options::max_label_bytes, kAll, kAtRunTime, "longer label values are cut",
       "Bytes of a label's value. The rest is cut off.", 16, 65'536},

      {"log.level", Shape::kChoice, &Options::log_level, kAll, kAtRunTime, "debug, info, warn, error",
       "The least serious line that is logged.", 0, 0, "debug, info, warn, error"},
      {"log.format", Shape::kChoice, &Options::log_format, kAll, kNeedsRestart, "auto, stderr, journal",
       "Where the log goes. `auto` is the systemd journal, with levels, when standard error is connected to it, else "
       "standard error.",
       0, 0, "auto, stderr, journal"},
  };
}

std::vector<Setting> command_settings() {
  return {
      {"once", Shape::kSwitch, &Options::once, Taker::kServe, kNeedsRestart, "print the metrics once, then end",
       "Prints one exposition to standard output and ends."},
      {"check-config", Shape::kSwitch, &Options::check_config, Taker::kServe, kNeedsRestart,
       "check flags and file, then end",
       "Checks the flags and the configuration file and ends: 0 if all is well, 2 with a message if not."},

      {"json", Shape::kSwitch, &Options::list_json, Taker::kListAndOverhead, kNeedsRestart, "as JSON",
       "JSON instead of a table."},
      {"watch", Shape::kSwitch, &Options::list_watch, Taker::kList, kNeedsRestart, "again and again, until Ctrl-C",
       "Refreshes the table until it is interrupted."},
      {"all", Shape::kSwitch, &Options::list_all, Taker::kList, kNeedsRestart, "every cgroup, idle ones too",
       "Every cgroup, those that are neither container nor service and those that do nothing too."},
      {"sort", Shape::kChoice, &Options::list_sort, Taker::kList, kNeedsRestart, "cpu memory io network pids name",
       "What the table is sorted by, largest first; `name` from A to Z.", 0, 0, "cpu, memory, io, network, pids, name"},
      {"group", Shape::kChoice, &Options::list_group, Taker::kList, kNeedsRestart,
       "none project service pod image slice",
       "One line a group, with the sum of its members: the project (Compose) or stack (Swarm), the service in it, the "
       "pod, the image, the slice. What is in no such group is left out.",
       0, 0, "none, project, service, pod, image, slice"},

      {"format", Shape::kChoice, &Options::metrics_format, Taker::kMetrics, kNeedsRestart, "table, markdown, json",
       "How the catalogue of metrics is printed.", 0, 0, "table, markdown, json"},
  };
}

std::vector<Setting> overhead_settings() {
  constexpr auto kTaker = Taker::kOverhead;
  return {
      {"quick", Shape::kSwitch, &Options::overhead_quick, kTaker, kNeedsRestart, "at most two minutes",
       "Short measurements, at most two minutes in all; small differences are not seen."},
      {"full", Shape::kSwitch, &Options::overhead_full, kTaker, kNeedsRestart, "longer, with real applications",
       "Longer measurements, 20 rounds, and nginx and PostgreSQL where they are installed."},
      {"workload", Shape::kText, &Options::overhead_workloads, kTaker, kNeedsRestart, "these alone, with commas",
       "Only these workloads, separated by commas. All by default; nginx and postgresql with `--full` alone."},
      {"mode", Shape::kText, &Options::overhead_modes, kTaker, kNeedsRestart, "these alone, with commas",
       "Only these modes, separated by commas, and the baseline. All that can run here by default."},
      {"baseline", Shape::kText, &Options::overhead_baseline, kTaker, kNeedsRestart, "compared with",
       "The mode that all others are compared with, and that is measured a second time for the noise."},
      {"rounds", Shape::kCount, &Options::overhead_rounds, kTaker, kNeedsRestart, "10, with --full 20",
       "How often everything is measured. 10 by default, 20 with `--full`.", 5, 1'000},
      {"duration", Shape::kDuration, &Options::overhead_duration, kTaker, kNeedsRestart, "of one measurement",
       "How long one measurement takes. 100ms by default, 20ms with `--quick`, 200ms with `--full`.", 5, kHour},
      {"time-limit", Shape::kDuration, &Options::overhead_limit, kTaker, kNeedsRestart, "for a runtime to answer",
       "A runtime that does not answer for so long is left out.", kSecond, kHour},
      {"seed", Shape::kCount, &Options::overhead_seed, kTaker, kNeedsRestart, "the order of the rounds",
       "From which the order of the rounds is drawn; the report has it. Any by default.", 1, 4'294'967'295},
      {"output", Shape::kFile, &Options::overhead_output, kTaker, kNeedsRestart, "where the reports are kept",
       "Where the reports are kept, and what the run makes meanwhile. `/var/lib/tallyman/overhead` for root, "
       "`~/.local/state/tallyman/overhead` for others."},
      {"docker.host", Shape::kText, &Options::docker_host, kTaker, kNeedsRestart, "which Docker daemon",
       "Which Docker daemon is measured: `unix:///run/docker.sock`. As `docker -H`; `DOCKER_HOST` and Docker's own "
       "default otherwise."},
      {"docker.options", Shape::kText, &Options::docker_options, kTaker, kNeedsRestart, "adds mode docker-options",
       "Adds the mode docker-options, a container with these flags of `docker run`: `--docker.options='--cpus 0.5'`."},
  };
}

std::vector<Setting> make_settings() {
  static std::deque<std::string> names;  // a deque: the views into it stay good
  std::vector<Setting> table = general_settings();
  const auto first_of_collectors = std::find_if(
      table.begin(), table.end(), [](const Setting& setting) { return setting.name.starts_with("collector."); });
  std::vector<Setting> switches;
  for (const Collector* collector : all_collectors()) {
    names.push_back("collector." + std::string(collector->name));
    switches.push_back({names.back(), Shape::kSwitch, CollectorSwitch{collector->name, collector->on_by_default},
                        Taker::kEverywhere, kAtRunTime, collector->summary, collector->summary});
  }
  table.insert(first_of_collectors, switches.begin(), switches.end());
  for (const std::vector<Setting>& of_commands : {command_settings(), overhead_settings()}) {
    table.insert(table.end(), of_commands.begin(), of_commands.end());
  }
  return table;
}

}  // namespace

bool takes(Taker subscriber, Command command) {
  switch (subscriber) {
    case Taker::kEverywhere:
    case Taker::kFlagOnly:
      return true;
    case Taker::kServe:
      return command == Command::kServe;
    case Taker::kList:
      return command == Command::kList;
    case Taker::kMetrics:
      return command == Command::kMetrics;
    case Taker::kOverhead:
      return command == Command::kOverhead;
    case Taker::kListAndOverhead:
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

// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other.
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
