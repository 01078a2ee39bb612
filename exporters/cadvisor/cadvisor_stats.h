// A sample of one workload in the shape of cAdvisor's REST API (its info/v1, main branch of July 2026). Numbers are the
// kernel's own: nanoseconds of CPU time, microseconds of pressure, milliseconds of disks. What the kernel does not
// report is left out, where cAdvisor has 0. Pure; thread-safe.
#pragma once

#include "collectors/model/snapshot.h"

#include <boost/json.hpp>

#include <chrono>
#include <vector>

namespace tallyman {

// The workload's blocks, as BlockIndex finds them; not empty.
struct SampledWorkload {
  const Snapshot* snapshot;
  std::vector<const Block*> blocks;
};

struct CadvisorSample {
  std::chrono::nanoseconds time;  // since the epoch
  // A ContainerStats: {"timestamp":..,"cpu":{"usage":{"total":..},..},"memory":{..},"network":{..},..}
  boost::json::object stats;
};

CadvisorSample cadvisor_sample(const SampledWorkload& sampled);

}  // namespace tallyman
