// Whether a difference of wall time belongs to the mode, or may be mere waiting for a CPU
// that other programs used. Pure; thread-safe.
#pragma once

#include "agent/overhead/model/record.h"
#include "agent/overhead/model/statistics.h"

#include <optional>

namespace tallyman::overhead {

inline constexpr double kBusy = 0.25;  // of all CPUs, used by others

// The part of all CPUs that other programs used while the baseline was measured, 0 to 1.
// A runtime's own processes do not count: they are part of what its modes cost. Of an old
// report without such figures it is the load at its start, per CPU.
std::optional<double> used_by_others(const Record& record);
bool was_busy(const Record& record);

// What was measured beside wall time.
struct Evidence {
  std::optional<Ratio> awake;  // wall time without the waiting for a CPU that others used
  std::optional<Ratio> cpu;    // empty as well if it shows no measurable difference
  bool has_cpu = false;
};
// Whether a ratio of wall times on a busy machine may be quoted. It may if the time without
// waiting differs as much, or more; if that is unknown, in CPU time. Where neither was
// measured (a start, an application) nothing speaks against it.
bool is_confirmed(const Ratio& wall, const Evidence& evidence);

}  // namespace tallyman::overhead
