#include "agent/overhead/report/waiting.h"

#include "agent/overhead/model/plan.h"

#include <algorithm>
#include <cstdlib>

namespace tallyman::overhead {
namespace {

double fact(const Record& record, const std::string& name) {
  const auto found = record.facts.find(name);
  return found == record.facts.end() ? 0 : std::strtod(found->second.c_str(), nullptr);
}

// The same direction, and not less. It may be more: waiting that is on both sides makes a ratio smaller.
bool agrees(const Ratio& wall, const Ratio& other) {
  if (other.interval.contains(1) || (other.value > 1) != (wall.value > 1)) return false;
  return wall.value > 1 ? other.interval.high >= wall.interval.low : other.interval.low <= wall.interval.high;
}

}  // namespace

std::optional<double> used_by_others(const Record& record) {
  const double cpus = fact(record, "cpus");
  if (!(cpus > 0)) return {};
  double used = 0, passed = 0;
  for (const CellRecord& cell : record.cells) {
    if (cell.mode != record.baseline && cell.mode != kControl) continue;
    for (const Sample& sample : cell.samples) {
      if (!sample.busy_ns || !sample.own_cpu_ns || sample.ended_ns <= sample.began_ns) continue;
      // Either may be the larger one: the kernel counts the CPUs in ticks.
      used += static_cast<double>(*sample.busy_ns) - static_cast<double>(*sample.own_cpu_ns);
      passed += static_cast<double>(sample.ended_ns - sample.began_ns);
    }
  }
  if (passed > 0) return std::clamp(used / passed / cpus, 0.0, 1.0);
  if (!record.facts.contains("load at the start")) return {};
  return std::min(1.0, fact(record, "load at the start") / cpus);
}

bool was_busy(const Record& record) { return used_by_others(record).value_or(0) > kBusy; }

bool is_confirmed(const Ratio& wall, const Evidence& evidence) {
  if (evidence.awake) return agrees(wall, *evidence.awake);
  if (evidence.has_cpu) return evidence.cpu && agrees(wall, *evidence.cpu);
  return true;
}

}  // namespace tallyman::overhead
