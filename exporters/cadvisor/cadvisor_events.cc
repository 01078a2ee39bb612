#include "exporters/cadvisor/cadvisor_events.h"

#include "collectors/model/utf8.h"
#include "exporters/api_text.h"

#include <algorithm>
#include <string_view>

namespace tallyman {
namespace {

namespace json = boost::json;

bool is_of(const Event& event, const CadvisorEventChoice& choice) {
  if (event.time_nsec < choice.from_nsec.value_or(0)) return false;
  if (choice.until_nsec && event.time_nsec > *choice.until_nsec) return false;
  if (event.workload_id == choice.name) return true;
  if (!choice.subcontainers || !event.workload_id.starts_with('/')) return false;
  return choice.name == "/" || event.workload_id.starts_with(choice.name + "/");
}

json::object event_of(const Event& event, std::string_view type, json::object data) {
  json::object object{
      {"container_name", valid_utf8(event.workload_id)}, {"timestamp", rfc3339(event.time_nsec)}, {"event_type", type}};
  object["event_data"] = std::move(data);
  return object;
}

// A kill that the kernel counts in the cgroup's memory.events; who was killed is known if the kernel's log may be read.
json::object oom_data(const Event& event) {
  json::object data;
  if (const auto pid = number_in(event, "pid")) data["pid"] = *pid;
  for (const auto& [key, detail] : event.details) {
    const auto* text = std::get_if<std::string>(&detail);
    if (key == "process" && text != nullptr) data["process_name"] = valid_utf8(*text);
  }
  if (number_in(event, "memory_limit_bytes")) data["constraint"] = "CONSTRAINT_MEMCG";
  return data;
}

void append(json::array& list, const Event& event, const CadvisorEventChoice& choice) {
  if (event.type == EventType::kStarted && choice.creation) {
    list.push_back(event_of(event, "containerCreation", {}));
  }
  if (event.type == EventType::kDied && choice.deletion) {
    json::object exit;
    if (const auto code = number_in(event, "exit_code")) exit["exit_code"] = *code;
    json::object data;
    if (!exit.empty()) data["container_deletion"] = std::move(exit);
    list.push_back(event_of(event, "containerDeletion", std::move(data)));
  }
  if (event.type == EventType::kOomKilled && choice.oom) list.push_back(event_of(event, "oom", {}));
  if (event.type == EventType::kOomKilled && choice.oom_kill) {
    list.push_back(event_of(event, "oomKill", {{"oom", oom_data(event)}}));
  }
}

}  // namespace

json::array cadvisor_event(const Event& event, const CadvisorEventChoice& choice) {
  json::array list;
  if (is_of(event, choice)) append(list, event, choice);
  return list;
}

json::array cadvisor_events(std::vector<EventPtr> events, const CadvisorEventChoice& choice, std::size_t most) {
  sort_by_time(events);
  json::array list;
  for (const EventPtr& event : events) {
    if (is_of(*event, choice)) append(list, *event, choice);
  }
  if (most > 0 && list.size() > most) {
    list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(most));
  }
  return list;
}

}  // namespace tallyman
