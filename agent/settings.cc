#include "agent/settings.h"

#include "collectors/collector.h"

#include <algorithm>
#include <deque>

namespace tallyman {
namespace {

constexpr std::uint64_t kSecond = 1'000, kHour = 3'600 * kSecond;
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
       "The path under which the metrics are. Not `/`, nor one below `/-/` or `/api/`: those are taken."},
      {"web.max-connections", Shape::kCount, &Options::max_connections, kAll, kNeedsRestart, "more are closed at once",
       "Connections at one time. One more is closed at once and counted.", 1, 10'000},

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

      {"collector.cpu.percpu", Shape::kSwitch, &Options::cpu_per_cpu, kAll, kAtRunTime, "each CPU instead of the total",
       "CPU time of each CPU instead of the total, never both. cgroup v1 alone accounts it."},
      {"collector.network.ignored-interfaces", Shape::kPattern, &Options::ignored_interfaces, kAll, kAtRunTime,
       "interfaces of the host to leave out", "Interfaces to leave out. To leave out none: `^$`."},

      {"labels.container", Shape::kPattern, &Options::container_labels, kAll, kAtRunTime,
       "which container labels become series labels",
       "Which of a container's own labels become `container_label_*`. The default: those of Compose and Kubernetes. "
       "For "
       "all: `.`, for none: `^$`."},
      {"labels.workload", Shape::kSwitch, &Options::workload_labels, kAll, kAtRunTime,
       "leave off `kind` and `workload`", "The labels `kind` and `workload` on every series."},

      {"limit.workloads", Shape::kCount, &Options::max_workloads, kAll, kAtRunTime, "more are counted, not shown",
       "Workloads at one time. More of them are left out and counted.", 1, 1'000'000},
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

      {"json", Shape::kSwitch, &Options::list_json, Taker::kList, kNeedsRestart, "as JSON", "JSON instead of a table."},
      {"watch", Shape::kSwitch, &Options::list_watch, Taker::kList, kNeedsRestart, "again and again, until Ctrl-C",
       "Refreshes the table until it is interrupted."},
      {"all", Shape::kSwitch, &Options::list_all, Taker::kList, kNeedsRestart, "every cgroup, idle ones too",
       "Every cgroup, those that are neither container nor service and those that do nothing too."},
      {"sort", Shape::kChoice, &Options::list_sort, Taker::kList, kNeedsRestart, "cpu memory io network pids name",
       "What the table is sorted by, largest first; `name` from A to Z.", 0, 0, "cpu, memory, io, network, pids, name"},

      {"format", Shape::kChoice, &Options::metrics_format, Taker::kMetrics, kNeedsRestart, "table, markdown, json",
       "How the catalogue of metrics is printed.", 0, 0, "table, markdown, json"},
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
  const std::vector<Setting> of_commands = command_settings();
  table.insert(table.end(), of_commands.begin(), of_commands.end());
  return table;
}

}  // namespace

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

constexpr std::size_t kLongestName = 100, kLongestShown = 100;

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
  if (word.size() < 2 || word.size() > kLongestName) return {};
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
  // "listen-address" for "web.listen-address"
  for (const std::string& candidate : candidates) {
    if (word.size() >= 4 && candidate.find(word) != std::string::npos) return candidate;
  }
  return {};
}

std::string shown(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, kLongestShown)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  if (text.size() > kLongestShown) result += "...";
  return result;
}

}  // namespace tallyman
