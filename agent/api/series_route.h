// /api/v1/series: what is asked of the history, checked, and the answer.
#pragma once

#include "agent/http/http_server.h"
#include "collectors/history/history_store.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tallyman {

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

struct SeriesRequest {
  HistoryQuery query;  // workloads as they were asked for
  bool csv = false;
};

// A sentence that names the parameter and says what to do, if something is
// wrong. `now` is in seconds since the epoch. Pure.
std::variant<SeriesRequest, std::string> parse_series_request(const QueryParameters& parameters, double now);

// `history` may be null: it is turned off. Thread-safe.
HttpResponse series_response(const HttpRequest& request, const HistoryStore* history);

}  // namespace tallyman
