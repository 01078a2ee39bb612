#include "agent/api/usage_json.h"

#include "collectors/model/utf8.h"

#include <boost/json.hpp>

#include <array>
#include <exception>

namespace tallyman {
namespace {

namespace json = boost::json;

constexpr std::array kGroups = {GroupBy::kProject, GroupBy::kService, GroupBy::kPod, GroupBy::kImage, GroupBy::kSlice};
constexpr auto kLastKind = WorkloadKind::kCgroup;

// Calls `each` with the name of each figure and the figure.
template <class OneUsage, class Each>
void for_each_figure(OneUsage& row, const Each& each) {
  each("cpu_cores", row.cpu_cores);
  each("memory_working_set_bytes", row.memory_bytes);
  each("memory_limit_bytes", row.memory_limit_bytes);
  each("io_bytes_per_second", row.io_bytes_per_second);
  each("network_bytes_per_second", row.network_bytes_per_second);
  each("threads", row.threads);
  each("runtime_cpu_cores", row.runtime_cpu_cores);
  each("runtime_memory_bytes", row.runtime_memory_bytes);
  each("kernel_memory_bytes", row.kernel_memory_bytes);
  each("layer_bytes", row.layer_bytes);
  each("cpu_pressure", row.cpu_pressure);
  each("memory_pressure", row.memory_pressure);
  each("io_pressure", row.io_pressure);
}

json::object groups_of(const UsageRow& row) {
  json::object groups;
  for (const GroupBy by : kGroups) {
    const std::string name = group_name(row, by);
    if (!name.empty()) groups[to_string(by)] = valid_utf8(name);
  }
  return groups;
}

json::object to_object(const UsageRow& row) {
  const Workload& workload = *row.workload;
  json::object object{
      {"id", valid_utf8(workload.id)}, {"kind", to_string(workload.kind)}, {"workload", valid_utf8(workload.workload)}};
  if (!workload.runtime.empty()) object["runtime"] = workload.runtime;
  if (!workload.container_id.empty()) object["container_id"] = workload.container_id;
  if (json::object groups = groups_of(row); !groups.empty()) object["groups"] = std::move(groups);
  for_each_figure(row, [&](const char* name, const auto& figure) {
    if (figure) object[name] = *figure;
  });
  return object;
}

std::string text_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? std::string() : std::string(value->as_string());
}

template <class Number>
std::optional<Number> number_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? std::nullopt : std::optional(value->to_number<Number>());
}

// A kind that a newer agent knows is shown as any cgroup.
WorkloadKind kind_named(std::string_view name) {
  for (auto kind = WorkloadKind::kHost; kind != kLastKind;
       kind = static_cast<WorkloadKind>(static_cast<int>(kind) + 1)) {
    if (to_string(kind) == name) return kind;
  }
  return kLastKind;
}

UsageRow row_of(const json::object& object) {
  UsageRow row;
  auto workload = std::make_shared<Workload>();
  workload->id = object.at("id").as_string();
  workload->workload = object.at("workload").as_string();
  workload->kind = kind_named(object.at("kind").as_string());
  workload->runtime = text_in(object, "runtime");
  workload->container_id = text_in(object, "container_id");
  row.workload = std::move(workload);
  row.groups.emplace();
  if (const json::value* groups = object.if_contains("groups")) {
    for (const GroupBy by : kGroups) {
      if (std::string name = text_in(groups->as_object(), to_string(by)); !name.empty()) {
        row.groups->emplace(by, std::move(name));
      }
    }
  }
  for_each_figure(row, [&]<class Number>(const char* name, std::optional<Number>& figure) {
    figure = number_in<Number>(object, name);
  });
  return row;
}

UsageAnswer answer_of(const json::object& object) {
  UsageAnswer answer;
  answer.sequence = object.at("sequence").to_number<std::uint64_t>();
  answer.time_seconds = object.at("time").to_number<double>();
  answer.interval_seconds = object.at("interval_seconds").to_number<double>();
  answer.measured_seconds = number_in<double>(object, "measured_seconds");
  answer.boot_id = text_in(object, "boot_id");
  answer.unnamed_containers = number_in<std::uint64_t>(object, "unnamed_containers").value_or(0);
  for (const json::value& one : object.at("workloads").as_array()) answer.rows.push_back(row_of(one.as_object()));
  return answer;
}

}  // namespace

std::string to_json(const UsageAnswer& answer) {
  json::object object{{"sequence", answer.sequence},
                      {"time", answer.time_seconds},
                      {"interval_seconds", answer.interval_seconds},
                      {"unnamed_containers", answer.unnamed_containers}};
  if (answer.measured_seconds) object["measured_seconds"] = *answer.measured_seconds;
  if (!answer.boot_id.empty()) object["boot_id"] = answer.boot_id;
  json::array workloads;
  for (const UsageRow& row : answer.rows) workloads.push_back(to_object(row));
  object["workloads"] = std::move(workloads);
  return json::serialize(object);
}

Result<UsageAnswer> usage_from_json(std::string_view text) {
  try {
    return answer_of(json::parse(json::string_view(text.data(), text.size())).as_object());
  } catch (const std::exception&) {
    return Error{ErrorKind::kMalformed, 0, "the answer is not that of a Tallyman agent"};
  }
}

void set_all_figures(json::object& object, const Usage& row) {
  for_each_figure(row, [&](const char* name, const auto& figure) {
    object[name] = figure ? json::value(*figure) : json::value(nullptr);
  });
}

}  // namespace tallyman
