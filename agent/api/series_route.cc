#include "agent/api/series_route.h"

#include "agent/http/responses.h"
#include "collectors/kernel/system/text.h"
#include "collectors/kernel/system/wall_clock.h"
#include "exporters/series_text.h"

#include <algorithm>
#include <cmath>

namespace tallyman {
namespace {

constexpr std::size_t kMaxWorkloads = 6, kMaxParameters = 64;
constexpr double kMaxSteps = 11'000, kMaxPoints = 200'000, kDefaultSteps = 720;
constexpr double kDefaultRange = 3'600, kMinStep = 0.1, kMaxSeconds = 1e11;

std::optional<double> seconds_in(const std::string& text) {
  const auto value = to_number<double>(text);
  return value && std::abs(*value) <= kMaxSeconds ? value : std::nullopt;
}

std::string metric_names() {
  std::string names;
  for (const HistoryField& field : history_fields()) names += (names.empty() ? "" : ", ") + std::string(field.name);
  return names;
}

std::string count_text(double value) { return std::to_string(static_cast<long long>(value)); }

using Checked = Result<void, InputError>;

class Parser {
 public:
  explicit Parser(double now) : now_(now) {}

  Checked take(const std::string& name, const std::string& value) {
    if (name == "workload") return take_workload(value);
    if (name == "metric") return take_metric(value);
    if (name == "format") {
      if (value != "json" && value != "csv")
        return InputError{"format: \"" + shown(value) + "\" is neither json nor csv"};
      request_.csv = value == "csv";
      return {};
    }
    for (const auto& [known, into] : {std::pair{"from", &from_}, {"to", &to_}, {"step", &step_}}) {
      if (name != known) continue;
      *into = seconds_in(value);
      if (!*into) return InputError{name + ": \"" + shown(value) + "\" is not a number of seconds"};
      return {};
    }
    return InputError{"there is no parameter \"" + shown(name) +
                      "\"; there are: workload, metric, from, to, step, format"};
  }

  Checked finish() {
    HistoryQuery& query = request_.query;
    if (query.workloads.empty()) return InputError{"workload: which one? /api/v1/workloads lists all"};
    if (query.fields.empty()) return InputError{"metric: which one? There are: " + metric_names()};
    query.from = absolute(from_.value_or(-kDefaultRange));
    query.to = absolute(to_.value_or(0));
    if (query.from >= query.to) return InputError{"from: must be before to, which is now when it is not given"};
    const double range = query.to - query.from;
    query.step = step_.value_or(std::max(1.0, std::ceil(range / kDefaultSteps)));
    if (query.step < kMinStep) return InputError{"step: must be at least 0.1 seconds"};
    const double steps = range / query.step;
    const double series = static_cast<double>(query.workloads.size() * query.fields.size());
    const double most = std::min(kMaxSteps, std::floor(kMaxPoints / series));
    if (steps > most) {
      return InputError{"step: " + count_text(steps) + " steps are more than the " + count_text(most) +
                        " allowed here: give a step of at least " + count_text(std::ceil(range / most)) +
                        ", or a shorter range"};
    }
    return {};
  }

  SeriesRequest request() && { return std::move(request_); }

 private:
  double absolute(double time) const { return time <= 0 ? now_ + time : time; }

  Checked take_workload(const std::string& value) {
    auto& list = request_.query.workloads;
    if (value.empty()) return InputError{"workload: must not be empty; / is the host"};
    if (std::find(list.begin(), list.end(), value) != list.end()) return {};
    if (list.size() == kMaxWorkloads)
      return InputError{"workload: at most " + std::to_string(kMaxWorkloads) + " at a time"};
    list.push_back(value);
    return {};
  }

  Checked take_metric(const std::string& value) {
    const auto field = find_history_field(value);
    if (!field) return InputError{"metric: there is no \"" + shown(value) + "\"; there are: " + metric_names()};
    auto& list = request_.query.fields;
    if (std::find(list.begin(), list.end(), *field) == list.end()) list.push_back(*field);
    return {};
  }

  double now_;
  SeriesRequest request_;
  std::optional<double> from_, to_, step_;
};

}  // namespace

Result<SeriesRequest, InputError> parse_series_request(const QueryParameters& parameters, double now) {
  if (parameters.size() > kMaxParameters)
    return InputError{"there are more than " + std::to_string(kMaxParameters) + " parameters"};
  Parser parser(now);
  for (const auto& [name, value] : parameters) {
    if (const Checked taken = parser.take(name, value); !taken) return taken.error();
  }
  if (const Checked finished = parser.finish(); !finished) return finished.error();
  return std::move(parser).request();
}

HttpResponse series_response(const HttpRequest& request, const KnownWorkloads& known) {
  if (request.query.empty()) return json_response(fields_json());
  auto parsed = parse_series_request(request.query, static_cast<double>(wall_clock_nsec()) / 1e9);
  if (!parsed) return error_response(400, parsed.error().text);
  if (known.history == nullptr) return error_response(404, "the history is turned off: history.memory is 0");
  SeriesRequest& wanted = *parsed;
  for (std::string& workload : wanted.query.workloads) {
    const WorkloadMatches matches = known.find(workload);
    if (matches.only() == nullptr) return not_one_workload(matches, "workload");
    workload = *matches.only();
  }
  const HistoryAnswer answer = known.history->answer(wanted.query);
  if (!wanted.csv) return json_response(series_json(answer));
  HttpResponse response;
  response.content_type = "text/csv; charset=utf-8";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"tallyman-series.csv\"");
  response.body = std::make_shared<const std::string>(series_csv(answer));
  return response;
}

}  // namespace tallyman
