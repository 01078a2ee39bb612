#include "exporters/api_events.h"

#include "collectors/model/snapshot.h"
#include "collectors/model/utf8.h"
#include "exporters/api_text.h"

#include <boost/json.hpp>

namespace tallyman {
namespace {

namespace json = boost::json;

void set(json::object& object, std::string_view key, const std::string& text) {
  if (!text.empty()) object[key] = valid_utf8(text);
}

json::object object_of(const Event& event) {
  json::object object{{"id", event.id}, {"time", rfc3339(event.time_nsec)}, {"type", to_string(event.type)}};
  json::object workload{{"id", valid_utf8(event.workload_id)}, {"kind", to_string(event.kind)}};
  set(workload, "workload", event.workload);
  set(workload, "runtime", event.runtime);
  set(workload, "container_id", event.container_id);
  set(workload, "name", event.name);
  set(workload, "image", event.image);
  set(workload, "container", event.container);
  set(workload, "pod", event.pod);
  set(workload, "namespace", event.name_space);
  object["workload"] = std::move(workload);
  object["message"] = valid_utf8(event.message);
  json::object details;
  for (const auto& [key, detail] : event.details) {
    if (const auto* number = std::get_if<std::int64_t>(&detail)) details[key] = *number;
    if (const auto* real = std::get_if<double>(&detail)) details[key] = *real;
    if (const auto* text = std::get_if<std::string>(&detail)) details[key] = valid_utf8(*text);
  }
  if (!details.empty()) object["details"] = std::move(details);
  return object;
}

}  // namespace

std::string event_json(const Event& event) { return json::serialize(object_of(event)); }

std::string events_json(const std::vector<EventPtr>& events, const EventLogStatistics& log) {
  json::array array;
  array.reserve(events.size());
  for (const EventPtr& event : events) array.push_back(object_of(*event));
  return json::serialize(json::object{
      {"events", std::move(array)}, {"newest", log.newest}, {"oldest", log.oldest}, {"dropped", log.dropped}});
}

}  // namespace tallyman
