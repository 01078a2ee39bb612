#include "agent/overhead/report/report_markdown.h"

#include "agent/overhead/report/report_svg.h"
#include "agent/overhead/report/report_words.h"
#include "agent/overhead/report/summary.h"

#include <boost/json.hpp>
#include <cmath>

namespace tallyman::overhead {
namespace {

namespace json = boost::json;

std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

std::string verdict(const std::optional<Comparison>& comparison) {
  if (!comparison) return "-";
  if (!comparison->differs) return without_number(*comparison);
  return change_text(comparison->ratio.value) + " (" + interval_text(comparison->ratio.interval) + ")";
}

std::string table_of(const Group& group, const std::string& baseline) {
  std::string text = "| " + group.workload + ", " + group.operation + " | time | compared with " + baseline +
                     " | CPU time compared with " + baseline + " |\n|---|---|---|---|\n| " + baseline + " | " +
                     time_text(group.baseline_ns) + " | noise " + noise_text(group.floor_wall) + " | " +
                     (group.control_cpu ? "noise " + noise_text(group.floor_cpu) : "-") + " |\n";
  for (const Row& row : group.rows) {
    text += "| " + cell(row.label) + " | " + (row.wall ? time_text(row.wall_ns) : "-") + " | " +
            (row.wall ? verdict(row.wall) : cell(row.reason)) + " | " + verdict(row.cpu) + " |\n";
  }
  return text + "\n";
}

std::string modes_of(const Record& record) {
  std::string text = "## Modes\n\n| mode | what it is | |\n|---|---|---|\n";
  for (const ModeRecord& mode : record.modes) {
    text += "| " + mode.name + " | " + cell(mode.what) + " | " +
            (mode.reason.empty() ? "" : "left out: " + cell(mode.reason)) + " |\n";
  }
  return text + "\n";
}

std::string facts_of(const Record& record) {
  std::string text = "## Measured on\n\n| | |\n|---|---|\n";
  for (const auto& [name, value] : record.facts) text += "| " + cell(name) + " | " + cell(value) + " |\n";
  return text + "\n";
}

std::string clocks_of(const Analysis& analysis) {
  if (analysis.clocks.empty()) return {};
  std::string text =
      "## CPU time of the cgroup divided by that of the processes' own clocks\n\nThe cgroup is read by the same code "
      "as for the agent's metrics.\n\n| mode | ratio |\n|---|---|\n";
  for (const ClockAgreement& clock : analysis.clocks) {
    char number[32];
    std::snprintf(number, sizeof number, "%.4f", clock.cgroup_over_own);
    text += "| " + clock.mode + " | " + number + " |\n";
  }
  return text + "\n";
}

json::value result_of(const std::optional<Comparison>& comparison, double floor) {
  if (!comparison) return nullptr;
  json::object result{{"differs", comparison->differs},
                      {"interval", {comparison->ratio.interval.low, comparison->ratio.interval.high}},
                      {"p_corrected", comparison->corrected_p}};
  if (std::isfinite(floor)) result["noise_floor"] = floor;
  if (comparison->unclear) result["unclear"] = true;
  if (comparison->differs) result["ratio"] = comparison->ratio.value;
  return result;
}

json::object interval_of(const Ratio& ratio) { return {{"interval", {ratio.interval.low, ratio.interval.high}}}; }

json::array results_of(const Analysis& analysis) {
  json::array results;
  for (const Group& group : analysis.groups) {
    if (group.control_wall) {
      json::object control{{"workload", group.workload}, {"label", "control"}};
      control["wall"] = interval_of(*group.control_wall);
      if (group.control_cpu) control["cpu"] = interval_of(*group.control_cpu);
      results.push_back(std::move(control));
    }
    for (const Row& row : group.rows) {
      results.push_back(json::object{{"workload", group.workload},
                                     {"operation", group.operation},
                                     {"label", row.label},
                                     {"rounds", row.rounds},
                                     {"wall_ns", row.wall_ns},
                                     {"baseline_wall_ns", group.baseline_ns},
                                     {"wall", result_of(row.wall, group.floor_wall)},
                                     {"cpu", result_of(row.cpu, group.floor_cpu)}});
    }
  }
  return results;
}

}  // namespace

std::string markdown_text(const Record& record, const Analysis& analysis) {
  std::string text = "# What a container costs here\n\n";
  for (const std::string& sentence : summary_of(record, analysis)) text += sentence + "\n\n";
  text += "`tallyman overhead run`, " + record.began + ": " + record.extent + ", " + std::to_string(record.rounds) +
          " rounds of " + time_text(static_cast<double>(record.duration_ns)) + " a measurement, seed " +
          std::to_string(record.seed) +
          ". Times are medians of one operation; in brackets is the 95 % interval of the ratio to " + record.baseline +
          ". A difference within the noise does not count.\n\n";
  for (const std::string& remark : record.remarks) text += "**" + remark + "**\n\n";
  for (const Picture& picture : pictures(record, analysis)) {
    text += "![" + picture.title + "](" + picture.file + ")\n\n";
  }
  text += "## Results\n\n";
  for (const Group& group : analysis.groups) text += table_of(group, record.baseline);
  return text + clocks_of(analysis) + modes_of(record) + facts_of(record);
}

std::string report_json(const Record& record, const Analysis& analysis) {
  json::object report = json::parse(to_json(record)).as_object();
  const std::vector<std::string> summary = summary_of(record, analysis);
  report["summary"] = json::array(summary.begin(), summary.end());
  report["results"] = results_of(analysis);
  if (analysis.used_by_others) report["used_by_others"] = *analysis.used_by_others;
  json::object clocks;
  for (const ClockAgreement& clock : analysis.clocks) clocks[clock.mode] = clock.cgroup_over_own;
  report["cgroup_cpu_over_own"] = std::move(clocks);
  return json::serialize(report) + "\n";
}

}  // namespace tallyman::overhead
