#include "agent/api/routes.h"

#include "agent/api/cadvisor/cadvisor_api.h"
#include "agent/api/dashboard.h"
#include "agent/api/event_feed.h"
#include "agent/api/gather_self_statistics.h"
#include "agent/api/known_workloads.h"
#include "agent/api/negotiation.h"
#include "agent/api/overhead_route.h"
#include "agent/api/query_pool.h"
#include "agent/api/route_table.h"
#include "agent/api/series_route.h"
#include "agent/api/usage_json.h"
#include "agent/http/responses.h"
#include "agent/overhead/model/report_store.h"
#include "agent/version.h"
#include "collectors/kernel/system/thread.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/collector_table.h"
#include "collectors/model/process_facts.h"
#include "exporters/api_json.h"
#include "exporters/catalogue_text.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>

namespace tallyman {
namespace {

std::string without_last_slash(std::string path) {
  if (path.ends_with('/')) path.pop_back();
  return path;
}

// "/tallyman" -> "/tallyman/", because relative links need the slash.
HttpResponse redirect_into(const std::string& directory) {
  HttpResponse response = text_response(308, "The dashboard is at " + directory + "/");
  response.headers.emplace_back("Location", directory.substr(directory.rfind('/') + 1) + "/");
  return response;
}

std::string collector_names() {
  std::string names;
  for (const Collector* collector : all_collectors()) {
    names += (names.empty() ? "" : ", ") + std::string(collector->name);
  }
  return names;
}

bool is_collector(const std::string& name) {
  const auto all = all_collectors();
  return name == "self" || std::any_of(all.begin(), all.end(), [&](const Collector* c) { return c->name == name; });
}

HostFacts host_facts(const SamplingService& sampling_service) {
  const HostStats host = sampling_service.host();
  HostFacts facts;
  facts.agent_version = kVersion;
  facts.cgroup_mode = to_string(sampling_service.mounts().mode());
  facts.cgroup_hierarchies = sampling_service.mounts().describe();
  facts.hostname = host.machine.hostname;
  facts.machine_id = host.machine.machine_id;
  facts.system_uuid = host.machine.system_uuid;
  facts.boot_id = host.machine.boot_id;
  facts.kernel_version = host.machine.kernel_version;
  facts.os_version = host.machine.os_version;
  facts.cpu_cores = host.machine.cpu_cores;
  facts.physical_cores = host.machine.physical_cores;
  facts.sockets = host.machine.sockets;
  facts.memory_bytes = host.memory.total;
  facts.swap_bytes = host.memory.swap_total;
  facts.boot_time_seconds = host.machine.boot_time_seconds;
  facts.load_average = host.load_average;
  return facts;
}

// Converts to the types of the API.
WorkloadProcesses processes_of(const ProcessFacts& facts) {
  WorkloadProcesses result;
  for (const ExecutableStats& one : facts.executables) {
    result.programs.push_back({one.name, one.processes, one.threads, one.rss_bytes, one.cpu_nsec});
  }
  for (const NamespaceFact& one : facts.namespaces) {
    result.namespaces.push_back(
        {std::string(to_string(one.type)), std::to_string(one.inode), std::string(to_string(one.sharing)), one.with});
  }
  return result;
}

double seconds_of(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

UsageAnswer usage_now(const SamplingService& service, const Snapshot* before, const Snapshot& now) {
  UsageAnswer answer;
  answer.sequence = now.sequence;
  answer.time_seconds = seconds_of(now.wall_time.time_since_epoch());
  answer.interval_seconds = seconds_of(service.interval());
  if (before != nullptr) answer.measured_seconds = seconds_of(now.steady_time - before->steady_time);
  answer.boot_id = service.host().machine.boot_id;
  answer.unnamed_containers = service.statistics().discovery.unnamed_containers;
  answer.rows = usage_between(before != nullptr ? *before : now, now);
  return answer;
}

// ?ended=1
bool wants_ended(const HttpRequest& request) {
  return std::any_of(request.query.begin(), request.query.end(),
                     [](const auto& one) { return one.first == "ended" && one.second != "0"; });
}

}  // namespace

class Routes::Impl : private RouteHandlers {
 public:
  Impl(const RouteOptions& options, RouteSources sources)
      : table_(options.telemetry_path),
        prefix_(without_last_slash(options.external_prefix)),
        stale_after_(options.stale_after),
        hosts_(options.hosts),
        serves_cadvisor_api_(options.cadvisor_api),
        sources_(std::move(sources)),
        events_(sources_.events ? sources_.events : std::make_shared<EventLog>(0)),
        feed_(events_, sources_.live),
        reports_(overhead_directory(options.overhead_reports)),
        exposition_([this](TextFormat format, std::string& out) { append_self_metrics(format, out); }) {
    worker_.start([this] { requests_.run(); });
  }

  ~Impl() override {
    queries_.reset();
    until_the_end_.reset();  // requests_.run() returns when all are answered
    worker_.stop();
  }

  void handle(HttpRequest request, HttpServer::Respond respond) {
    if (!prefix_.empty() && request.path == prefix_) {
      return respond(redirect_into(prefix_));
    }
    if (!prefix_.empty() && request.path.starts_with(prefix_ + '/')) {
      request.path.erase(0, prefix_.size());
    }
    const auto match = table_.find(request.path);
    if (request.method == "POST" && (!match || !match->route->takes_post)) {
      return respond(only_get());
    }
    const Turn turn = match ? match->route->turn : Turn::kScrape;  // a file of the dashboard
    if (turn == Turn::kImmediate) {
      return respond(answer(request));
    }
    if (!hosts_.allow(request.host)) {
      return respond(
          text_response(421, "This agent does not answer for this host name. Name it in --web.allowed-hosts."));
    }
    if (turn == Turn::kScrape) {
      return boost::asio::post(
          requests_, [this, request = std::move(request), respond = std::move(respond)] { respond(answer(request)); });
    }
    ask(turn, std::move(request), respond);
  }

  std::shared_ptr<const std::string> exposition(const SnapshotPtr& snapshot, const ExpositionRequest& request) {
    return exposition_.body(snapshot, request);
  }

 private:
  static HttpResponse too_many_queries() {
    HttpResponse response = error_response(429, "too many queries are in progress: ask again in a second");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }

  static HttpResponse only_get() {
    HttpResponse response = text_response(405, "Only GET and HEAD are served here.");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }

  void ask(Turn turn, HttpRequest request, const HttpServer::Respond& respond) {
    const auto work = [this, turn, request = std::move(request), respond] {
      if (turn == Turn::kCostly && !request.is_wanted()) return;  // it waited for longer than its client
      if (unread_.full()) return respond(too_many_queries());
      HttpResponse response = answer(request);
      response.body = unread_.count(std::move(response.body));
      respond(std::move(response));
    };
    if (turn != Turn::kCostly) return queries_->post(work);
    if (!queries_->post_costly(work)) respond(too_many_queries());
  }

  HttpResponse answer(const HttpRequest& request) {
    const auto match = table_.find(request.path);
    if (!match) {
      return dashboard_file({request, {}});
    }
    return (this->*match->route->handler)({request, match->rest});
  }

  HttpResponse not_found() const { return text_response(404, "No such page. The pages there are: " + table_.paths()); }

  // Some of its files are not below /assets/: icons, the manifest.
  HttpResponse dashboard_file(const RouteCall& call) override {
    const DashboardFile* const file = dashboard_.find(call.request.path);
    return file != nullptr ? Dashboard::response(*file, call.request) : not_found();
  }

  HttpResponse front_page(const RouteCall& call) override {
    if (const DashboardFile* const file = dashboard_.find(call.request.path)) {
      return Dashboard::response(*file, call.request);
    }
    HttpResponse response;
    response.content_type = "text/html; charset=utf-8";
    response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    response.body = std::make_shared<const std::string>(table_.landing_page());
    return response;
  }

  HttpResponse workloads(const RouteCall& call) override {
    const auto service = sources_.sampling_service();
    const SnapshotPtr snapshot = service->snapshot();
    return json_response(workloads_json(snapshot.get(), *service->workloads(), service->exported_labels(),
                                        MetricIndex::of_catalogue(), wants_ended(call.request)));
  }

  HttpResponse workload(const RouteCall& call) override {
    const auto service = sources_.sampling_service();
    const SnapshotPtr snapshot = service->snapshot();
    return one_workload(std::string(call.rest), snapshot, *service->workloads(), *service);
  }

  HttpResponse usage(const RouteCall&) override {
    const auto service = sources_.sampling_service();
    const SnapshotPtr before = service->snapshot_before(), now = service->snapshot();
    if (!now) return error_response(503, "no sample yet: ask again in a second");
    return json_response(to_json(usage_now(*service, before.get(), *now)));
  }

  HttpResponse host(const RouteCall&) override {
    const auto service = sources_.sampling_service();
    const SnapshotPtr snapshot = service->snapshot();
    return json_response(host_json(snapshot.get(), *service->workloads(), host_facts(*service)));
  }

  HttpResponse series(const RouteCall& call) override {
    const WorkloadListPtr list = sources_.sampling_service()->workloads();
    return series_response(call.request, known(*list));
  }

  HttpResponse live_stream(const RouteCall& call) override {
    return sources_.live != nullptr ? feed_.live_stream(call.request) : not_found();
  }

  HttpResponse catalogue(const RouteCall&) override {
    const SnapshotPtr snapshot = sources_.sampling_service()->snapshot();
    return json_response(metrics_json(snapshot.get(), self_series(), tallyman::catalogue()));
  }

  HttpResponse events(const RouteCall& call) override {
    const WorkloadListPtr list = sources_.sampling_service()->workloads();
    return feed_.list(call.request, known(*list));
  }
  HttpResponse event_stream(const RouteCall& call) override { return feed_.stream(call.request); }
  HttpResponse overhead_reports(const RouteCall&) override { return overhead_list_response(reports_); }
  HttpResponse overhead_report(const RouteCall& call) override {
    return overhead_report_response(reports_, std::string(call.rest));
  }
  HttpResponse cadvisor_api(const RouteCall& call) override {
    if (!serves_cadvisor_api_) return not_found();
    const auto service = sources_.sampling_service();
    CadvisorState state;
    state.before = service->snapshot_before();
    state.now = service->snapshot();
    state.workloads = service->workloads();
    state.labels = service->exported_labels();
    state.host = host_facts(*service);
    state.events = events_.get();
    state.event_stream = [this](EventFeed::Encode encode) { return cadvisor_events(std::move(encode)); };
    if (sources_.history != nullptr)
      state.history = [this](const HistoryQuery& query) { return sources_.history->answer(query); };
    return cadvisor_response(call.request, state);
  }
  // White space between two objects is nothing to a reader of JSON.
  HttpResponse cadvisor_events(EventFeed::Encode encode) {
    static const StreamChunk kNewline = make_chunk("\n");
    return stream_response(feed_.stream_as(std::move(encode), kNewline), "application/json");
  }
  HttpResponse healthy(const RouteCall&) override { return text_response(200, "Tallyman is healthy."); }

  HttpResponse healthz(const RouteCall&) override {
    HttpResponse response = text_response(200, "");
    response.body = std::make_shared<const std::string>("ok");
    return response;
  }

  KnownWorkloads known(const WorkloadList& existing) const { return {&existing, sources_.history, events_.get()}; }

  static HttpResponse one_workload(const std::string& wanted, const SnapshotPtr& snapshot, const WorkloadList& list,
                                   const SamplingService& sampling_service) {
    const WorkloadMatches matches = KnownWorkloads{&list}.find(wanted.empty() ? "/" : wanted);
    if (matches.only() == nullptr) {
      return not_one_workload(matches, "");
    }
    const WorkloadPtr found =
        *std::find_if(list.begin(), list.end(), [&](const WorkloadPtr& one) { return one->id == *matches.only(); });
    const std::optional<ProcessFacts> facts = sampling_service.processes_of(*found);
    return json_response(workload_json(snapshot.get(), *found, sampling_service.exported_labels(),
                                       facts ? processes_of(*facts) : WorkloadProcesses{}));
  }

  HttpResponse ready(const RouteCall&) override {
    const SnapshotPtr snapshot = sources_.sampling_service()->snapshot();
    if (!snapshot) {
      return text_response(503, "Not ready: no sample yet.");
    }
    if (std::chrono::steady_clock::now() - snapshot->steady_time > stale_after_) {
      return text_response(503, "Not ready: the last sample is too old.");
    }
    return text_response(200, "Tallyman is ready.");
  }

  HttpResponse metrics(const RouteCall& call) override {
    const HttpRequest& request = call.request;
    ExpositionRequest wanted;
    wanted.format = choose_format(request.accept);
    wanted.gzip = accepts_gzip(request.accept_encoding);
    for (const auto& [key, value] : request.query) {
      if (key != "collect[]") {
        continue;
      }
      if (!is_collector(value)) {
        return text_response(400, "collect[]: no such collector; there are: " + collector_names() + ", self");
      }
      wanted.collectors.push_back(value);
    }
    std::sort(wanted.collectors.begin(), wanted.collectors.end());
    wanted.collectors.erase(std::unique(wanted.collectors.begin(), wanted.collectors.end()), wanted.collectors.end());
    const SnapshotPtr snapshot = sources_.sampling_service()->snapshot();
    if (!snapshot) {
      return text_response(503, "No sample yet.");
    }
    HttpResponse response;
    response.content_type = content_type(wanted.format);
    response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
    if (wanted.gzip) {
      response.headers.emplace_back("Content-Encoding", "gzip");
    }
    response.body = exposition_.body(snapshot, wanted);
    return response;
  }

  // The text of the agent's own metrics, to count its series.
  std::string self_series() {
    std::string text;
    append_self_metrics(TextFormat::kPrometheus, text);
    return text;
  }

  void append_self_metrics(TextFormat format, std::string& out) {
    const SelfStatistics now = self_statistics();
    const MutexLock lock(self_mutex_);
    self_metrics_.update(now);
    self_metrics_.append(format, out);
  }

  SelfStatistics self_statistics() {
    SelfStatistics self = gather_self_statistics(sources_, *events_);
    self.exposition = exposition_.statistics();
    self.overhead = reports_.newest();
    return self;
  }

  const RouteTable table_;
  const std::string prefix_;
  Dashboard dashboard_;
  std::chrono::milliseconds stale_after_;
  const AllowedHosts hosts_;
  const bool serves_cadvisor_api_;
  RouteSources sources_;
  std::shared_ptr<EventLog> events_;
  EventFeed feed_;
  OverheadReports reports_;
  Mutex self_mutex_;
  SelfMetrics self_metrics_ GUARDED_BY(self_mutex_);
  Exposition exposition_;
  boost::asio::io_context requests_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> until_the_end_{requests_.get_executor()};
  Thread worker_{"worker"};
  UnreadBodies unread_;
  std::unique_ptr<QueryPool> queries_ = std::make_unique<QueryPool>();
};

Routes::Routes(const RouteOptions& options, RouteSources sources)
    : impl_(std::make_unique<Impl>(options, std::move(sources))) {}
Routes::~Routes() = default;

void Routes::handle(HttpRequest request, HttpServer::Respond respond) {
  impl_->handle(std::move(request), std::move(respond));
}

std::shared_ptr<const std::string> Routes::exposition(const SnapshotPtr& snapshot, const ExpositionRequest& request) {
  return impl_->exposition(snapshot, request);
}

}  // namespace tallyman
