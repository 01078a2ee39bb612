#include "collectors/kernel/stats/filesystem_stats.h"

namespace tallyman {

std::string_view to_string(UsageSource source) {
  switch (source) {
    case UsageSource::kWalk:
      return "walk";
    case UsageSource::kQuota:
      return "quota";
    case UsageSource::kFilesystem:
      break;
  }
  return "filesystem";
}

}  // namespace tallyman
