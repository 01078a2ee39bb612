// Figures as all reports write them. Pure; thread-safe.
#pragma once

#include "agent/overhead/report/analysis.h"

#include <string>

namespace tallyman::overhead {

// "12.3 ns", "1.50 ms"; "+5.2 %" from half to twice, "x 12.3" beyond.
std::string time_text(double nanoseconds);
std::string change_text(double ratio);
std::string interval_text(const Interval& interval);  // "+4.1 .. +6.3 %"
// Of a comparison without a number: "no measurable difference", or that nobody can tell.
std::string without_number(const Comparison& comparison);
std::string noise_text(double floor);  // "0.4 %"

}  // namespace tallyman::overhead
