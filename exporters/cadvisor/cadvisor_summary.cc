#include "exporters/cadvisor/cadvisor_summary.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tallyman {
namespace {

namespace json = boost::json;

constexpr double kMillicores = 1'000;

json::object percentiles_of(const HistorySeries& series, double scale) {
  std::vector<double> values;
  double sum = 0;
  for (const auto& [time, value] : series.points) {
    values.push_back(value * scale);
    sum += value * scale;
  }
  if (values.empty()) return {{"present", false}};
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  const auto whole = [](double value) { return static_cast<std::uint64_t>(std::llround(std::max(0.0, value))); };
  const auto percentile = [&](double share) {
    return whole(values[static_cast<std::size_t>(std::max(1.0, std::ceil(share * count))) - 1]);
  };
  return {{"present", true},          {"mean", whole(sum / count)}, {"max", whole(values.back())},
          {"fifty", percentile(0.5)}, {"ninety", percentile(0.9)},  {"ninetyfive", percentile(0.95)}};
}

}  // namespace

HistoryQuery cadvisor_usage_query(const CadvisorPeriod& period, const std::string& workload, double now) {
  return {{workload},
          {*find_history_field("cpu_cores"), *find_history_field("working_set_bytes")},
          now - period.seconds,
          now,
          period.step};
}

json::object cadvisor_usage(const CadvisorPeriod& period, const HistoryAnswer& answer) {
  const HistorySeries& cpu = answer.series.at(0);
  const HistorySeries& memory = answer.series.at(1);
  const double percent = 100 * static_cast<double>(memory.points.size()) * answer.step / period.seconds;
  return {{"percent_complete", std::min<std::int64_t>(100, std::llround(percent))},
          {"cpu", percentiles_of(cpu, kMillicores)},
          {"memory", percentiles_of(memory, 1)}};
}

}  // namespace tallyman
