// The same samples in the shapes of cAdvisor's API v2 (its info/v2). `before`, an earlier sample of the same workload
// or null, gives "cpu_inst": nanoseconds a second in between. Pure; thread-safe.
#pragma once

#include "exporters/cadvisor/cadvisor_stats.h"

namespace tallyman {

boost::json::object cadvisor_stats_v2(const CadvisorSample& now, const CadvisorSample* before);       // of v2.1
boost::json::object cadvisor_stats_v2_0(const CadvisorSample& now, const CadvisorSample* before);     // of v2.0
boost::json::object cadvisor_machine_stats(const CadvisorSample& now, const CadvisorSample* before);  // of the host

}  // namespace tallyman
