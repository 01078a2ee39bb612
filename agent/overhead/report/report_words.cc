#include "agent/overhead/report/report_words.h"

#include <cmath>
#include <cstdio>

namespace tallyman::overhead {
namespace {

std::string formatted(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

bool as_percent(double ratio) { return ratio >= 0.5 && ratio < 2; }

std::string percent(double ratio) {
  const double change = (ratio - 1) * 100;
  return formatted(std::abs(change) < 9.95 ? "%+.1f" : "%+.0f", change);
}

std::string times(double ratio) { return formatted(ratio < 1 ? "%.2f" : ratio < 9.95 ? "%.1f" : "%.0f", ratio); }

}  // namespace

std::string time_text(double nanoseconds) {
  struct Unit {
    double size;
    const char* name;
  };
  constexpr Unit kUnits[] = {{1e9, " s"}, {1e6, " ms"}, {1e3, " µs"}, {1, " ns"}};
  for (const Unit& unit : kUnits) {
    const double value = nanoseconds / unit.size;
    if (value < 0.9995 && unit.size > 1) continue;
    return formatted(value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value) + unit.name;
  }
  return {};
}

std::string change_text(double ratio) { return as_percent(ratio) ? percent(ratio) + " %" : "x " + times(ratio); }

std::string interval_text(const Interval& interval) {
  if (as_percent(interval.low) && as_percent(interval.high)) {
    return percent(interval.low) + " .. " + percent(interval.high) + " %";
  }
  return "x " + times(interval.low) + " .. " + times(interval.high);
}

std::string without_number(const Comparison& comparison) {
  return comparison.unclear ? "cannot tell: this machine is busy" : "no measurable difference";
}

std::string noise_text(double floor) {
  if (!std::isfinite(floor)) return "unknown";
  return floor < 2 ? formatted("%.1f %%", (floor - 1) * 100) : "x " + times(floor);
}

}  // namespace tallyman::overhead
