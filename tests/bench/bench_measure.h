// What the benchmarks share: CPU time, ratios of things measured turn by turn in
// one run, and the table. Wall time is of no use on a shared machine, and figures
// of two runs cannot be compared; the ratio of neighbours can.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman::bench {

// Of this thread, user and system.
double cpu_seconds();
double cpu_seconds_of(const std::function<void()>& work);

double median(std::vector<double> values);

// CPU seconds of each of `works` in each of `rounds` rounds: [work][round]. In a
// round they run one after the other, the order turned by one each time.
// `before` runs before each, untimed; may be empty.
std::vector<std::vector<double>> interleaved(int rounds, const std::vector<std::function<void()>>& works,
                                             const std::function<void()>& before = {});
// The median of a's rounds over b's.
double ratio(const std::vector<double>& a, const std::vector<double>& b);

enum class Bound { kAtMost, kAtLeast, kNone };

// Prints "| what | must reach | measured | |" with a word on whether it does.
// The table's head is the script's. Returns whether it is reached.
bool print_row(std::string_view what, Bound bound, double target, double measured, std::string_view unit,
               std::string_view detail);

// "12.34"
std::string number(double value, int decimals = 2);

}  // namespace tallyman::bench
