#include "agent/config/options.h"

#include "agent/config/cadvisor/migration_text.h"
#include "agent/config/cadvisor_mode.h"
#include "agent/config/configuration_file.h"
#include "agent/config/help.h"
#include "agent/config/nearest.h"
#include "agent/config/setting_values.h"
#include "agent/config/settings.h"
#include "agent/version.h"
#include "collectors/kernel/system/text.h"

#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace tallyman {
namespace {

struct CommandName {
  Command command;
  std::string_view name;
};
constexpr std::array kCommands = {
    CommandName{Command::kServe, "serve"},     CommandName{Command::kList, "ls"},
    CommandName{Command::kMetrics, "metrics"}, CommandName{Command::kOverhead, "overhead"},
    CommandName{Command::kHealth, "health"},   CommandName{Command::kPrintVersion, "version"}};

constexpr std::string_view kHelp = "help";  // `help ls` is `ls --help`

EarlyExit refuse(const std::string& text) { return {2, "tallyman: " + text + "\nSee tallyman --help.\n"}; }

std::string flag(const Setting& setting) { return "--" + std::string(setting.name); }

// The argument as the user wrote it, as far as CLI11 reports it.
std::string place(const Setting& setting, const std::string& text) {
  const bool is_switch = setting.shape == Shape::kSwitch;
  if (text.empty() || (is_switch && text == "true")) return flag(setting);
  if (is_switch && text == "false") return "--no-" + std::string(setting.name);
  return flag(setting) + "=" + shown(text);
}

// The parsed command line. Only the names are checked so far.
struct CommandLine {
  Command command = Command::kServe;
  std::vector<Assignment> assignments;
  std::vector<std::string> words;  // of `overhead` and `ls`
  std::optional<std::string> help;
  bool version = false;
};

std::vector<std::string> known_words(bool flags) {
  std::vector<std::string> words;
  if (!flags) {
    for (const CommandName& command : kCommands) words.emplace_back(command.name);
    words.insert(words.end(), {std::string(kHelp), "migrate"});
    return words;
  }
  for (const Setting& setting : settings()) {
    words.push_back(flag(setting));
    if (setting.shape == Shape::kSwitch) words.push_back("--no-" + std::string(setting.name));
  }
  words.insert(words.end(), {"--help", "--version"});
  return words;
}

EarlyExit refuse_unknown(const std::string& argument) {
  const bool is_flag = argument.starts_with("-") && argument.size() > 1;
  if (!is_flag) {
    const std::vector<std::string> commands = known_words(false);
    const std::string unexpected = "unexpected argument '" + shown(argument) + "'";
    if (std::find(commands.begin(), commands.end(), argument) != commands.end()) {
      return refuse(unexpected + ": one command at a time");
    }
    const std::string meant = nearest(argument, commands);
    if (!meant.empty()) return refuse(unexpected + "; did you mean " + meant + "?");
    return refuse(unexpected + "; the commands are serve, ls, metrics, overhead, health, migrate and version");
  }
  const std::string name = argument.substr(0, argument.find('='));
  if (name.starts_with("--no-") && find_setting(name.substr(5)) != nullptr) {
    return refuse("unknown flag " + shown(name) + ": --" + name.substr(5) +
                  " takes a value, it cannot be switched off");
  }
  const std::string bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  std::string meant = nearest("--" + bare, known_words(true));
  if (meant.empty()) meant = nearest(bare, known_words(true));
  return refuse("unknown flag " + shown(name) + (meant.empty() ? "" : "; did you mean " + meant + "?"));
}

// CLI11 reads "--flag= next" as the value "next".
Result<void, EarlyExit> check_no_value_is_empty(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    if (!argument.starts_with("--") || argument.find('=') != argument.size() - 1) continue;
    const Setting* setting = find_setting(std::string_view(argument).substr(2, argument.size() - 3));
    if (setting != nullptr) return refuse(argument + ": needs a value: " + expectation(*setting));
  }
  return {};
}

struct Flags {
  CLI::App app{"tallyman"};
  CLI::Option* help = nullptr;
  CLI::Option* version = nullptr;
  std::vector<std::string> words;  // of `overhead` and `ls`
  std::vector<CLI::Option*> of_settings;
  std::vector<CLI::App*> of_commands;

  Flags() {
    app.set_help_flag();
    app.allow_extras();
    app.require_subcommand(0, 1);
    for (const CommandName& command : kCommands) {
      of_commands.push_back(app.add_subcommand(std::string(command.name))->fallthrough());
      const bool takes_words = command.command == Command::kOverhead || command.command == Command::kList;
      if (takes_words) of_commands.back()->add_option("words", words);
    }
    help = app.add_option("-h,--help")->expected(0, 1);
    version = app.add_flag("--version");
    for (const Setting& setting : settings()) of_settings.push_back(add(setting));
  }

  CLI::Option* add(const Setting& setting) {
    const std::string name(setting.name);
    CLI::Option* option = setting.shape == Shape::kSwitch ? app.add_flag("--" + name + ",!--no-" + name)
                                                          : app.add_option("--" + name)->expected(0, 1);
    return option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
};

Result<CommandLine, EarlyExit> read_command_line(std::vector<std::string> arguments) {
  if (const auto checked = check_no_value_is_empty(arguments); !checked) return checked.error();
  Flags flags;
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 expects reverse order
    flags.app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return refuse(shown(error.what()));
  }
  std::vector<std::string> unknown = flags.app.remaining(true);
  std::erase(unknown, "--");  // the end of flags
  if (!unknown.empty()) return refuse_unknown(unknown.front());

  CommandLine line;
  line.version = flags.version->count() > 0;
  if (flags.help->count() > 0) line.help = flags.help->results().back();
  for (std::size_t i = 0; i < kCommands.size(); ++i) {
    if (flags.of_commands[i]->parsed()) line.command = kCommands[i].command;
  }
  line.words = flags.words;
  for (std::size_t i = 0; i < flags.of_settings.size(); ++i) {
    if (flags.of_settings[i]->count() == 0) continue;
    const Setting& setting = settings()[i];
    const std::string& text = flags.of_settings[i]->results().back();
    line.assignments.push_back({&setting, text, place(setting, text)});
  }
  return line;
}

std::optional<EarlyExit> print_and_end(const CommandLine& line) {
  if (line.help && (line.help->empty() || *line.help == "true")) return EarlyExit{0, help_text(line.command)};
  if (line.help && *line.help == "markdown") return EarlyExit{0, configuration_markdown()};
  if (line.help && *line.help == "migrating") return EarlyExit{0, cadvisor_flags_markdown()};
  if (line.help && *line.help != "api") {
    return refuse("--help=" + shown(*line.help) + ": expects nothing, markdown, migrating or api");
  }
  if (line.version) return EarlyExit{0, version_text() + "\n"};
  return {};
}

Result<void, EarlyExit> check_flags_of_the_command(const CommandLine& line) {
  for (const Assignment& assignment : line.assignments) {
    const SettingScope scope = assignment.setting->scope;
    if (belongs_to(scope, line.command)) continue;
    const auto name =
        std::find_if(kCommands.begin(), kCommands.end(), [&](auto& c) { return belongs_to(scope, c.command); })->name;
    return refuse(assignment.place + ": is a flag of 'tallyman " + std::string(name) + "'");
  }
  return {};
}

Result<void, EarlyExit> apply_all(const std::vector<Assignment>& assignments, Options& options) {
  for (const Assignment& assignment : assignments) {
    const auto read = set_value(options, *assignment.setting, assignment.text);
    if (!read) return refuse(assignment.place + ": " + read.error().text);
  }
  return {};
}

// If the user has not set the slow interval, it is never shorter than the fast one.
Result<void, EarlyExit> settle_slow_interval(const std::vector<Assignment>& assignments, Options& options) {
  if (options.sampling.slow_interval >= options.sampling.interval) return {};
  const auto set = std::find_if(assignments.rbegin(), assignments.rend(),
                                [](const Assignment& a) { return a.setting->name == "sampling.slow-interval"; });
  if (set != assignments.rend()) {
    return refuse(set->place + ": is shorter than sampling.interval, " + duration_text(options.sampling.interval) +
                  ": expects at least that");
  }
  options.sampling.slow_interval = options.sampling.interval;
  return {};
}

// A flag that the running agent may not have.
bool says_what_to_read(const Assignment& assignment) {
  const Setting& setting = *assignment.setting;
  return setting.scope == SettingScope::kEverywhere && !setting.name.starts_with("web.") &&
         !setting.name.starts_with("log.");
}

// A fault in the value of a flag of cAdvisor names that flag.
void name_origins(const std::vector<OwnFlag>& translated, std::vector<Assignment>& assignments) {
  for (Assignment& assignment : assignments) {
    const auto found = std::find_if(translated.rbegin(), translated.rend(), [&](const OwnFlag& own) {
      return own.text == assignment.place && !own.origin.empty();
    });
    if (found != translated.rend()) assignment.place = shown(found->origin) + " (" + assignment.place + ")";
  }
}

}  // namespace

Result<Options, EarlyExit> parse_options(int argc, const char* const* argv) {
  auto called = invocation(argc > 0 ? argv[0] : "", {argv + std::min(argc, 1), argv + argc},
                           [](const char* path) { return access(path, F_OK) == 0; });
  if (!called) return called.error();
  std::vector<std::string>& arguments = called->arguments;
  if (!arguments.empty() && arguments.front() == kHelp) {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  auto parsed = read_command_line(std::move(arguments));
  if (!parsed) return parsed.error();
  CommandLine& line = *parsed;
  name_origins(called->translated, line.assignments);
  if (const auto exit = print_and_end(line)) return *exit;
  if (line.help) {
    Options options;
    options.command = Command::kApiHelp;
    return options;
  }
  if (const auto checked = check_flags_of_the_command(line); !checked) return checked.error();

  Options flags_alone;  // finds --config.file, and reports errors of flags before errors of the file
  if (const auto checked = apply_all(line.assignments, flags_alone); !checked) return checked.error();
  std::vector<Assignment> all;
  if (!flags_alone.config_file.empty()) {
    auto file = read_configuration_file(flags_alone.config_file);
    if (!file) return refuse(file.error().text);
    all = std::move(*file);
  }
  all.insert(all.end(), line.assignments.begin(), line.assignments.end());

  Options options;
  options.command = line.command;
  options.notes = std::move(called->notes);
  (line.command == Command::kList ? options.list.names : options.overhead.words) = line.words;
  options.list.says_what_to_read = std::any_of(line.assignments.begin(), line.assignments.end(), says_what_to_read);
  if (const auto checked = apply_all(all, options); !checked) return checked.error();
  if (const auto checked = settle_slow_interval(all, options); !checked) return checked.error();
  options.root = with_own_sysfs(std::move(options.root));
  return options;
}

std::vector<std::string> settings_needing_restart(const Options& before, const Options& after) {
  std::vector<std::string> names;
  for (const Setting& setting : settings()) {
    if (setting.change == Change::kAtRunTime || setting.scope != SettingScope::kEverywhere) continue;
    if (value_text(before, setting) != value_text(after, setting)) names.emplace_back(setting.name);
  }
  return names;
}

std::map<std::string, std::string> effective_settings(const Options& options) {
  std::map<std::string, std::string> values;
  for (const Setting& setting : settings()) values.emplace(setting.name, value_text(options, setting));
  return values;
}

std::string version_text() { return "tallyman " + std::string(kVersion); }

}  // namespace tallyman
