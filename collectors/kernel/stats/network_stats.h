// What the kernel counts for one network interface.
#pragma once

#include <cstdint>
#include <string>

namespace tallyman {

// One row of /proc/PID/net/dev.
struct InterfaceStats {
  std::string name;
  std::uint64_t rx_bytes = 0, rx_packets = 0, rx_errors = 0, rx_dropped = 0;
  std::uint64_t tx_bytes = 0, tx_packets = 0, tx_errors = 0, tx_dropped = 0;
};

}  // namespace tallyman
