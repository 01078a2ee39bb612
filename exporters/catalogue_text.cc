#include "exporters/catalogue_text.h"

#include "collectors/model/catalogue.h"

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

namespace tallyman {
namespace {

constexpr std::size_t kColumns = 80;

struct Group {
  CollectorSummary collector;
  std::vector<const MetricDefinition*> metrics;
};

CollectorSummary summary_of(std::string_view collector) {
  for (const CollectorSummary& summary : collector_summaries()) {
    if (summary.name == collector) return summary;
  }
  return {collector, {}, true};
}

std::vector<Group> group(std::span<const CatalogueEntry> metrics) {
  std::vector<Group> groups;
  for (const CatalogueEntry& entry : metrics) {
    if (groups.empty() || groups.back().collector.name != entry.collector) {
      groups.push_back({summary_of(entry.collector), {}});
    }
    groups.back().metrics.push_back(entry.definition);
  }
  return groups;
}

void append_wrapped(std::string& out, std::string_view text, std::string_view indent) {
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t blank = text.find(' ');
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    if (column != 0 && column + 1 + word.size() > kColumns) {
      out += '\n';
      column = 0;
    }
    const std::string_view before = column == 0 ? indent : " ";
    out.append(before).append(word);
    column += before.size() + word.size();
  }
  if (column != 0) out += '\n';
}

std::string with_blanks(std::string_view labels) {
  std::string text;
  for (char c : labels) {
    text += c;
    if (c == ',') text += ' ';
  }
  return text;
}

std::string heading_of(const Group& group) {
  std::string text(group.collector.name);
  if (group.collector.name == kSelfCollector) return text;
  return text + (group.collector.on_by_default ? " (on by default)" : " (off by default)");
}

// An unescaped bar would end the cell.
std::string cell(std::string_view text) {
  if (text.empty()) return "-";
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string labels_cell(std::string_view labels) {
  if (labels.empty()) return "-";
  std::string out = "`";
  for (char c : labels) {
    if (c == ',') {
      out += "`, `";
    } else {
      out += c;
    }
  }
  return out + "`";
}

boost::json::object object_of(const CatalogueEntry& entry) {
  const MetricDefinition& metric = *entry.definition;
  boost::json::array labels;
  std::string_view names = metric.labels;
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    labels.emplace_back(names.substr(0, comma));
    names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
  }
  return {{"name", metric.name}, {"type", to_string(metric.type)}, {"unit", metric.unit},
          {"help", metric.help}, {"labels", std::move(labels)},    {"collector", entry.collector}};
}

void count_series(const Snapshot& snapshot, std::vector<std::uint64_t>& series) {
  for (const Block& block : snapshot.layout->blocks) {
    for (const Series& one : block.plan->series) {
      if (one.metric < series.size() && snapshot.value(block, one) != kAbsent) ++series[one.metric];
    }
  }
}

// Series by family in the Prometheus text. A histogram counts as one series, its count.
std::map<std::string_view, std::uint64_t> series_in(std::string_view text) {
  std::map<std::string_view, std::uint64_t> series;
  std::string_view histogram;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with("# TYPE ") && line.ends_with(" histogram")) {
      line.remove_prefix(7);
      histogram = line.substr(0, line.find(' '));
    }
    if (line.empty() || line.front() == '#') continue;
    const std::string_view name = line.substr(0, line.find_first_of("{ "));
    if (histogram.empty() || !name.starts_with(histogram)) {
      ++series[name];
    } else if (name.substr(histogram.size()) == "_count") {
      ++series[histogram];
    }
  }
  return series;
}

}  // namespace

std::string catalogue_table(std::span<const CatalogueEntry> metrics) {
  std::string out;
  for (const Group& one : group(metrics)) {
    if (!out.empty()) out += '\n';
    append_wrapped(out, heading_of(one) + ": " + std::string(one.collector.summary), "");
    for (const MetricDefinition* metric : one.metrics) {
      std::string line = "  " + std::string(metric->name);
      if (line.size() < 56) line.resize(56, ' ');
      line.append(" ").append(to_string(metric->type));
      if (!metric->unit.empty()) line.append(", ").append(metric->unit);
      out.append(line).append("\n");
      append_wrapped(out, metric->help, "      ");
      if (!metric->labels.empty()) append_wrapped(out, "Labels: " + with_blanks(metric->labels), "      ");
    }
  }
  return out;
}

std::string catalogue_markdown(std::span<const CatalogueEntry> metrics) {
  std::string out =
      "<!-- Generated by `tallyman metrics --format=markdown`. Do not edit: change the collector's table. -->\n"
      "# Metrics\n\n"
      "The column \"labels\" lists labels in addition to the base labels. A value that the kernel does not report has\n"
      "no series. A source \"-\" means that this version of cgroups has no source.\n";
  for (const Group& one : group(metrics)) {
    out.append("\n## ").append(heading_of(one)).append("\n\n");
    if (!one.collector.summary.empty()) out.append(one.collector.summary).append("\n\n");
    out += "| name | type | unit | labels | help | source, v1 and hybrid | source, v2 |\n";
    out += "|---|---|---|---|---|---|---|\n";
    for (const MetricDefinition* metric : one.metrics) {
      out.append("| `").append(metric->name).append("` | ").append(to_string(metric->type)).append(" | ");
      out.append(cell(metric->unit)).append(" | ").append(labels_cell(metric->labels)).append(" | ");
      out.append(cell(metric->help)).append(" | ").append(cell(metric->source_v1)).append(" | ");
      out.append(cell(metric->source_v2)).append(" |\n");
    }
  }
  return out;
}

std::string catalogue_json(std::span<const CatalogueEntry> metrics) {
  boost::json::array all;
  for (const CatalogueEntry& entry : metrics) {
    boost::json::object one = object_of(entry);
    one["source_v1"] = entry.definition->source_v1;
    one["source_v2"] = entry.definition->source_v2;
    all.push_back(std::move(one));
  }
  return boost::json::serialize(all) + "\n";
}

std::string metrics_json(const Snapshot* snapshot, std::string_view self_text,
                         std::span<const CatalogueEntry> metrics) {
  std::vector<std::uint64_t> series(metrics.size());
  if (snapshot != nullptr) count_series(*snapshot, series);
  const auto of_self = series_in(self_text);
  boost::json::array all;
  for (std::size_t id = 0; id < metrics.size(); ++id) {
    boost::json::object one = object_of(metrics[id]);
    const auto found = of_self.find(metrics[id].definition->name);
    one["series"] = metrics[id].collector != kSelfCollector ? series[id] : found == of_self.end() ? 0 : found->second;
    all.push_back(std::move(one));
  }
  return boost::json::serialize(all);
}

}  // namespace tallyman
