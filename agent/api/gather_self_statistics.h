// The agent's statistics about itself, collected from its parts.
#pragma once

#include "agent/api/routes.h"
#include "exporters/self_metrics.h"

namespace tallyman {

// Everything except the counters of the exposition and of the overhead reports, which
// the routes hold. Thread-safe, because the statistics of the parts are.
SelfStatistics gather_self_statistics(const RouteSources& sources, const EventLog& events);

}  // namespace tallyman
