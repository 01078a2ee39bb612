#include "agent/config/cadvisor/cadvisor_call.h"

#include "agent/config/cadvisor/cadvisor_flags.h"
#include "agent/config/cadvisor/go_flags.h"
#include "agent/config/nearest.h"
#include "collectors/kernel/system/text.h"
#include "collectors/model/collector.h"
#include "collectors/model/collector_table.h"

#include <algorithm>
#include <array>
#include <map>

namespace tallyman {
namespace {

constexpr std::string_view kProgram = "cadvisor";
constexpr std::string_view kVerbosity = "v";  // whoever writes -v alone may mean the version
constexpr std::array<std::string_view, 3> kOfEveryProgram = {"h", "help", "version"};

bool is_cadvisors_name(std::string_view word) {
  return !word.starts_with('-') && word.substr(word.rfind('/') + 1) == kProgram;
}

bool is_of_every_program(std::string_view name) {
  return std::find(kOfEveryProgram.begin(), kOfEveryProgram.end(), name) != kOfEveryProgram.end();
}

Result<GoType, InputError> flag_type(std::string_view name) {
  if (is_of_every_program(name)) return GoType::kBool;
  if (const CadvisorFlag* flag = find_cadvisor_flag(name)) return flag->type;
  std::vector<std::string> names;
  for (const CadvisorFlag& flag : cadvisor_flags()) names.emplace_back(flag.name);
  const std::string meant = nearest(name, names);
  return InputError{"cAdvisor has no flag --" + shown(name) +
                    (meant.empty() ? std::string() : "; did you mean --" + meant + "?")};
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = text.find(',');
    parts.emplace_back(trimmed(text.substr(0, comma)));
    if (comma == text.npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string> split_without_empty(std::string_view text) {
  std::vector<std::string> parts = split(text);
  std::erase(parts, "");
  return parts;
}

// An expression that matches these texts alone, of RE2: "a\.b|c".
std::string one_of(const std::vector<std::string>& texts) {
  std::string expression;
  for (const std::string& text : texts) {
    if (!expression.empty()) expression += '|';
    for (const char c : text) {
      if (std::string_view("\\.+*?()[]{}|^$").find(c) != std::string_view::npos) expression += '\\';
      expression += c;
    }
  }
  return expression;
}

InputError fault(const GoFlag& flag, const std::string& text) { return {shown(flag.written) + ": " + text}; }

// What the flags say together.
class Translation {
 public:
  Translation(std::map<std::string, GoFlag> given, CadvisorHost host) : given_(std::move(given)), host_(host) {}

  Result<CadvisorCall, InputError> make() {
    for (const auto part : {&Translation::refuse, &Translation::check_storage_drivers, &Translation::web,
                            &Translation::sampling, &Translation::events, &Translation::metric_sets}) {
      if (const auto done = (this->*part)(); !done) return done.error();
    }
    host_and_runtimes();
    cgroups();
    labels();
    log();
    note();
    return std::move(call_);
  }

 private:
  using Done = Result<void, InputError>;

  // Null: not given.
  const GoFlag* given(std::string_view name) const {
    const auto found = given_.find(std::string(name));
    return found == given_.end() ? nullptr : &found->second;
  }
  std::string value(std::string_view name) const {
    const GoFlag* flag = given(name);
    return flag != nullptr ? flag->value : std::string(find_cadvisor_flag(name)->standard);
  }
  bool is_on(std::string_view name) const { return go_bool(value(name)).value_or(false); }

  void add(std::string text, const GoFlag* origin = nullptr) {
    call_.flags.push_back({std::move(text), origin != nullptr ? origin->written : std::string()});
  }

  Done refuse() {
    for (const auto& [name, flag] : given_) {
      const CadvisorFlag& known = *find_cadvisor_flag(name);
      if (!is_of_type(known.type, flag.value)) return fault(flag, "expects " + std::string(expectation(known.type)));
      const bool harmless = known.type == GoType::kDuration ? go_duration(flag.value) == go_duration(known.standard)
                                                            : flag.value == known.standard;
      if (known.fate == CadvisorFate::kRefused && !harmless) return fault(flag, std::string(known.reason));
    }
    return {};
  }

  Done check_storage_drivers() {
    const std::string all = "bigquery, elasticsearch, influxdb, kafka, redis, statsd, stdout";
    const std::vector<std::string> known = split(all);
    const GoFlag* flag = given("storage_driver");
    if (flag == nullptr) return {};
    for (const std::string& driver : split_without_empty(flag->value)) {
      if (std::find(known.begin(), known.end(), driver) != known.end()) continue;
      return fault(*flag, "cAdvisor has no storage driver '" + shown(driver) + "'; it has " + all);
    }
    return {};
  }

  Done web() {
    const GoFlag* port = given("port");
    const std::int64_t number = go_int(value("port")).value_or(-1);
    if (number < 0 || number > 65'535) return fault(*port, "expects a port, 0 to 65535");
    const GoFlag* ip = given("listen_ip");
    std::string host = value("listen_ip");
    if (host.find(':') != host.npos && !host.starts_with('[')) host = "[" + host + "]";
    add("--web.listen-address=" + host + ":" + std::to_string(number), port != nullptr ? port : ip);
    add("--web.allowed-hosts=*");
    add("--web.cadvisor-api");
    for (const auto& [name, own] : {std::pair("prometheus_endpoint", "web.telemetry-path"),
                                    std::pair("url_base_prefix", "web.external-prefix")}) {
      const GoFlag* flag = given(name);
      if (flag == nullptr || flag->value == find_cadvisor_flag(name)->standard) continue;
      add("--" + std::string(own) + "=" + flag->value, flag);
    }
    return {};
  }

  Done sampling() {
    if (Done done = duration("housekeeping_interval", "sampling.interval", {}); !done) return done;
    return duration("storage_duration", "history.fine", std::chrono::hours(1));
  }

  // Nothing if the duration is at most `at_least`, which the agent has anyway.
  Done duration(std::string_view name, std::string_view own, std::chrono::nanoseconds at_least) {
    const GoFlag* flag = given(name);
    if (flag == nullptr) return {};
    const auto asked = *go_duration(flag->value);
    if (asked <= at_least && at_least.count() > 0) return {};
    const auto rounded = std::chrono::round<std::chrono::milliseconds>(asked);
    if (rounded.count() < 0) return fault(*flag, "expects a duration above 0");
    const bool in_seconds = rounded.count() % 1'000 == 0;
    add("--" + std::string(own) + "=" +
            (in_seconds ? std::to_string(rounded.count() / 1'000) + "s" : std::to_string(rounded.count()) + "ms"),
        flag);
    return {};
  }

  // "default=1000,oom=10": the limit of all kinds that have none of their own.
  Done events() {
    const GoFlag* flag = given("event_storage_event_limit");
    if (flag == nullptr) return {};
    for (const std::string& part : split_without_empty(flag->value)) {
      const auto equals = part.find('=');
      const auto number = go_int(equals == part.npos ? std::string_view() : std::string_view(part).substr(equals + 1));
      if (!number) return fault(*flag, "expects KIND=NUMBER, for example default=1000");
      if (part.substr(0, equals) != "default") continue;
      constexpr std::int64_t kMost = 1'000'000;  // of events.max
      add("--events.max=" + std::to_string(std::clamp<std::int64_t>(*number, 1, kMost)), flag);
    }
    return {};
  }

  // As in cAdvisor: the sets that are enabled, else all but those that are disabled.
  Done metric_sets() {
    const GoFlag* enabled = given("enable_metrics");
    const GoFlag* disabled = given("disable_metrics");
    for (const GoFlag* flag : {enabled, disabled}) {
      if (flag == nullptr) continue;
      for (const std::string& name : names_in(*flag)) {
        if (is_metric_set(name)) continue;
        return fault(*flag, "cAdvisor has no metrics '" + shown(name) + "'; it has " + metric_set_names());
      }
    }
    const bool by_name = enabled != nullptr && !enabled->value.empty();
    const GoFlag* flag = by_name ? enabled : disabled;
    bool load = true;
    if (flag != nullptr) {
      const std::vector<std::string> names = names_in(*flag);
      for (const CadvisorMetricSet& set : cadvisor_metric_sets()) {
        const bool named = std::find(names.begin(), names.end(), set.name) != names.end();
        const bool on = named == by_name;
        if (set.name == "cpuLoad") load = on;
        switch_collectors(set, on, named, *flag);
      }
    }
    if (flag == nullptr)
      add("--collector.cpu.percpu");  // of the sets that differ, the one that changes a family's labels
    if (load && is_on("enable_load_reader")) add("--collector.cpuload", given("enable_load_reader"));
    return {};
  }

  static std::vector<std::string> names_in(const GoFlag& flag) {
    return flag.value.empty() ? std::vector<std::string>() : split(flag.value);
  }

  static bool is_metric_set(std::string_view name) {
    const auto sets = cadvisor_metric_sets();
    return std::any_of(sets.begin(), sets.end(), [&](const CadvisorMetricSet& set) { return set.name == name; });
  }

  static std::string metric_set_names() {
    std::string names;
    for (const CadvisorMetricSet& set : cadvisor_metric_sets()) {
      names += (names.empty() ? "" : ", ") + std::string(set.name);
    }
    return names;
  }

  void switch_collectors(const CadvisorMetricSet& set, bool on, bool named, const GoFlag& flag) {
    if (set.collectors.empty()) {
      if (on && named)
        call_.notes.push_back(shown(flag.written) + ": " + std::string(set.name) +
                              ": not there: " + std::string(set.reason));
      return;
    }
    for (const std::string& collector : split(set.collectors)) {
      if (on != is_on_by_default(collector)) {
        add((on ? "--collector." : "--no-collector.") + collector, &flag);
      }
    }
  }

  static bool is_on_by_default(std::string_view name) {
    const auto all = all_collectors();
    return std::any_of(all.begin(), all.end(),
                       [&](const Collector* one) { return one->name == name && one->on_by_default; });
  }

  void host_and_runtimes() {
    if (host_ == CadvisorHost::kAtRootfs) add("--path.rootfs=/rootfs");
    const GoFlag* flag = given("docker_root");
    if (flag == nullptr || flag->value.empty() || flag->value == find_cadvisor_flag("docker_root")->standard) return;
    // Named as cAdvisor sees it, which may be below /rootfs.
    const std::string_view rootfs = "/rootfs";
    const bool below = flag->value.starts_with(std::string(rootfs) + "/");
    add("--docker.root=" + (below ? flag->value.substr(rootfs.size()) : flag->value), flag);
  }

  void cgroups() {
    add("--no-processes.bare");
    const GoFlag* prefixes = given("raw_cgroup_prefix_whitelist");
    const std::vector<std::string> kept = split_without_empty(value("raw_cgroup_prefix_whitelist"));
    if (!is_on("docker_only") && kept.empty()) return;
    add("--cgroups.exclude=^(pod|machine|slice|service|scope|cgroup):",
        is_on("docker_only") ? given("docker_only") : prefixes);
    if (!kept.empty()) add("--cgroups.include=^(" + one_of(kept) + ")", prefixes);
  }

  void labels() {
    const bool all = is_on("store_container_labels");
    const std::vector<std::string> chosen = split_without_empty(value("whitelisted_container_labels"));
    const GoFlag* origin =
        all || chosen.empty() ? given("store_container_labels") : given("whitelisted_container_labels");
    add("--labels.container=" + (all              ? std::string(".")
                                 : chosen.empty() ? "^$"
                                                  : "^(" + one_of(chosen) + ")$"),
        origin);

    std::vector<std::string> variables;
    const GoFlag* named = nullptr;
    for (const char* name :
         {"env_metadata_whitelist", "docker_env_metadata_whitelist", "containerd_env_metadata_whitelist"}) {
      const std::vector<std::string> prefixes = split_without_empty(value(name));
      if (!prefixes.empty() && named == nullptr) named = given(name);
      variables.insert(variables.end(), prefixes.begin(), prefixes.end());
    }
    if (!variables.empty()) add("--labels.environment=^(" + one_of(variables) + ")", named);
  }

  void log() {
    constexpr std::int64_t kDebug = 4;  // what cAdvisor writes at this level is of use to its developers
    if (go_int(value("v")).value_or(0) >= kDebug) add("--log.level=debug", given("v"));
  }

  void note() {
    for (const auto& [name, flag] : given_) {
      const CadvisorFlag& known = *find_cadvisor_flag(name);
      if (known.fate != CadvisorFate::kNotNeeded) continue;
      const bool is_secret = name.ends_with("password") || name.ends_with("secret");
      call_.notes.push_back((is_secret ? "--" + name : shown(flag.written)) +
                            ": not needed: " + std::string(known.reason));
    }
  }

  const std::map<std::string, GoFlag> given_;
  const CadvisorHost host_;
  CadvisorCall call_;
};

}  // namespace

bool is_cadvisor_call(std::string_view program, std::span<const std::string> arguments) {
  if (is_cadvisors_name(program)) return true;
  if (!arguments.empty() && is_cadvisors_name(arguments.front())) return true;
  if (!arguments.empty() && !arguments.front().starts_with('-')) return false;  // a command of the agent's
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
    const std::string_view name = go_flag_name(argument);
    return name != kVerbosity && find_cadvisor_flag(name) != nullptr;
  });
}

Result<CadvisorCall, InputError> own_flags(std::span<const std::string> arguments, CadvisorHost host) {
  // Compose files repeat it in `command`. cAdvisor's image ignores all that follows; its user meant the flags.
  if (!arguments.empty() && is_cadvisors_name(arguments.front())) arguments = arguments.subspan(1);
  auto flags = read_go_flags(arguments, flag_type);
  if (!flags) return flags.error();
  CadvisorCall asked;
  std::map<std::string, GoFlag> given;
  for (GoFlag& flag : *flags) {
    if (is_of_every_program(flag.name)) {
      (flag.name == "version" ? asked.wants_version : asked.wants_help) = true;
    } else {
      given.insert_or_assign(flag.name, std::move(flag));
    }
  }
  if (asked.wants_help || asked.wants_version) return asked;
  return Translation(std::move(given), host).make();
}

}  // namespace tallyman
