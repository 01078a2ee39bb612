// What the agent tells of itself, gathered from the statistics of its parts.
#pragma once

#include "agent/api/routes.h"
#include "exporters/self_metrics.h"

namespace tallyman {

// All but what the exposition and the reports of overhead count, which belong to the
// routes. Any thread, as the sources' own statistics are.
SelfStatistics gather_self_statistics(const RouteSources& sources, const EventLog& events);

}  // namespace tallyman
