#include "collectors/kernel/stats/process_stats.h"

namespace tallyman {

std::string_view to_string(NamespaceType type) {
  constexpr std::array<std::string_view, kNamespaceTypes> kNames = {"cgroup", "ipc",  "mnt",  "net",
                                                                    "pid",    "time", "user", "uts"};
  return kNames[static_cast<std::size_t>(type)];
}

}  // namespace tallyman
