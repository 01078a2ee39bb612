#include "agent/api/known_workloads.h"

#include "agent/http/responses.h"
#include "collectors/kernel/system/text.h"
#include "collectors/model/snapshot.h"
#include "collectors/model/utf8.h"

#include <boost/json.hpp>

#include <utility>

namespace tallyman {

WorkloadMatches KnownWorkloads::find(std::string text) const {
  WorkloadMatches matches{WorkloadQuery(std::move(text))};
  if (existing != nullptr) {
    for (const WorkloadPtr& one : *existing) matches.offer(WorkloadNames::of(*one), true);
  }
  // The list alone knows what exists now: the history is as old as the last sample.
  if (!matches.none()) return matches;
  if (history != nullptr) history->offer_workloads(matches);
  if (events != nullptr) events->offer_workloads(matches);
  return matches;
}

HttpResponse not_one_workload(const WorkloadMatches& matches, std::string_view parameter) {
  std::string text = parameter.empty() ? std::string() : std::string(parameter) + ": ";
  const std::string asked = '"' + shown(matches.query().text()) + '"';
  if (matches.none()) {
    return error_response(404, text + "none has the id or name " + asked + "; /api/v1/workloads lists all");
  }
  text += "more than one has the name " + asked + ": ";
  boost::json::array candidates;
  for (const std::string& id : matches.candidates()) {
    text += (candidates.empty() ? "" : ", ") + shown(id);
    candidates.emplace_back(valid_utf8(id));
  }
  text += matches.more_candidates() ? ", ...; ask for one by its id" : "; ask for one by its id";
  return json_response(
      boost::json::serialize(boost::json::object{{"error", valid_utf8(text)}, {"candidates", std::move(candidates)}}),
      409);
}

}  // namespace tallyman
