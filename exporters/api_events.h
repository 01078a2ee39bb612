// The JSON of /api/v1/events (docs/api.md). Invalid UTF-8 is replaced.
#pragma once

#include "collectors/model/events.h"

#include <string>
#include <vector>

namespace tallyman {

// One line. {"id":..,"time":..,"type":..,"workload":{..},"message":..,"details":{..}}
std::string event_json(const Event& event);
std::string events_json(const std::vector<EventPtr>& events, const EventLogStatistics& log);

}  // namespace tallyman
