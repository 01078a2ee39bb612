#include "tests/bench/bench_measure.h"

#include <time.h>

#include <algorithm>
#include <cstdio>

namespace tallyman::bench {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double cpu_seconds_of(const std::function<void()>& work) {
  const double start = cpu_seconds();
  work();
  return cpu_seconds() - start;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<std::vector<double>> interleaved(int rounds, const std::vector<std::function<void()>>& works,
                                             const std::function<void()>& before) {
  std::vector<std::vector<double>> seconds(works.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < works.size(); ++i) {
      const std::size_t which = (i + static_cast<std::size_t>(round)) % works.size();
      if (before) {
        before();
      }
      seconds[which].push_back(cpu_seconds_of(works[which]));
    }
  }
  return seconds;
}

double ratio(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    ratios.push_back(a[i] / b[i]);
  }
  return median(std::move(ratios));
}

std::string number(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

bool print_row(std::string_view what, Bound bound, double target, double measured, std::string_view unit,
               std::string_view detail) {
  const bool reached = bound == Bound::kNone || (bound == Bound::kAtMost ? measured <= target : measured >= target);
  const int decimals = target >= 10 || measured >= 20 ? 1 : 2;
  std::string wanted = "-";
  if (bound != Bound::kNone) {
    wanted = (bound == Bound::kAtMost ? "at most " : "at least ") + number(target, target >= 10 ? 0 : 2);
    wanted.append(unit);
  }
  std::printf("| %s | %s | %s%s%s | %s |\n", std::string(what).c_str(), wanted.c_str(),
              number(measured, decimals).c_str(), std::string(unit).c_str(), reached ? "" : " **missed**",
              std::string(detail).c_str());
  std::fflush(stdout);
  return reached;
}

}  // namespace tallyman::bench
