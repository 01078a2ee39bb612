#include "agent/config/options.h"
#include "agent/config/settings.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::size_t kColumns = 80, kBriefColumn = 37;

constexpr std::string_view kCommandsHelp =
    "Tallyman: what each container, service and process group of this host uses.\n"
    "\n"
    "  tallyman [serve] [FLAGS]  sample this host, serve metrics to Prometheus\n"
    "  tallyman ls [FLAGS]       what every workload uses now, as a table\n"
    "  tallyman metrics [FLAGS]  every metric there is\n"
    "  tallyman overhead run     what a container costs: tallyman overhead --help\n"
    "  tallyman version          which version this is (or --version)\n";

constexpr std::string_view kHead = R"(# Configuration

<!-- Made by `tallyman --help=markdown`; the table of settings is agent/settings.cc. -->

Tallyman runs without any configuration. What can be set has one name, which is a
flag (`--sampling.interval=5s`) and a key of the YAML file that `--config.file`
names (`sampling.interval: 5s`). Flags win over the file. Flags stand before or
after the command; the last of a kind wins. What cannot be understood is an error
that names the flag, or the file and the line: exit status 2.

`tallyman --check-config` with the flags of the service checks everything and ends.

SIGHUP reads the file again. If it has an error, the agent logs it and goes on as
before. Settings marked "at once" are taken over while running; for the others
the agent logs that it must be restarted.

Values:

- Times are a whole number and a unit: `500ms`, `5s`, `2m`, `1h`.
- Sizes are a whole number and a unit: `512KB`, `64MB` (of 2^20 bytes), `1GB`.
- Patterns are [RE2](https://github.com/google/re2/wiki/Syntax) and match anywhere
  in the text unless they are anchored with `^` and `$`. In YAML, put them in single quotes.
- What is on or off is `true` or `false` in the file; as a flag it is `--NAME` or `--no-NAME`.
)";

constexpr std::string_view kFile = R"(
## The file

A setting's key is its name. Dots may be written as nested mappings, at any level;
both forms mix. A collector is on or off by `collector.NAME`, and its own settings
are below that name.

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

One document, at most 1 MiB. Unknown keys, a key that comes twice, anchors and
aliases, and tags are errors. An empty file is fine.
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
  const bool has_default = setting.shape != Shape::kSwitch && setting.shape != Shape::kPattern && !value.empty();
  if (has_default) line += " (" + value + ")";
  return line + "\n";
}

std::string wrapped(const std::string& first, const std::vector<std::string>& words) {
  const std::string indent(first.size(), ' ');
  std::string text, line = first;
  for (const std::string& word : words) {
    if (line.size() + 1 + word.size() > kColumns) {
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
  std::string text = "  --collector.NAME, --no-collector.NAME  which collectors\n";
  if (!on.empty()) text += wrapped("      on: ", on);
  if (!off.empty()) text += wrapped("      off:", off);
  return text;
}

std::string help_of(Taker subscriber) {
  std::string text;
  bool collectors_explained = false;
  for (const Setting& setting : settings()) {
    const bool shared = subscriber == Taker::kList || subscriber == Taker::kOverhead;
    if (setting.subscriber != subscriber && !(shared && setting.subscriber == Taker::kListAndOverhead)) continue;
    if (!std::holds_alternative<CollectorSwitch>(setting.field)) {
      text += help_line(setting);
    } else if (!collectors_explained) {
      text += collectors_help();
      collectors_explained = true;
    }
  }
  return text;
}

// A '|' would end the cell.
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
      "\n## Settings\n\n| name | default | value | a reload takes it over | what it is |\n|---|---|---|---|---|\n";
  for (const Setting& setting : settings()) {
    if (setting.subscriber != Taker::kEverywhere || std::holds_alternative<CollectorSwitch>(setting.field)) continue;
    text += "| " + code(setting.name) + " | " + default_cell(setting) + " | " + cell(expectation(setting)) + " | " +
            (setting.change == Change::kAtRunTime ? "at once" : "no: restart") + " | " + cell(setting.detail) + " |\n";
  }
  return text;
}

std::string collectors_table() {
  std::string text =
      "\n## Collectors\n\nEach is switched by `collector.NAME`; a reload takes it over at once.\n\n"
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
      "\n## Flags that are no settings\n\n| flag | command | default | what it does |\n|---|---|---|---|\n"
      "| `--help` | all | | Prints a summary and ends. `--help=markdown` prints this page. |\n"
      "| `--version` | all | | Prints the version and ends. |\n";
  for (const Setting& setting : settings()) {
    if (setting.subscriber == Taker::kEverywhere) continue;
    const std::string_view command = setting.subscriber == Taker::kServe             ? "serve"
                                     : setting.subscriber == Taker::kList            ? "ls"
                                     : setting.subscriber == Taker::kMetrics         ? "metrics"
                                     : setting.subscriber == Taker::kOverhead        ? "overhead"
                                     : setting.subscriber == Taker::kListAndOverhead ? "ls, overhead"
                                                                                     : "all";
    const bool has_default = setting.shape == Shape::kChoice;
    text += "| " + code(flag_text(setting)) + " | " + std::string(command) + " | " +
            (has_default ? default_cell(setting) : std::string()) + " | " + cell(setting.detail) +
            (has_default ? " One of " + std::string(setting.choices) + "." : std::string()) + " |\n";
  }
  return text;
}

}  // namespace

std::string help_text() {
  std::string text(kCommandsHelp);
  text += "\nFlags of every command (defaults); the same names are keys of the file:\n";
  text += help_of(Taker::kFlagOnly) + help_of(Taker::kEverywhere);
  text += "serve:\n" + help_of(Taker::kServe);
  text += "ls:\n" + help_of(Taker::kList);
  text += "metrics:\n" + help_of(Taker::kMetrics);
  text += "\nMore: tallyman --help=markdown (docs/configuration.md), tallyman metrics\n";
  return text;
}

std::string overhead_help_text() {
  return "tallyman overhead: what a container costs here, against a bare process.\n"
         "\n"
         "  tallyman overhead run [FLAGS]            measures, prints and keeps a report\n"
         "  tallyman overhead compare REPORT REPORT  what has changed between two of them\n"
         "\n"
         "A report is its directory or its report.json.\n"
         "\n" +
         help_of(Taker::kOverhead) + "\nMore: docs/overhead.md, tallyman --help=markdown (docs/configuration.md)\n";
}

std::string configuration_markdown() {
  return std::string(kHead) + settings_table() + collectors_table() + flags_table() + std::string(kFile);
}

}  // namespace tallyman
