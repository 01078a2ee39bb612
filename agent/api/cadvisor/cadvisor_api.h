// cAdvisor's REST API, read-only: v1.0 to v1.3, v2.0 and v2.1, in the shapes that its Go clients read
// (docs/migrating-from-cadvisor.md). Thread-safe.
#pragma once

#include "agent/http/http_server.h"
#include "collectors/model/events.h"
#include "collectors/model/history_fields.h"
#include "collectors/model/label_filter.h"
#include "collectors/model/snapshot.h"
#include "collectors/model/workload.h"
#include "exporters/api_json.h"

#include <functional>
#include <string>

namespace tallyman {

struct CadvisorState {
  SnapshotPtr before, now;  // the last two samples; null: not yet
  WorkloadListPtr workloads;
  LabelFilter labels;  // of containers: those that leave the agent
  HostFacts host;
  const EventLog* events = nullptr;                           // not null
  std::function<HistoryAnswer(const HistoryQuery&)> history;  // empty: there is none
  // A response to which each new event is written as the function says; empty: this one not.
  std::function<HttpResponse(std::function<std::string(const Event&)>)> event_stream;
};

// The answer to a path below /api/v1.0/ to /api/v2.1/; GET or POST.
HttpResponse cadvisor_response(const HttpRequest& request, const CadvisorState& state);

}  // namespace tallyman
