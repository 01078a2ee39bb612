#include "agent/overhead/model/record.h"

#include "agent/overhead/model/report_store.h"

#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <iterator>

namespace tallyman::overhead {
namespace {

namespace json = boost::json;

// The parser may be wrong in the last bit of a fraction. Times are rounded to
// picoseconds when written and when read, so a report survives a round trip.
double picoseconds_exact(double nanoseconds) { return std::round(nanoseconds * 1e3) / 1e3; }

json::value to_value(const Sample& sample) {
  json::object value{{"round", sample.round},
                     {"operations", sample.operations},
                     {"wall_ns", picoseconds_exact(sample.wall_ns)},
                     {"began_ns", sample.began_ns},
                     {"ended_ns", sample.ended_ns}};
  if (sample.cpu_ns) value["cpu_ns"] = picoseconds_exact(*sample.cpu_ns);
  if (sample.wait_ns) value["wait_ns"] = picoseconds_exact(*sample.wait_ns);
  if (sample.busy_ns) value["busy_ns"] = *sample.busy_ns;
  if (sample.own_cpu_ns) value["own_cpu_ns"] = *sample.own_cpu_ns;
  if (sample.cgroup_cpu_ns) value["cgroup_cpu_ns"] = *sample.cgroup_cpu_ns;
  return value;
}

json::value to_value(const CellRecord& cell) {
  json::array samples;
  for (const Sample& sample : cell.samples) samples.push_back(to_value(sample));
  return json::object{{"workload", cell.workload},
                      {"mode", cell.mode},
                      {"label", cell.label},
                      {"reason", cell.reason},
                      {"samples", std::move(samples)}};
}

json::array to_array(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

std::string text_of(const json::value& value) { return std::string(value.as_string()); }

std::vector<std::string> texts_of(const json::value& value) {
  std::vector<std::string> texts;
  for (const json::value& one : value.as_array()) texts.push_back(text_of(one));
  return texts;
}

template <class Number>
std::optional<Number> optional_number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return {};
  return value->to_number<Number>();
}

Sample sample_of(const json::object& object) {
  Sample sample;
  sample.round = object.at("round").to_number<unsigned>();
  sample.operations = object.at("operations").to_number<std::uint64_t>();
  sample.wall_ns = picoseconds_exact(object.at("wall_ns").to_number<double>());
  sample.began_ns = object.at("began_ns").to_number<std::int64_t>();
  sample.ended_ns = object.at("ended_ns").to_number<std::int64_t>();
  if (const auto cpu_ns = optional_number<double>(object, "cpu_ns")) sample.cpu_ns = picoseconds_exact(*cpu_ns);
  if (const auto wait_ns = optional_number<double>(object, "wait_ns")) sample.wait_ns = picoseconds_exact(*wait_ns);
  sample.busy_ns = optional_number<std::uint64_t>(object, "busy_ns");
  sample.own_cpu_ns = optional_number<std::uint64_t>(object, "own_cpu_ns");
  sample.cgroup_cpu_ns = optional_number<std::uint64_t>(object, "cgroup_cpu_ns");
  if (!(sample.wall_ns > 0)) throw std::runtime_error("a wall time that is not positive");
  return sample;
}

CellRecord cell_of(const json::object& object) {
  CellRecord cell{text_of(object.at("workload")),
                  text_of(object.at("mode")),
                  text_of(object.at("label")),
                  {},
                  text_of(object.at("reason"))};
  for (const json::value& sample : object.at("samples").as_array()) {
    cell.samples.push_back(sample_of(sample.as_object()));
  }
  return cell;
}

Record record_of(const json::object& object) {
  if (object.at("version").to_number<int>() != Record::kVersion) {
    throw std::runtime_error("this tallyman does not know the report's version");
  }
  Record record;
  record.run = text_of(object.at("run"));
  record.began = text_of(object.at("began"));
  record.extent = text_of(object.at("extent"));
  record.baseline = text_of(object.at("baseline"));
  record.rounds = object.at("rounds").to_number<unsigned>();
  record.rounds_planned = object.at("rounds_planned").to_number<unsigned>();
  record.duration_ns = object.at("duration_ns").to_number<std::uint64_t>();
  record.file_bytes = object.at("file_bytes").to_number<std::uint64_t>();
  record.seed = object.at("seed").to_number<std::uint64_t>();
  record.remarks = texts_of(object.at("remarks"));
  for (const auto& [name, value] : object.at("facts").as_object()) record.facts.emplace(name, text_of(value));
  for (const json::value& value : object.at("modes").as_array()) {
    const json::object& mode = value.as_object();
    record.modes.push_back(
        {text_of(mode.at("name")), text_of(mode.at("what")), text_of(mode.at("reason")), texts_of(mode.at("cgroups"))});
  }
  for (const json::value& cell : object.at("cells").as_array()) record.cells.push_back(cell_of(cell.as_object()));
  return record;
}

}  // namespace

std::string to_json(const Record& record) {
  json::object facts;
  for (const auto& [name, value] : record.facts) facts[name] = value;
  json::array modes, cells;
  for (const ModeRecord& mode : record.modes) {
    modes.push_back(json::object{
        {"name", mode.name}, {"what", mode.what}, {"reason", mode.reason}, {"cgroups", to_array(mode.cgroups)}});
  }
  for (const CellRecord& cell : record.cells) cells.push_back(to_value(cell));
  return json::serialize(json::object{{"version", Record::kVersion},
                                      {"run", record.run},
                                      {"began", record.began},
                                      {"extent", record.extent},
                                      {"baseline", record.baseline},
                                      {"rounds", record.rounds},
                                      {"rounds_planned", record.rounds_planned},
                                      {"duration_ns", record.duration_ns},
                                      {"file_bytes", record.file_bytes},
                                      {"seed", record.seed},
                                      {"facts", std::move(facts)},
                                      {"remarks", to_array(record.remarks)},
                                      {"modes", std::move(modes)},
                                      {"cells", std::move(cells)}}) +
         "\n";
}

Result<Record> from_json(std::string_view text) {
  try {
    return record_of(json::parse(json::string_view(text.data(), text.size())).as_object());
  } catch (const std::exception& error) {
    return failure(std::string("is not a report of 'tallyman overhead run': ") + error.what());
  }
}

Result<Record> read_record(const std::string& path) {
  std::error_code error;
  const std::string file = std::filesystem::is_directory(path, error) ? path + "/report.json" : path;
  const auto text = read_report_text(file);
  if (!text) return text.error();
  auto record = from_json(*text);
  if (!record) return failure(file + ": " + record.error().text);
  return record;
}

}  // namespace tallyman::overhead
