#include "exporters/series_text.h"

#include "collectors/model/utf8.h"
#include "exporters/prometheus_text.h"

#include <boost/json.hpp>

#include <cmath>

namespace tallyman {
namespace {

std::string_view to_string(FieldKind kind) {
  switch (kind) {
    case FieldKind::kRate:
      return "rate";
    case FieldKind::kCount:
      return "count";
    case FieldKind::kGauge:
      return "gauge";
  }
  return "";
}

std::string quoted_json(std::string_view text) { return boost::json::serialize(boost::json::string(valid_utf8(text))); }

std::string quoted_csv(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

void append_figure(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  const double rounded = std::abs(value) >= 1e6 ? std::round(value) : std::round(value * 1e6) / 1e6;
  append_double(out, rounded == 0 ? 0 : rounded);  // no "-0"
}

void append_time(std::string& out, double seconds) { append_double(out, std::round(seconds * 1e3) / 1e3); }

std::string series_json(const HistoryAnswer& answer) {
  std::string out = "{\"from\":";
  append_time(out, answer.from);
  append_time(out += ",\"to\":", answer.to);
  append_time(out += ",\"step\":", answer.step);
  out += ",\"series\":[";
  for (std::size_t i = 0; i < answer.series.size(); ++i) {
    const HistorySeries& one = answer.series[i];
    const HistoryField& field = history_fields()[one.field];
    out.append(i == 0 ? "" : ",").append("{\"workload\":").append(quoted_json(one.workload));
    out.append(",\"metric\":\"").append(field.name).append("\",\"unit\":\"").append(field.unit);
    out += "\",\"points\":[";
    for (std::size_t p = 0; p < one.points.size(); ++p) {
      append_time(out += p == 0 ? "[" : ",[", one.points[p].first);
      append_figure(out += ',', one.points[p].second);
      out += ']';
    }
    out += "]}";
  }
  return out + "]}";
}

std::string series_csv(const HistoryAnswer& answer) {
  std::string out = "time,workload,metric,unit,value\r\n";
  for (const HistorySeries& one : answer.series) {
    const HistoryField& field = history_fields()[one.field];
    const std::string middle = "," + quoted_csv(valid_utf8(one.workload)) + "," + std::string(field.name) + "," +
                               std::string(field.unit) + ",";
    for (const auto& [time, value] : one.points) {
      append_time(out, time);
      append_figure(out += middle, value);
      out += "\r\n";
    }
  }
  return out;
}

std::string fields_json() {
  boost::json::array fields;
  for (const HistoryField& field : history_fields()) {
    fields.push_back(boost::json::object{{"metric", field.name},
                                         {"kind", to_string(field.kind)},
                                         {"unit", field.unit},
                                         {"help", field.help},
                                         {"live", field.in_stream}});
  }
  return boost::json::serialize(boost::json::object{{"fields", std::move(fields)}});
}

}  // namespace tallyman
