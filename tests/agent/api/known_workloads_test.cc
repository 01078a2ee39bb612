// Which workload is meant: the same answer from the three routes that ask.
#include "agent/api/known_workloads.h"

#include "agent/api/routes.h"
#include "agent/service/make_sampling_service.h"
#include "tests/agent/service/small_host.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include <future>
#include <ostream>
#include <set>
#include <stdexcept>

namespace tallyman {
namespace {

using ::testing::HasSubstr;

enum class WorkloadRoute { kWorkload, kSeries, kEvents };
constexpr WorkloadRoute kRoutes[] = {WorkloadRoute::kWorkload, WorkloadRoute::kSeries, WorkloadRoute::kEvents};

std::string id_of(char digit) { return std::string(64, digit); }

// "web" and "db" exist; "twin" exists twice; "gone" has ended once; "lost" has ended twice; "back" has ended and
// exists again as another container.
class NamedHost {
 public:
  NamedHost() {
    for (const auto& [digit, name] : {std::pair('c', "twin"), {'d', "twin"}, {'e', "back"}}) {
      small_.add_container(id_of(digit), name);
    }
    for (const auto& [digit, name] : {std::pair('1', "gone"), {'2', "lost"}, {'3', "lost"}, {'4', "back"}}) {
      small_.add_container(id_of(digit), name);
    }
    SamplingServiceEvents events;
    events.log = log_;
    auto made = make_sampling_service(small_.options(), events);
    if (!made) throw std::runtime_error(to_string(made.error()));
    sampling_service_ = std::move(*made);
    sample();
    for (const WorkloadPtr& one : *sampling_service_->workloads()) {
      log_->append(Event::of(*one, EventType::kStarted, 1, "started"));
    }
    for (const char digit : {'1', '2', '3', '4'}) {
      remove_v1_cgroup(small_.host, SmallHost::cgroup_of(id_of(digit)));
    }
    sample();
    routes_ = std::make_unique<Routes>(
        RouteOptions{},
        RouteSources{[this] { return sampling_service_; }, [] { return HttpStatistics{}; },
                     [] { return std::uint64_t{0}; }, &history_, [] { return std::uint64_t{0}; }, nullptr, log_});
  }

  HttpResponse get(WorkloadRoute route, const std::string& workload) {
    HttpRequest request;
    request.method = "GET";
    request.path = route == WorkloadRoute::kWorkload ? "/api/v1/workloads/" + workload
                   : route == WorkloadRoute::kSeries ? "/api/v1/series"
                                                     : "/api/v1/events";
    if (route != WorkloadRoute::kWorkload) request.query.emplace_back("workload", workload);
    if (route == WorkloadRoute::kSeries) request.query.emplace_back("metric", "cpu_cores");
    std::promise<HttpResponse> promise;
    routes_->handle(std::move(request), [&](HttpResponse response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  }

 private:
  void sample() { history_.add(*sampling_service_->sample_once()); }

  SmallHost small_;
  std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>(100);
  HistoryStore history_{HistoryOptions{}};
  std::shared_ptr<SamplingService> sampling_service_;
  std::unique_ptr<Routes> routes_;
};

std::string text_of(const boost::json::value& value) { return std::string(value.as_string()); }

// The ids in the answer; of a refusal its candidates.
std::set<std::string> ids_in(WorkloadRoute route, const HttpResponse& response) {
  const auto answer = boost::json::parse(*response.body).as_object();
  std::set<std::string> ids;
  if (response.status != 200) {
    EXPECT_FALSE(text_of(answer.at("error")).empty());
    const auto* candidates = answer.if_contains("candidates");
    if (candidates == nullptr) return ids;
    for (const auto& one : candidates->as_array()) ids.insert(text_of(one));
  } else if (route == WorkloadRoute::kWorkload) {
    ids.insert(text_of(answer.at("id")));
  } else if (route == WorkloadRoute::kSeries) {
    for (const auto& one : answer.at("series").as_array()) ids.insert(text_of(one.as_object().at("workload")));
  } else {
    for (const auto& one : answer.at("events").as_array())
      ids.insert(text_of(one.as_object().at("workload").as_object().at("id")));
  }
  return ids;
}

struct Asked {
  std::string workload;
  int status;
  std::set<std::string> ids;
};
void PrintTo(const Asked& asked, std::ostream* out) { *out << asked.workload; }  // in the name of the case

std::string cgroup(char digit) { return SmallHost::cgroup_of(id_of(digit)); }
std::string web() { return SmallHost::cgroup_of(SmallHost::kWeb); }

class WhichWorkload : public ::testing::TestWithParam<Asked> {};

TEST_P(WhichWorkload, IsTheSameForEveryRoute) {
  NamedHost host;
  const Asked& asked = GetParam();
  for (const WorkloadRoute route : kRoutes) {
    SCOPED_TRACE(static_cast<int>(route));
    const HttpResponse response = host.get(route, asked.workload);
    // Nothing has happened to a workload that nobody knows: that is a list too.
    const bool unknown = asked.status == 404 && route == WorkloadRoute::kEvents;
    EXPECT_EQ(response.status, unknown ? 200 : asked.status);
    EXPECT_EQ(ids_in(route, response), asked.ids);
  }
}

INSTANTIATE_TEST_SUITE_P(
    ThatExists, WhichWorkload,
    ::testing::Values(Asked{web(), 200, {web()}}, Asked{web().substr(1), 200, {web()}},
                      Asked{SmallHost::kWeb, 200, {web()}}, Asked{SmallHost::kWeb.substr(0, 12), 200, {web()}},
                      Asked{SmallHost::kWeb.substr(0, 11), 404, {}}, Asked{"web", 200, {web()}}, Asked{"/", 200, {"/"}},
                      Asked{"host", 200, {"/"}}, Asked{"docker", 200, {"/docker"}}, Asked{"nobody", 404, {}},
                      Asked{"back", 200, {cgroup('e')}}, Asked{"twin", 409, {cgroup('c'), cgroup('d')}},
                      Asked{id_of('c'), 200, {cgroup('c')}}));

class WhichEndedWorkload : public ::testing::TestWithParam<Asked> {};

TEST_P(WhichEndedWorkload, IsTheSameForThePast) {
  NamedHost host;
  const Asked& asked = GetParam();
  EXPECT_EQ(host.get(WorkloadRoute::kWorkload, asked.workload).status, 404) << "it does not exist any more";
  for (const WorkloadRoute route : {WorkloadRoute::kSeries, WorkloadRoute::kEvents}) {
    SCOPED_TRACE(static_cast<int>(route));
    const HttpResponse response = host.get(route, asked.workload);
    EXPECT_EQ(response.status, asked.status);
    EXPECT_EQ(ids_in(route, response), asked.ids);
  }
}

INSTANTIATE_TEST_SUITE_P(ThatHasEnded, WhichEndedWorkload,
                         ::testing::Values(Asked{"gone", 200, {cgroup('1')}}, Asked{cgroup('1'), 200, {cgroup('1')}},
                                           Asked{cgroup('1').substr(1), 200, {cgroup('1')}},
                                           Asked{id_of('4'), 200, {cgroup('4')}},
                                           Asked{"lost", 409, {cgroup('2'), cgroup('3')}}));

TEST(NotOneWorkload, NamesTheCandidatesAndWhatToDo) {
  WorkloadMatches matches{WorkloadQuery("we\nb")};
  matches.offer({"/a", "", "we\nb", ""}, true);
  matches.offer({"/b\"", "", "we\nb", ""}, true);
  const HttpResponse refused = not_one_workload(matches, "workload");
  EXPECT_EQ(refused.status, 409);
  const auto answer = boost::json::parse(*refused.body).as_object();
  EXPECT_EQ(answer.at("error").as_string(),
            "workload: more than one has the name \"we?b\": /a, /b\"; ask for one by its id");
  EXPECT_EQ(answer.at("candidates").as_array().size(), 2U);
  const HttpResponse unknown = not_one_workload(WorkloadMatches{WorkloadQuery("web")}, "");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(*unknown.body, HasSubstr("/api/v1/workloads"));
}

}  // namespace
}  // namespace tallyman
