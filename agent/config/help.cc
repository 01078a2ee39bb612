#include "agent/config/help.h"

#include "agent/config/options.h"
#include "agent/config/setting_values.h"
#include "agent/config/settings.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::size_t kHelpColumns = 80, kBriefColumn = 37;

constexpr std::string_view kCommandsHelp =
    "Tallyman: what each container, service and process group of this host uses.\n"
    "\n"
    "  tallyman [serve] [FLAGS]  sample this host, serve metrics to Prometheus\n"
    "  tallyman ls [NAME...]     what every workload uses now: tallyman ls --help\n"
    "  tallyman metrics          list every metric: tallyman metrics --help\n"
    "  tallyman overhead run     measure a container's cost: tallyman overhead --help\n"
    "  tallyman health           ask whether the agent is ready, for health checks\n"
    "  tallyman migrate -- ...   a cAdvisor's flags as this agent's own\n"
    "  tallyman version          print the version (also --version)\n"
    "  tallyman help [COMMAND]   print the help of a command (also --help)\n";

constexpr std::string_view kMore = "\nMore: tallyman --help=markdown (docs/configuration.md)";

constexpr std::string_view kHead = R"(# Configuration

<!-- Made by `tallyman --help=markdown`; the table of settings is agent/config/agent_settings.cc. -->

Tallyman runs without any configuration. Each setting has one name. The name is a
flag (`--sampling.interval=5s`) and a key of the YAML file that `--config.file`
names (`sampling.interval: 5s`). Flags override the file. Flags may come before or
after the command; if a flag is repeated, the last one wins. An invalid setting is
an error with exit status 2. The message names the flag, or the file and the line.

`tallyman --check-config` with the flags of the service checks everything and exits.

SIGHUP reads the file again. If the file has an error, the agent logs it and keeps
its old settings. Settings marked "at once" change while the agent runs; for the
others the agent logs that it must be restarted.

Values:

- Times are a whole number and a unit: `500ms`, `5s`, `2m`, `1h`.
- Sizes are a whole number and a unit: `512KB` (of 1024 bytes each), `64MB`, `1GB`.
- Patterns are [RE2](https://github.com/google/re2/wiki/Syntax) and match anywhere
  in the text unless they are anchored with `^` and `$`. In YAML, put them in single quotes.
- Switches are `true` or `false` in the file, and `--NAME` or `--no-NAME` as a flag.
)";

constexpr std::string_view kFile = R"(
## The file

A setting's key is its name. A dot may be written as a nested mapping, at any level,
and both forms can be mixed. `collector.NAME` switches a collector on or off, and the
collector's own settings are below that name.

```yaml
web:
  listen-address: 0.0.0.0:8255
sampling.interval: 5s
collector:
  numa: true
  hugetlb: false
  cpu:
    percpu: true
  network.ignored-interfaces: '^(lo$|veth)'
processes.groups:
  - name: queue
    executable: '^php'
    command: 'artisan queue:work'
  - name: www
    user: '^www-data$'
labels.container: '^(app|team)$'
log:
  level: warn
```

The file holds one document of at most 1 MiB. Unknown keys, duplicate keys, anchors
and aliases, and tags are errors. An empty file is valid.
)";

std::string flag_text(const Setting& setting) {
  const Options defaults;
  const std::string name(setting.name);
  if (setting.shape != Shape::kSwitch) return "--" + name + "=" + std::string(placeholder(setting.shape));
  return (value_text(defaults, setting) == "true" ? "--no-" : "--") + name;
}

std::string help_line(const Setting& setting) {
  std::string line = "  " + flag_text(setting);
  if (line.size() + 1 >= kBriefColumn) line += "\n";
  const auto start = line.find('\n') == line.npos ? 0 : line.find('\n') + 1;
  line.append(start + kBriefColumn - line.size(), ' ');
  line += setting.brief;
  const std::string value = value_text(Options(), setting);
  const bool chosen_later = value == "0" || value == "0ms";  // the brief text names the real default
  const bool has_default =
      setting.shape != Shape::kSwitch && setting.shape != Shape::kPattern && !value.empty() && !chosen_later;
  if (has_default) line += " (" + value + ")";
  return line + "\n";
}

std::string wrapped(const std::string& first, const std::vector<std::string>& words) {
  const std::string indent(first.size(), ' ');
  std::string text, line = first;
  for (const std::string& word : words) {
    if (line.size() + 1 + word.size() > kHelpColumns) {
      text += line + "\n";
      line = indent;
    }
    line += " " + word;
  }
  return text + line + "\n";
}

std::string collectors_help() {
  std::vector<std::string> on, off;
  for (const Setting& setting : settings()) {
    const auto* which = std::get_if<CollectorSwitch>(&setting.field);
    if (which != nullptr) (which->on_by_default ? on : off).emplace_back(which->collector);
  }
  std::string text = "  --collector.NAME, --no-collector.NAME  switch collectors on or off\n";
  if (!on.empty()) text += wrapped("      on: ", on);
  if (!off.empty()) text += wrapped("      off:", off);
  return text;
}

std::string help_of(SettingScope scope) {
  std::string text;
  bool collectors_explained = false;
  for (const Setting& setting : settings()) {
    const bool shared = scope == SettingScope::kList || scope == SettingScope::kOverhead;
    if (setting.scope != scope && !(shared && setting.scope == SettingScope::kListAndOverhead)) continue;
    if (!std::holds_alternative<CollectorSwitch>(setting.field)) {
      text += help_line(setting);
    } else if (!collectors_explained) {
      text += collectors_help();
      collectors_explained = true;
    }
  }
  return text;
}

// An unescaped '|' would end the cell.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string code(std::string_view text) { return "`" + cell(text) + "`"; }

std::string default_cell(const Setting& setting) {
  const std::string value = value_text(Options(), setting);
  return value.empty() ? (setting.fallback.empty() ? std::string("none") : std::string(setting.fallback)) : code(value);
}

std::string settings_table() {
  std::string text =
      "\n## Settings\n\n| name | default | value | changed by a reload | what it is |\n|---|---|---|---|---|\n";
  for (const Setting& setting : settings()) {
    if (setting.scope != SettingScope::kEverywhere || std::holds_alternative<CollectorSwitch>(setting.field)) continue;
    text += "| " + code(setting.name) + " | " + default_cell(setting) + " | " + cell(expectation(setting)) + " | " +
            (setting.change == Change::kAtRunTime ? "at once" : "no: restart") + " | " + cell(setting.detail) + " |\n";
  }
  return text;
}

std::string collectors_table() {
  std::string text =
      "\n## Collectors\n\n`collector.NAME` switches a collector on or off. A reload applies it at once.\n\n"
      "| name | default | what it is |\n|---|---|---|\n";
  for (const Setting& setting : settings()) {
    const auto* which = std::get_if<CollectorSwitch>(&setting.field);
    if (which == nullptr) continue;
    text += "| " + code(setting.name) + " | " + (which->on_by_default ? "on" : "off") + " | " + cell(setting.detail) +
            " |\n";
  }
  return text;
}

std::string flags_table() {
  std::string text =
      "\n## Flags that are not settings\n\n| flag | command | default | what it does |\n|---|---|---|---|\n"
      "| `--help` | all | | Prints a summary and exits. `--help=markdown` prints this page, `--help=api` the tables of "
      "[the API](api.md), `--help=migrating` those of [the flags of cAdvisor](migrating-from-cadvisor.md). |\n"
      "| `--in-container` | all | | The first flag of the image's entry point: the host is mounted at `/host`, and the "
      "agent listens on `:8255`. |\n"
      "| `--version` | all | | Prints the version and exits. |\n";
  for (const Setting& setting : settings()) {
    if (setting.scope == SettingScope::kEverywhere) continue;
    const std::string_view command = setting.scope == SettingScope::kServe             ? "serve"
                                     : setting.scope == SettingScope::kList            ? "ls"
                                     : setting.scope == SettingScope::kMetrics         ? "metrics"
                                     : setting.scope == SettingScope::kOverhead        ? "overhead"
                                     : setting.scope == SettingScope::kListAndOverhead ? "ls, overhead"
                                                                                       : "all";
    const bool has_default = setting.shape == Shape::kChoice;
    text += "| " + code(flag_text(setting)) + " | " + std::string(command) + " | " +
            (has_default ? default_cell(setting) : std::string()) + " | " + cell(setting.detail) +
            (has_default ? " One of " + std::string(setting.choices) + "." : std::string()) + " |\n";
  }
  return text;
}

}  // namespace

namespace {

std::string agent_help() {
  std::string text(kCommandsHelp);
  text += "\nFlags of every command (defaults). All but config.file are keys of the file:\n";
  text += help_of(SettingScope::kFlagOnly) + help_of(SettingScope::kEverywhere);
  text += "serve:\n" + help_of(SettingScope::kServe);
  return text.append(kMore).append(", tallyman metrics\n");
}

std::string list_help() {
  return "tallyman ls: what every workload of this host uses now.\n"
         "\n"
         "  tallyman ls [FLAGS] [NAME...]  NAME: a part of the name or of the id\n"
         "\n"
         "It asks the running agent if there is one, else it reads the host itself, which\n"
         "takes --sampling.interval and needs root for the names of containers.\n"
         "\n" +
         help_of(SettingScope::kList) +
         "\nFlags of every command (where the agent listens, how the host is read):\n"
         "tallyman --help\n" +
         std::string(kMore) + "\n";
}

std::string metrics_help() {
  return "tallyman metrics: every metric with its type, unit, labels and meaning.\n"
         "\n"
         "  tallyman metrics [FLAGS]\n"
         "\n" +
         help_of(SettingScope::kMetrics) + std::string(kMore) + ", docs/metrics.md\n";
}

std::string overhead_help() {
  return "tallyman overhead: what a container costs on this host, compared with a process.\n"
         "\n"
         "  tallyman overhead run [FLAGS]            measure, print and keep a report\n"
         "  tallyman overhead compare REPORT REPORT  show what changed between two reports\n"
         "\n"
         "REPORT is the directory of a report or its report.json.\n"
         "\n" +
         help_of(SettingScope::kOverhead) +
         "\nMore: docs/overhead.md, tallyman --help=markdown (docs/configuration.md)\n";
}

}  // namespace

std::string help_text(Command command) {
  switch (command) {
    case Command::kList:
      return list_help();
    case Command::kMetrics:
      return metrics_help();
    case Command::kOverhead:
      return overhead_help();
    default:
      return agent_help();
  }
}

std::string configuration_markdown() {
  return std::string(kHead) + settings_table() + collectors_table() + flags_table() + std::string(kFile);
}

}  // namespace tallyman
