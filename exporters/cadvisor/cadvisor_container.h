// What identifies and limits one workload, and the machine, in the shape of cAdvisor's REST API (info/v1, info/v2).
// Pure; thread-safe.
#pragma once

#include "collectors/model/label_filter.h"
#include "collectors/model/workload.h"
#include "exporters/api_json.h"
#include "exporters/cadvisor/cadvisor_stats.h"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace tallyman {

// By what a container can be asked for: its name, and its runtime's id.
std::vector<std::string> cadvisor_aliases(const Workload& workload);
// "docker", "containerd", "podman" or "crio", by which cAdvisor tells whose the aliases are; empty: none of these.
std::string_view cadvisor_namespace(const Workload& workload);

// A ContainerReference: {"id":..,"name":CGROUP,"aliases":[..],"namespace":".."}
boost::json::object cadvisor_reference(const Workload& workload);

// A ContainerSpec of v1. Without a sample the limits are not known, and nothing is said to be measured. `labels`
// selects the container labels.
boost::json::object cadvisor_spec(const Workload& workload, const SampledWorkload& sampled, const LabelFilter& labels);
// The same of v2, which has the aliases and the namespace too.
boost::json::object cadvisor_spec_v2(const Workload& workload, const SampledWorkload& sampled,
                                     const LabelFilter& labels);

// A MachineInfo; `host` is a sample of the host, or null.
boost::json::object cadvisor_machine(const HostFacts& facts, const CadvisorSample* host);
// The Attributes of v2.
boost::json::object cadvisor_attributes(const HostFacts& facts, const CadvisorSample* host);

}  // namespace tallyman
