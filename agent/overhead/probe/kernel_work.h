// Work of the kernel for processes and memory.
#pragma once

#include "agent/overhead/probe/measure.h"

namespace tallyman::probe {

Outcome system_calls(const Order&);
Outcome context_switches(const Order&);
Outcome page_faults(const Order&);
Outcome fork_exec(const Order&);

}  // namespace tallyman::probe
