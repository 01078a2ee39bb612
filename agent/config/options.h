// Everything a user can set. One table of settings defines the flags, the keys of
// the YAML file, --help and docs/configuration.md. Flags override the file.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/sampling/processes/process_grouping.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tallyman {

// kApiHelp has no name: it is `--help=api`.
enum class Command { kServe, kList, kMetrics, kOverhead, kHealth, kPrintVersion, kApiHelp };

// One struct a part: a part of the agent takes its own and not the whole.
struct Options {
  struct Web {
    std::string listen_address = "127.0.0.1:8255";  // --web.listen-address
    std::string telemetry_path = "/metrics";        // --web.telemetry-path
    unsigned max_connections = 512;                 // --web.max-connections
    unsigned max_streams = 64;                      // --web.max-streams
    std::string external_prefix;                    // --web.external-prefix: "/tallyman"; empty: none
    std::string allowed_hosts;                      // --web.allowed-hosts: names with commas
    bool cadvisor_api = false;                      // --web.cadvisor-api
  };

  struct Serve {
    bool once = false;          // --once: one exposition on stdout, then exit
    bool check_config = false;  // --check-config
  };

  // Where the runtimes keep their files, as the host names it; empty: detected.
  struct Runtimes {
    std::string docker_root;       // --docker.root
    std::string containerd_state;  // --containerd.state
    std::string containerd_root;   // --containerd.root
  };

  struct Sampling {
    std::chrono::milliseconds interval{1'000};        // --sampling.interval, 100ms to 1h
    std::chrono::milliseconds slow_interval{10'000};  // --sampling.slow-interval: limits, cpuset, hugetlb, numa
  };

  struct Collectors {
    std::map<std::string, bool> switches;  // --collector.NAME, --no-collector.NAME: only those that the user named
    bool cpu_per_cpu = false;              // --collector.cpu.percpu (v1): per-CPU series instead of the total
    std::string ignored_interfaces =
        "^(lo$|veth|docker|nerdctl|cali|lxc[0-9a-f])";  // --collector.network.ignored-interfaces
  };

  struct Filesystem {
    bool walk = true;                                 // --collector.filesystem.walk
    std::chrono::milliseconds walk_interval{60'000};  // --collector.filesystem.walk-interval
    unsigned entries_per_second = 5'000;              // --collector.filesystem.entries-per-second
  };

  struct Processes {
    bool bare = true;                 // --processes.bare: uncontained processes as workloads, in groups
    std::vector<ProcessRule> groups;  // --processes.groups; empty: by executable
    bool pss = false;                 // --processes.pss
    unsigned max_groups = 100;        // --limit.process-groups
  };

  struct Workloads {
    std::chrono::milliseconds ended_grace{120'000};  // --ended.grace
    unsigned max_events = 5'000;                     // --events.max
    unsigned max = 20'000;                           // --limit.workloads
    unsigned max_inside_container = 200;             // --limit.cgroups-per-container
    unsigned max_series_of_one_metric = 256;         // --limit.series-per-metric
  };

  // Expressions over a path ("/system.slice/a.mount"), or a kind and a path ("slice:/user.slice").
  struct Cgroups {
    std::string exclude, include;  // --cgroups.exclude, --cgroups.include; empty: none
  };

  struct History {
    std::uint64_t memory_bytes = std::uint64_t{64} << 20;  // --history.memory; 0: no history
    std::chrono::milliseconds fine{3'600'000};             // --history.fine: every sample
    std::chrono::milliseconds coarse{86'400'000};          // --history.coarse: every 15 s
  };

  struct Labels {
    std::string container =  // --labels.container
        "^(com\\.docker\\.compose\\.(project|service|container-number|project\\.working_dir)|"
        "com\\.docker\\.(stack\\.namespace|swarm\\.(node\\.id|(service|task)\\.(id|name)))|"
        "io\\.kubernetes\\..+|(org\\.label-schema|container)[._]group)$";
    std::string environment;     // --labels.environment; empty: none
    bool workload = true;        // --no-labels.workload
    unsigned max_bytes = 1'024;  // --limit.label-bytes
  };

  struct Log {
    std::string level = "info";   // --log.level: debug, info, warn, error
    std::string format = "auto";  // --log.format: auto (the journal under systemd, stderr otherwise), stderr, journal
  };

  struct List {
    bool json = false, watch = false, all = false;  // --json (of `overhead` too), --watch, --all
    std::string sort = "cpu";                       // --sort: cpu, memory, io, network, pids, name
    std::string group = "none";                     // --group: none, project, service, pod, image, slice
    std::string kind = "any";                       // --kind: any, container, service, ...
    std::string source = "auto";                    // --source: auto, agent, host
    std::vector<std::string> names;                 // parts of names and ids; empty: all workloads
    bool says_what_to_read = false;                 // a flag of the command line is about how the host is read
  };

  struct Overhead {
    std::vector<std::string> words;           // run; compare A B
    bool quick = false, full = false;         // --quick, --full
    std::string workloads, modes;             // --workload, --mode: names with commas; empty: all
    std::string baseline = "bare";            // --baseline: the mode that all others are compared with
    unsigned rounds = 0;                      // --rounds; 0: by --quick and --full
    std::chrono::milliseconds duration{0};    // --duration of one measurement; 0: by --quick and --full
    std::chrono::milliseconds limit{60'000};  // --time-limit of one answer of a runtime
    unsigned seed = 0;                        // --seed; 0: random
    std::string reports;                      // --overhead.reports, of serve; empty: the state directory
    std::string output;                       // --output; empty: the state directory
    std::string docker_host, docker_options;  // --docker.host, --docker.options
  };

  Command command = Command::kServe;
  std::vector<std::string> notes;  // on the command line, for the log at the start
  std::string config_file;         // --config.file
  HostRoot root;                   // --path.rootfs, --path.procfs, --path.sysfs, --path.cgroupfs
  Web web;
  Serve serve;
  Runtimes runtimes;
  Sampling sampling;
  Collectors collectors;
  Filesystem filesystem;
  Processes processes;
  Workloads workloads;
  Cgroups cgroups;
  History history;
  Labels labels;
  Log log;
  List list;
  Overhead overhead;
  std::string metrics_format = "table";  // --format of `metrics`: table, markdown, json
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
Result<Options, EarlyExit> parse_options(int argc, const char* const* argv);

// Names of the settings that differ and that a running agent cannot change
// ("web.listen-address"). It keeps the old value until it is restarted. These are
// web.*, history.*, log.format and events.max; all others change at once.
std::vector<std::string> settings_needing_restart(const Options& before, const Options& after);

// Every setting as "NAME: VALUE" lines of the configuration file.
std::map<std::string, std::string> effective_settings(const Options& options);

std::string version_text();  // "tallyman 0.1.0"

}  // namespace tallyman
