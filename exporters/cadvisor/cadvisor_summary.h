// What a container used over a minute, an hour and a day, in the shape of cAdvisor's REST API
// (info/v2: DerivedStats). Pure; thread-safe.
#pragma once

#include "collectors/model/history_fields.h"

#include <boost/json.hpp>

#include <array>
#include <string>
#include <string_view>

namespace tallyman {

// The usage of a period is in the answer to `cadvisor_usage_query`.
struct CadvisorPeriod {
  std::string_view name;
  double seconds, step;  // percentiles are over the averages of the steps
};
inline constexpr std::array kCadvisorPeriods = {
    CadvisorPeriod{"minute_usage", 60, 1},
    CadvisorPeriod{"hour_usage", 3'600, 10},
    CadvisorPeriod{"day_usage", 86'400, 60},
};

// `now`: seconds since the epoch.
HistoryQuery cadvisor_usage_query(const CadvisorPeriod& period, const std::string& workload, double now);

// Millicores and bytes of working set: mean, maximum and percentiles by the nearest rank, and
// how much of the period the history has.
boost::json::object cadvisor_usage(const CadvisorPeriod& period, const HistoryAnswer& answer);

}  // namespace tallyman
