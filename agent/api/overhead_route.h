// /api/v1/overhead and /api/v1/overhead/RUN, from the reports that are kept. Thread-safe.
#pragma once

#include "agent/http/http_server.h"
#include "agent/overhead/model/report_store.h"

#include <string>

namespace tallyman {

HttpResponse overhead_list_response(OverheadReports& reports);
HttpResponse overhead_report_response(OverheadReports& reports, const std::string& run);

}  // namespace tallyman
