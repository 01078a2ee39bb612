// Work of the processor alone.
#pragma once

#include "agent/overhead/probe/measure.h"

namespace tallyman::probe {

Outcome integer(const Order&);
Outcome floating_point(const Order&);

}  // namespace tallyman::probe
