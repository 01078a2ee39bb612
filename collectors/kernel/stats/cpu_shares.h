// A CPU weight on the scale of cgroup v1, where 1024 is what nobody has set.
#pragma once

#include "collectors/kernel/stats/count.h"

namespace tallyman {

struct LimitStats;

// On v2 what the user set (`set`, by the runtime's files), if the cgroup's weight agrees with it: somebody may have set
// another weight since. Else what a current runtime would have made that weight of. Empty if neither is known.
Count cpu_shares_of(const LimitStats& limits, Count set = {});

}  // namespace tallyman
