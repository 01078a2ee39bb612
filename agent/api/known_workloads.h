// The workloads that a request can mean, for all routes alike.
#pragma once

#include "agent/http/http_server.h"
#include "collectors/history/history_store.h"
#include "collectors/model/events.h"
#include "collectors/model/workload_query.h"

namespace tallyman {

// What is null knows none. Those that have ended are known by the history and the
// events alone; they count where none that exists is meant.
struct KnownWorkloads {
  const WorkloadList* existing = nullptr;
  const HistoryStore* history = nullptr;
  const EventLog* events = nullptr;

  WorkloadMatches find(std::string text) const;
};

// The answer where not exactly one workload is meant: 404 if there is none, or 409 with
// the candidates. `parameter` begins the sentence, if it is not empty: "workload".
HttpResponse not_one_workload(const WorkloadMatches& matches, std::string_view parameter);

}  // namespace tallyman
