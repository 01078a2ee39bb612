// Work on files, in the order's directory.
#pragma once

#include "agent/overhead/probe/measure.h"

namespace tallyman::probe {

Outcome small_files(const Order&);
Outcome sequential_write(const Order&);
Outcome sequential_read(const Order&);
Outcome synced_write(const Order&);
Outcome random_read(const Order&);
Outcome random_write(const Order&);
Outcome first_write(const Order&);

}  // namespace tallyman::probe
