#include "collectors/sampling/lifecycle/oom_victims.h"

#include "collectors/model/workload_id.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace tallyman {
namespace {

constexpr std::size_t kMaxNamed = 5;

// From the root on: what is inside a container may have any name, another's whole path too.
bool is_at_or_below(std::string_view cgroup, std::string_view id) {
  return cgroup == id || WorkloadId(id).contains(WorkloadId(cgroup));
}

}  // namespace

void OomVictims::name_in(Event& event) {
  std::vector<OomVictim> fresh = read_();
  std::move(fresh.begin(), fresh.end(), std::back_inserter(waiting_));
  while (waiting_.size() > kMaxWaiting) {
    waiting_.pop_front();
  }
  std::vector<OomVictim> here;
  std::erase_if(waiting_, [&](OomVictim& victim) {
    const bool is_here = is_at_or_below(victim.cgroup, event.workload_id);
    if (is_here) {
      here.push_back(std::move(victim));
    }
    return is_here;
  });
  if (here.empty()) {
    return;
  }
  for (std::size_t i = 0; i < std::min(here.size(), kMaxNamed); ++i) {
    event.message += (i == 0 ? ": " : ", ") + here[i].comm + " (pid " + std::to_string(here[i].pid) + ")";
  }
  if (here.size() > kMaxNamed) {
    event.message += ", ...";
  }
  event.details.emplace_back("process", here.back().comm);
  event.details.emplace_back("pid", static_cast<std::int64_t>(here.back().pid));
}

}  // namespace tallyman
