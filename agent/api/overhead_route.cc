#include "agent/api/overhead_route.h"

#include "agent/http/responses.h"

#include <boost/json.hpp>

namespace tallyman {

HttpResponse overhead_list_response(OverheadReports& reports) {
  const auto list = reports.list();
  if (!list) return error_response(500, list.error().text);
  std::string summaries;
  for (const std::string& one : list->summaries) summaries += (summaries.empty() ? "" : ",") + one;
  boost::json::array unreadable;
  for (const ReportList::Unreadable& one : list->unreadable) {
    unreadable.push_back(boost::json::object{{"run", one.run}, {"error", one.error}});
  }
  return json_response("{\"directory\":" + boost::json::serialize(boost::json::string(list->directory)) +
                       ",\"reports\":[" + summaries + "],\"unreadable\":" + boost::json::serialize(unreadable) + "}");
}

HttpResponse overhead_report_response(OverheadReports& reports, const std::string& run) {
  auto text = reports.report(run);
  if (text) return json_response(std::move(*text));
  const overhead::Failure& failure = text.error();
  return error_response(failure.kind == overhead::FailureKind::kNotFound ? 404 : 500, failure.text);
}

}  // namespace tallyman
