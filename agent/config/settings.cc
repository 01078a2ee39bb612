#include "agent/config/settings.h"

#include "agent/config/agent_settings.h"
#include "agent/config/command_flags.h"
#include "collectors/model/collector.h"
#include "collectors/model/collector_table.h"

#include <algorithm>
#include <deque>

namespace tallyman {
namespace {

// The views in a Setting are of the collectors' own names, and of these.
std::vector<Setting> collector_switches() {
  static std::deque<std::string> names;  // a deque: views of its elements stay valid
  std::vector<Setting> switches;
  for (const Collector* collector : all_collectors()) {
    names.push_back("collector." + std::string(collector->name));
    switches.push_back({.name = names.back(),
                        .shape = Shape::kSwitch,
                        .field = CollectorSwitch{collector->name, collector->on_by_default},
                        .brief = collector->summary,
                        .detail = collector->summary});
  }
  return switches;
}

std::vector<Setting> make_settings() {
  std::vector<Setting> table = agent_settings();
  const auto first_of_collectors = std::find_if(
      table.begin(), table.end(), [](const Setting& setting) { return setting.name.starts_with("collector."); });
  const std::vector<Setting> switches = collector_switches();
  table.insert(first_of_collectors, switches.begin(), switches.end());
  const std::vector<Setting> flags = command_flags();
  table.insert(table.end(), flags.begin(), flags.end());
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

}  // namespace tallyman
