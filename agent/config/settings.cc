#include "agent/config/settings.h"

#include "agent/config/agent_settings.h"
#include "agent/config/command_flags.h"
#include "collectors/model/collector.h"

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

bool belongs_to(Scope scope, Command command) {
  switch (scope) {
    case Scope::kEverywhere:
    case Scope::kFlagOnly:
      return true;
    case Scope::kServe:
      return command == Command::kServe;
    case Scope::kList:
      return command == Command::kList;
    case Scope::kMetrics:
      return command == Command::kMetrics;
    case Scope::kOverhead:
      return command == Command::kOverhead;
    case Scope::kListAndOverhead:
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

// The least number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
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
