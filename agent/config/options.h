// Everything a user can set. One table of settings defines the flags, the keys of
// the YAML file, --help and docs/configuration.md. Flags override the file.
#pragma once

#include "collectors/kernel/system/host_root.h"
#include "collectors/sampling/processes/process_grouping.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace tallyman {

// kApiHelp has no name: it is `--help=api`.
enum class Command { kServe, kList, kMetrics, kOverhead, kVersion, kApiHelp };

struct Options {
  Command command = Command::kServe;

  // serve
  std::string listen_address = "127.0.0.1:8255";  // --web.listen-address
  std::string telemetry_path = "/metrics";        // --web.telemetry-path
  unsigned max_connections = 512;                 // --web.max-connections
  unsigned max_streams = 64;                      // --web.max-streams
  std::string external_prefix;                    // --web.external-prefix: "/tallyman"; empty: none
  bool once = false;                              // --once: one exposition on stdout, then exit
  bool check_config = false;                      // --check-config

  // where the host is
  HostRoot root;                 // --path.rootfs, --path.procfs, --path.sysfs, --path.cgroupfs
  std::string docker_root;       // --docker.root; empty: detected
  std::string containerd_state;  // --containerd.state; empty: detected

  // what is read
  std::chrono::milliseconds sampling_interval{1'000};        // --sampling.interval, 100ms to 1h
  std::chrono::milliseconds slow_sampling_interval{10'000};  // --sampling.slow-interval: limits, cpuset, hugetlb, numa
  std::map<std::string, bool> collectors;  // --collector.NAME, --no-collector.NAME: only those that the user named
  bool cpu_per_cpu = false;                // --collector.cpu.percpu (v1): per-CPU series instead of the total
  std::string ignored_interfaces =
      "^(lo$|veth|docker|nerdctl|cali|lxc[0-9a-f])";           // --collector.network.ignored-interfaces
  bool filesystem_walk = true;                                 // --collector.filesystem.walk
  std::chrono::milliseconds filesystem_walk_interval{60'000};  // --collector.filesystem.walk-interval
  unsigned filesystem_entries_per_second = 5'000;              // --collector.filesystem.entries-per-second
  bool bare_processes = true;                      // --processes.bare: uncontained processes as workloads, in groups
  std::vector<ProcessRule> process_groups;         // --processes.groups; empty: by executable
  bool process_pss = false;                        // --processes.pss
  unsigned max_process_groups = 100;               // --limit.process-groups
  std::chrono::milliseconds ended_grace{120'000};  // --ended.grace
  unsigned max_events = 5'000;                     // --events.max
  unsigned max_workloads = 20'000;                 // --limit.workloads
  unsigned max_label_bytes = 1'024;                // --limit.label-bytes

  // what is remembered
  std::uint64_t history_memory_bytes = std::uint64_t{64} << 20;  // --history.memory; 0: no history
  std::chrono::milliseconds history_fine{3'600'000};             // --history.fine: every sample
  std::chrono::milliseconds history_coarse{86'400'000};          // --history.coarse: every 15 s

  // how series are labelled
  std::string container_labels =  // --labels.container
      "^(com\\.docker\\.compose\\.(project|service|container-number|project\\.working_dir)|"
      "com\\.docker\\.(stack\\.namespace|swarm\\.service\\.name)|io\\.kubernetes\\..+|org\\.label-schema\\.group)$";
  bool workload_labels = true;  // --no-labels.workload

  // log
  std::string log_level = "info";   // --log.level: debug, info, warn, error
  std::string log_format = "auto";  // --log.format: auto (the journal under systemd, stderr otherwise), stderr, journal
  std::string config_file;          // --config.file

  // ls
  bool list_json = false, list_watch = false, list_all = false;  // --json, --watch, --all
  std::string list_sort = "cpu";                                 // --sort: cpu, memory, io, network, pids, name
  std::string list_group = "none";                               // --group: none, project, service, pod, image, slice
  // overhead (list_json is its --json too)
  std::vector<std::string> overhead_words;             // run; compare A B
  bool overhead_quick = false, overhead_full = false;  // --quick, --full
  std::string overhead_workloads, overhead_modes;      // --workload, --mode: names with commas; empty: all
  std::string overhead_baseline = "bare";              // --baseline: the mode that all others are compared with
  unsigned overhead_rounds = 0;                        // --rounds; 0: by --quick and --full
  std::chrono::milliseconds overhead_duration{0};      // --duration of one measurement; 0: by --quick and --full
  std::chrono::milliseconds overhead_limit{60'000};    // --time-limit of one answer of a runtime
  unsigned overhead_seed = 0;                          // --seed; 0: random
  std::string overhead_reports;                        // --overhead.reports, of serve; empty: as overhead_output
  std::string overhead_output;                         // --output; empty: the state directory
  std::string docker_host, docker_options;             // --docker.host, --docker.options
  // metrics
  std::string metrics_format = "table";  // --format: table, markdown, json
};

// The result of parsing: options, or a text to print and an exit code. --help and
// --version give 0. An unknown flag or key and a bad value give 2 and a line that
// names the flag, or the file and line, and explains what to do.
struct EarlyExit {
  int code = 0;
  std::string text;  // for stdout when code is 0, else for stderr
};

// Flags may come before or after the sub-command; the last of a kind wins. Reads
// the configuration file and checks that the directories exist. A reload calls it
// again with the same arguments. Thread-safe.
std::variant<Options, EarlyExit> parse_options(int argc, const char* const* argv);

// Names of the settings that differ and that a running agent cannot change
// ("web.listen-address"). It keeps the old value until it is restarted. These are
// web.*, history.*, log.format and events.max; all others change at once.
std::vector<std::string> settings_needing_restart(const Options& before, const Options& after);

// Every setting as "NAME: VALUE" lines of the configuration file.
std::map<std::string, std::string> effective_settings(const Options& options);

std::string version_text();            // "tallyman 0.1.0"
std::string help_text();               // at most 70 lines of 80 columns
std::string overhead_help_text();      // `tallyman overhead --help`, the same size
std::string configuration_markdown();  // docs/configuration.md; `tallyman --help=markdown` prints it

}  // namespace tallyman
