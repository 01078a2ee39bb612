#include "agent/overhead/report/report_table.h"

#include "agent/overhead/report/report_words.h"
#include "agent/overhead/report/summary.h"
#include "agent/overhead/targets/targets.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tallyman::overhead {
namespace {

constexpr std::size_t kColumns = 80, kLabel = 27, kTime = 8, kChange = 8, kInterval = 17;

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string left(std::string text, std::size_t width) {
  text.append(width - std::min(width, columns_of(text)), ' ');
  return text;
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, columns_of(text)), ' ') + text;
}

// Wraps at spaces, after `first`; later lines begin with `indent`.
std::string wrapped(const std::string& text, const std::string& indent = "  ", const std::string& first = {}) {
  std::string result, line = first;
  bool begins = true;
  for (const std::string& word : words_of(text)) {
    if (!begins && columns_of(line) + 1 + columns_of(word) > kColumns) {
      result += line + "\n";
      line = indent;
      begins = true;
    }
    line += (begins ? "" : " ") + word;
    begins = false;
  }
  return result + line + "\n";
}

std::string line_of(const Row& row) {
  std::string line = "  " + left(row.label, kLabel - 1);
  if (!row.wall) return wrapped(row.reason, "      ", line + " ");
  constexpr std::size_t kNumberColumns = kTime + 1 + kChange + 2 + kInterval;
  line += row.wall->differs
              ? right(time_text(row.wall_ns), kTime) + " " + right(change_text(row.wall->ratio.value), kChange) + "  " +
                    left(interval_text(row.wall->ratio.interval), kInterval)
              : left("  " + without_number(*row.wall), kNumberColumns);
  if (row.cpu && row.cpu->differs) line += " CPU " + change_text(row.cpu->ratio.value);
  while (line.back() == ' ') line.pop_back();
  return line + "\n" + (row.reason.empty() ? "" : wrapped(row.reason, "      ", "      "));
}

std::string heading_of(const Group& group, const std::string& baseline) {
  std::string text = group.workload + ": " + time_text(group.baseline_ns) + " per " + group.operation + ", " +
                     baseline + "; noise " + noise_text(group.floor_wall);
  if (group.control_cpu) text += ", of CPU time " + noise_text(group.floor_cpu);
  return wrapped(text);
}

std::string left_out(const Record& record) {
  std::string text;
  for (const ModeRecord& mode : record.modes) {
    if (!mode.reason.empty()) text += wrapped(mode.reason, "      ", "  " + left(mode.name, 17) + " ");
  }
  return text.empty() ? text : "\nLeft out\n" + text;
}

std::string clocks(const Analysis& analysis) {
  if (analysis.clocks.empty()) return {};
  std::string text = "CPU time of the cgroup divided by that of the processes' own clocks:";
  for (const ClockAgreement& clock : analysis.clocks) {
    char number[32];
    std::snprintf(number, sizeof number, " %.3f", clock.cgroup_over_own);
    text += " " + clock.mode + number + (&clock == &analysis.clocks.back() ? "." : ",");
  }
  return "\n" + wrapped(text);
}

}  // namespace

std::string table_text(const Record& record, const Analysis& analysis) {
  std::string text;
  for (const std::string& sentence : summary_of(record, analysis)) text += wrapped(sentence) + "\n";
  text += wrapped("Time of one operation against " + record.baseline + "; " + std::to_string(record.rounds) +
                  " rounds; 95 % interval after each ratio.");
  for (const std::string& remark : record.remarks) text += wrapped("! " + remark);
  for (const Group& group : analysis.groups) {
    text += "\n" + heading_of(group, record.baseline);
    for (const Row& row : group.rows) text += line_of(row);
  }
  return text + left_out(record) + clocks(analysis);
}

std::string comparison_text(const Record& before, const Record& after, const RunComparison& comparison) {
  std::string text =
      wrapped("Change of the ratios to " + before.baseline + " from run " + before.run + " to " + after.run + ".");
  for (const std::string& fact : comparison.differing) text += wrapped("differs: " + fact, "    ");
  std::string workload;
  for (const Change& change : comparison.changes) {
    if (change.workload != workload) text += "\n" + (workload = change.workload) + "\n";
    std::string line = "  " + left(change.label, kLabel - 1);
    if (change.change.differs) {
      line += right(change_text(change.before), kChange) + " -> " + left(change_text(change.after), kChange + 1) +
              right(change_text(change.change.ratio.value), kChange) + "  " +
              interval_text(change.change.ratio.interval);
    } else {
      line += without_number(change.change);
    }
    text += line + "\n";
  }
  if (!comparison.only_in_one.empty()) text += "\n";
  for (const std::string& cell : comparison.only_in_one) text += wrapped("only in one of them: " + cell, "    ");
  return text;
}

}  // namespace tallyman::overhead
