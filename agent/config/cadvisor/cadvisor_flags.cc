#include "agent/config/cadvisor/cadvisor_flags.h"

#include <algorithm>
#include <array>

namespace tallyman {
namespace {

constexpr auto kBool = GoType::kBool;
constexpr auto kInt = GoType::kInt;
constexpr auto kUint = GoType::kUint;
constexpr auto kFloat = GoType::kFloat;
constexpr auto kDuration = GoType::kDuration;
constexpr auto kText = GoType::kText;
constexpr auto kTranslated = CadvisorFate::kTranslated;
constexpr auto kRefused = CadvisorFate::kRefused;

constexpr std::string_view kLogLines = "the log goes to standard error or to the systemd journal, in its own form";
constexpr std::string_view kFixedInterval = "all cgroups are sampled together, at a fixed interval";
constexpr std::string_view kNoSocket = "the runtimes' files are read, no socket";
constexpr std::string_view kOtherStorage = "it belongs to --storage_driver, which is not needed";
constexpr std::string_view kNoPasswords =
    "the agent has no passwords: put a reverse proxy that asks for them before it, and let it listen on 127.0.0.1 "
    "alone";
constexpr std::string_view kNoApplicationMetrics =
    "the agent collects no metrics of applications: let Prometheus scrape them";

// A row of a flag that is not needed.
constexpr CadvisorFlag not_needed(std::string_view name, GoType type, std::string_view standard,
                                  std::string_view reason) {
  return {name, type, standard, CadvisorFate::kNotNeeded, reason};
}
constexpr CadvisorFlag storage(std::string_view name, std::string_view standard, GoType type = kText) {
  return not_needed(name, type, standard, kOtherStorage);
}
constexpr CadvisorFlag log_flag(std::string_view name, GoType type, std::string_view standard) {
  return not_needed(name, type, standard, kLogLines);
}

constexpr std::array kFlags = {
    log_flag("add_dir_header", kBool, "false"),
    not_needed("allow_dynamic_housekeeping", kBool, "true", kFixedInterval),
    log_flag("alsologtostderr", kBool, "false"),
    not_needed("application_metrics_count_limit", kInt, "100", kNoApplicationMetrics),
    not_needed("boot_id_file", kText, "/proc/sys/kernel/random/boot_id", "it is read where the host's /proc is"),
    storage("bq_account", ""),
    storage("bq_credentials_file", ""),
    storage("bq_id", ""),
    storage("bq_project_id", ""),
    storage("bq_secret", "notasecret"),
    CadvisorFlag{"collector_cert", kText, "", kRefused, kNoApplicationMetrics},
    CadvisorFlag{"collector_key", kText, "", kRefused, kNoApplicationMetrics},
    not_needed("container_hints", kText, "/etc/cadvisor/container_hints.json",
               "containers of LXC, and the namespaces of their networks, are found without hints"),
    not_needed("containerd", kText, "/run/containerd/containerd.sock", kNoSocket),
    not_needed("containerd-namespace", kText, "k8s.io", "the containers of every namespace are found"),
    CadvisorFlag{"containerd_env_metadata_whitelist", kText, "", kTranslated, "as --env_metadata_whitelist", "APP_"},
    not_needed("crio_client_timeout", kDuration, "0s", kNoSocket),
    CadvisorFlag{
        "disable_metrics", kText,
        "advtcp,cpu_topology,cpuset,hugetlb,memory_numa,process,referenced_memory,resctrl,sched,tcp,udp", kTranslated,
        "all other sets are on, as in cAdvisor; without this flag and --enable_metrics the agent's own default "
        "stays",
        "disk,tcp,udp"},
    not_needed("disable_root_cgroup_stats", kBool, "false", "the host's own series, of id \"/\", always stay"),
    not_needed("docker", kText, "unix:///var/run/docker.sock", kNoSocket),
    not_needed("docker-tls", kBool, "false", kNoSocket),
    not_needed("docker-tls-ca", kText, "ca.pem", kNoSocket),
    not_needed("docker-tls-cert", kText, "cert.pem", kNoSocket),
    not_needed("docker-tls-key", kText, "key.pem", kNoSocket),
    CadvisorFlag{"docker_env_metadata_whitelist", kText, "", kTranslated, "as --env_metadata_whitelist", "APP_"},
    CadvisorFlag{"docker_only", kBool, "false", kTranslated, "containers of every runtime stay", "true"},
    CadvisorFlag{"docker_root", kText, "/var/lib/docker", kTranslated, "found by itself where it is the default",
                 "/data/docker"},
    CadvisorFlag{"enable_load_reader", kBool, "false", kTranslated, "", "true"},
    CadvisorFlag{"enable_metrics", kText, "", kTranslated, "all other sets are off, as in cAdvisor", "cpu,memory"},
    CadvisorFlag{"env_metadata_whitelist", kText, "", kTranslated, "", "APP_,TEAM"},
    not_needed("event_storage_age_limit", kText, "default=24h", "events are kept by number, not by age"),
    CadvisorFlag{"event_storage_event_limit", kText, "default=100000", kTranslated,
                 "all kinds of events share one limit, at least 1", "default=1000"},
    not_needed("global_housekeeping_interval", kDuration, "1m0s", "new cgroups are seen at once"),
    CadvisorFlag{"housekeeping_interval", kDuration, "1s", kTranslated, kFixedInterval, "10s"},
    CadvisorFlag{"http_auth_file", kText, "", kRefused, kNoPasswords},
    not_needed("http_auth_realm", kText, "localhost", kNoPasswords),
    CadvisorFlag{"http_digest_file", kText, "", kRefused, kNoPasswords},
    not_needed("http_digest_realm", kText, "localhost", kNoPasswords),
    not_needed("initial_splay_factor", kFloat, "1", kFixedInterval),
    not_needed("jitter_factor", kFloat, "1", kFixedInterval),
    CadvisorFlag{"listen_ip", kText, "", kTranslated, "", "127.0.0.1"},
    log_flag("log_backtrace_at", kText, ":0"),
    not_needed("log_cadvisor_usage", kBool, "false", "the agent's own use is in process_* and tallyman_*"),
    log_flag("log_dir", kText, ""),
    log_flag("log_file", kText, ""),
    log_flag("log_file_max_size", kUint, "1800"),
    log_flag("logtostderr", kBool, "true"),
    not_needed("machine_id_file", kText, "/etc/machine-id,/var/lib/dbus/machine-id",
               "it is read where the host's /etc is"),
    not_needed("max_housekeeping_interval", kDuration, "1m0s", kFixedInterval),
    not_needed("max_procs", kInt, "0", "the agent keeps far less than one CPU busy"),
    log_flag("one_output", kBool, "false"),
    CadvisorFlag{"perf_events_config", kText, "", kRefused,
                 "the agent reads no hardware counters: perf stat --for-each-cgroup does"},
    not_needed("podman", kText, "unix:///var/run/podman/podman.sock", kNoSocket),
    CadvisorFlag{"port", kInt, "8080", kTranslated, "", "9090"},
    not_needed("profiling", kBool, "false", "there is no Go runtime to profile"),
    CadvisorFlag{"prometheus_endpoint", kText, "/metrics", kTranslated, "", "/prometheus"},
    CadvisorFlag{"raw_cgroup_prefix_whitelist", kText, "", kTranslated, "", "/user.slice,/mine"},
    CadvisorFlag{"referenced_reset_interval", kUint, "0", kRefused,
                 "the agent does not clear the kernel's record of used pages: container_memory_working_set_bytes "
                 "tells which memory is in use"},
    CadvisorFlag{"resctrl_interval", kDuration, "0s", kRefused,
                 "the agent makes no resctrl groups: pqos (intel-cmt-cat) does"},
    log_flag("skip_headers", kBool, "false"),
    log_flag("skip_log_headers", kBool, "false"),
    log_flag("stderrthreshold", kText, "2"),
    not_needed("storage_driver", kText, "",
               "the agent pushes nothing: let Prometheus, or any collector that reads its format, scrape it and write "
               "to the storage"),
    storage("storage_driver_buffer_duration", "1m0s", kDuration),
    storage("storage_driver_db", "cadvisor"),
    storage("storage_driver_es_enable_sniffer", "false", kBool),
    storage("storage_driver_es_host", "http://localhost:9200"),
    storage("storage_driver_es_index", "cadvisor"),
    storage("storage_driver_es_type", "stats"),
    storage("storage_driver_host", "localhost:8086"),
    storage("storage_driver_influxdb_retention_policy", ""),
    storage("storage_driver_kafka_broker_list", "localhost:9092"),
    storage("storage_driver_kafka_ssl_ca", ""),
    storage("storage_driver_kafka_ssl_cert", ""),
    storage("storage_driver_kafka_ssl_key", ""),
    storage("storage_driver_kafka_ssl_verify", "true", kBool),
    storage("storage_driver_kafka_topic", "stats"),
    storage("storage_driver_password", "root"),
    storage("storage_driver_secure", "false", kBool),
    storage("storage_driver_table", "stats"),
    storage("storage_driver_user", "root"),
    CadvisorFlag{"storage_duration", kDuration, "2m0s", kTranslated,
                 "every sample is kept for an hour, or for longer if this says so", "4h"},
    CadvisorFlag{"store_container_labels", kBool, "true", kTranslated, "labels may hold passwords", "false"},
    not_needed("update_machine_info_interval", kDuration, "5m0s", "facts of the machine are read again by themselves"),
    CadvisorFlag{"url_base_prefix", kText, "", kTranslated, "", "/cadvisor"},
    CadvisorFlag{"v", kInt, "2", kTranslated, "4 or more is the level debug", "4"},
    log_flag("vmodule", kText, ""),
    CadvisorFlag{"whitelisted_container_labels", kText, "", kTranslated, "", "app,team",
                 "--store_container_labels=false"},
};
static_assert(std::is_sorted(kFlags.begin(), kFlags.end(),
                             [](const CadvisorFlag& a, const CadvisorFlag& b) { return a.name < b.name; }));

constexpr std::string_view kHardware = "facts and counters of the hardware";

constexpr std::array kMetricSets = {
    CadvisorMetricSet{"accelerator", true, "", "cAdvisor itself no longer has it"},
    CadvisorMetricSet{"advtcp", false, "advtcp"},
    CadvisorMetricSet{"app", true, "", kNoApplicationMetrics},
    CadvisorMetricSet{"cpu", true, "cpu"},
    CadvisorMetricSet{"cpuLoad", true, "tasks"},
    CadvisorMetricSet{"cpu_topology", false, "", kHardware},
    CadvisorMetricSet{"cpuset", false, "cpuset"},
    CadvisorMetricSet{"disk", true, "filesystem"},
    CadvisorMetricSet{"diskIO", true, "io"},
    CadvisorMetricSet{"hugetlb", false, "hugetlb"},
    CadvisorMetricSet{"memory", true, "memory"},
    CadvisorMetricSet{"memory_numa", false, "numa"},
    CadvisorMetricSet{"network", true, "network"},
    CadvisorMetricSet{"oom_event", true, "oom"},
    CadvisorMetricSet{"percpu", true, "cpu.percpu"},
    CadvisorMetricSet{"perf_event", true, "", kHardware},
    CadvisorMetricSet{"pressure", true, "pressure"},
    CadvisorMetricSet{"process", false, "process,pids"},
    CadvisorMetricSet{"referenced_memory", false, "", "the kernel's record of used pages would be cleared"},
    CadvisorMetricSet{"resctrl", false, "", kHardware},
    CadvisorMetricSet{"sched", false, "sched"},
    CadvisorMetricSet{"tcp", false, "tcp"},
    CadvisorMetricSet{"udp", false, "udp"},
};

}  // namespace

std::span<const CadvisorFlag> cadvisor_flags() { return kFlags; }

const CadvisorFlag* find_cadvisor_flag(std::string_view name) {
  const auto* found =
      std::lower_bound(kFlags.begin(), kFlags.end(), name,
                       [](const CadvisorFlag& flag, std::string_view wanted) { return flag.name < wanted; });
  return found != kFlags.end() && found->name == name ? found : nullptr;
}

std::span<const CadvisorMetricSet> cadvisor_metric_sets() { return kMetricSets; }

}  // namespace tallyman
