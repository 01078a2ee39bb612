// Makes a SamplingService of what the user chose: the one place that knows the options and
// all the parts.
#pragma once

#include "agent/config/options.h"
#include "agent/service/sampling_service.h"
#include "collectors/kernel/system/error.h"
#include "collectors/model/collector.h"

#include <memory>
#include <vector>

namespace tallyman {

// Not started. Errors: no cgroup hierarchy; an invalid expression for labels or interfaces.
Result<std::unique_ptr<SamplingService>> make_sampling_service(const Options& options, SamplingServiceEvents events);

// As many connections as leave descriptors for everything else. Idle ones must not take those
// that the sampler needs.
unsigned connections_that_fit(unsigned wanted);

// The collectors that are on: the defaults with the user's changes.
std::vector<const Collector*> chosen_collectors(const Options::Collectors& options);

}  // namespace tallyman
