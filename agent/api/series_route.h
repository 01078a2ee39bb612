// /api/v1/series: checks the query and answers it from the history.
#pragma once

#include "agent/api/known_workloads.h"
#include "agent/config/input_error.h"
#include "agent/http/http_server.h"
#include "collectors/history/history_store.h"

#include <string>
#include <utility>
#include <vector>

namespace tallyman {

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

struct SeriesRequest {
  HistoryQuery query;  // with the workloads as the client named them
  bool csv = false;
};

// If a parameter is wrong, returns a sentence that names it and explains what to
// do. `now` is in seconds since the epoch. Pure.
Result<SeriesRequest, InputError> parse_series_request(const QueryParameters& parameters, double now);

// `known.history` is null if the history is disabled. Thread-safe.
HttpResponse series_response(const HttpRequest& request, const KnownWorkloads& known);

}  // namespace tallyman
