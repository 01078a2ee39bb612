#include "agent/api/routes.h"

#include "agent/api/dashboard.h"
#include "agent/api/event_feed.h"
#include "agent/api/known_workloads.h"
#include "agent/api/negotiation.h"
#include "agent/api/self_statistics.h"
#include "agent/api/series_route.h"
#include "agent/http/responses.h"
#include "agent/overhead/model/report_store.h"
#include "agent/version.h"
#include "collectors/model/collector_table.h"
#include "collectors/model/process_facts.h"
#include "exporters/api_json.h"
#include "exporters/catalogue_text.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <chrono>

namespace tallyman {
namespace {

constexpr std::string_view kWorkloadsPath = "/api/v1/workloads";
constexpr std::string_view kOverheadPath = "/api/v1/overhead";

// The start page of a binary without dashboard. Links are relative because of possible prefixes.
std::string landing_page(const std::string& telemetry_path) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width\"><title>Tallyman</title>"
         "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;"
         "padding:0 1em}</style></head><body><h1>Tallyman " +
         std::string(kVersion) +
         "</h1><p>What every container, service and process on this host consumes.</p><ul>"
         "<li><a href=\"" +
         telemetry_path.substr(1) + "\">" + telemetry_path +
         "</a>: for Prometheus</li>"
         "<li><a href=\"api/v1/workloads\">/api/v1/workloads</a>: all workloads as JSON</li>"
         "<li><a href=\"api/v1/host\">/api/v1/host</a>: the host as JSON</li>"
         "<li><a href=\"api/v1/series\">/api/v1/series</a>: history as JSON</li>"
         "<li><a href=\"api/v1/metrics\">/api/v1/metrics</a>: the catalogue of metrics as JSON</li>"
         "<li><a href=\"-/healthy\">/-/healthy</a>, <a href=\"-/ready\">/-/ready</a>: for health checks</li>"
         "</ul></body></html>\n";
}

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

// ?ended=1
bool wants_ended(const HttpRequest& request) {
  return std::any_of(request.query.begin(), request.query.end(),
                     [](const auto& one) { return one.first == "ended" && one.second != "0"; });
}

}  // namespace

class Routes::Impl {
 public:
  Impl(const Options& options, RouteSources sources)
      : telemetry_path_(options.telemetry_path),
        prefix_(without_last_slash(options.external_prefix)),
        stale_after_(std::max<std::chrono::milliseconds>(options.sampling_interval * 10, std::chrono::seconds(30))),
        sources_(std::move(sources)),
        events_(sources_.events ? sources_.events : std::make_shared<EventLog>(0)),
        feed_(events_, sources_.live),
        reports_(overhead_directory(options.overhead_reports)),
        exposition_([this](TextFormat format, std::string& out) {
          self_metrics_.update(self_statistics());
          self_metrics_.append(format, out);
        }) {}

  ~Impl() { worker_.join(); }

  void handle(HttpRequest request, HttpServer::Respond respond) {
    if (!prefix_.empty() && request.path == prefix_) {
      return respond(redirect_into(prefix_));
    }
    if (!prefix_.empty() && request.path.starts_with(prefix_ + '/')) {
      request.path.erase(0, prefix_.size());
    }
    if (request.path == "/-/healthy") {
      return respond(text_response(200, "Tallyman is healthy."));
    }
    boost::asio::post(worker_,
                      [this, request = std::move(request), respond = std::move(respond)] { respond(answer(request)); });
  }

  std::shared_ptr<const std::string> exposition(const SnapshotPtr& snapshot, const ExpositionRequest& request) {
    return exposition_.body(snapshot, request);
  }

 private:
  HttpResponse answer(const HttpRequest& request) {
    const std::string& path = request.path;
    if (path == telemetry_path_) {
      return metrics(request);
    }
    if (path == "/-/ready") {
      return ready();
    }
    if (const DashboardFile* const file = dashboard_.find(path)) {
      return Dashboard::response(*file, request);
    }
    if (path == "/") {
      HttpResponse response;
      response.content_type = "text/html; charset=utf-8";
      response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
      response.body = std::make_shared<const std::string>(landing_page(telemetry_path_));
      return response;
    }
    const auto sampling_service = sources_.sampling_service();
    const SnapshotPtr snapshot = sampling_service->snapshot();
    const WorkloadListPtr workloads = sampling_service->workloads();
    const KnownWorkloads known{workloads.get(), sources_.history, events_.get()};
    if (path == kWorkloadsPath) {
      return json_response(
          workloads_json(snapshot.get(), *workloads, MetricIndex::of_catalogue(), wants_ended(request)));
    }
    if (path == "/api/v1/events") {
      return feed_.list(request, known);
    }
    if (path == "/api/v1/events/stream") {
      return feed_.stream(request);
    }
    if (path == "/api/v1/host") {
      return json_response(host_json(snapshot.get(), *workloads, host_facts(*sampling_service)));
    }
    if (path == "/api/v1/series") {
      return series_response(request, known);
    }
    if (path == "/api/v1/metrics") {
      return json_response(metrics_json(snapshot.get(), self_series()));
    }
    if (path == kOverheadPath) {
      return reports_.list();
    }
    if (path.starts_with(kOverheadPath) && path[kOverheadPath.size()] == '/') {
      return reports_.report(path.substr(kOverheadPath.size() + 1));
    }
    if (path == "/api/v1/stream" && sources_.live != nullptr) {
      return feed_.live_stream(request);
    }
    if (path.starts_with(kWorkloadsPath) && path[kWorkloadsPath.size()] == '/') {
      return one_workload(path.substr(kWorkloadsPath.size() + 1), snapshot, *workloads, *sampling_service);
    }
    return text_response(404, "No such page. The pages there are: /, " + telemetry_path_ +
                                  ", /api/v1/workloads, /api/v1/workloads/ID, /api/v1/host, /api/v1/series, "
                                  "/api/v1/metrics, /api/v1/events, /api/v1/events/stream, /api/v1/stream, "
                                  "/api/v1/overhead, /api/v1/overhead/RUN, /-/healthy, /-/ready");
  }

  static HttpResponse one_workload(const std::string& wanted, const SnapshotPtr& snapshot, const WorkloadList& list,
                                   const SamplingService& sampling_service) {
    const WorkloadMatches matches = KnownWorkloads{&list}.find(wanted.empty() ? "/" : wanted);
    if (matches.only() == nullptr) {
      return not_one_workload(matches, "");
    }
    const WorkloadPtr found =
        *std::find_if(list.begin(), list.end(), [&](const WorkloadPtr& one) { return one->id == *matches.only(); });
    const std::optional<ProcessFacts> facts = sampling_service.processes_of(*found);
    return json_response(workload_json(snapshot.get(), *found, facts ? processes_of(*facts) : WorkloadProcesses{}));
  }

  HttpResponse ready() {
    const SnapshotPtr snapshot = sources_.sampling_service()->snapshot();
    if (!snapshot) {
      return text_response(503, "Not ready: no sample yet.");
    }
    if (std::chrono::steady_clock::now() - snapshot->steady_time > stale_after_) {
      return text_response(503, "Not ready: the last sample is too old.");
    }
    return text_response(200, "Tallyman is ready.");
  }

  HttpResponse metrics(const HttpRequest& request) {
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
    self_metrics_.update(self_statistics());
    self_metrics_.append(TextFormat::kPrometheus, text);
    return text;
  }

  SelfStatistics self_statistics() {
    SelfStatistics self = gather_self_statistics(sources_, *events_);
    self.exposition = exposition_.statistics();
    self.overhead = reports_.newest();
    return self;
  }

  std::string telemetry_path_, prefix_;
  Dashboard dashboard_;
  std::chrono::milliseconds stale_after_;
  RouteSources sources_;
  std::shared_ptr<EventLog> events_;
  EventFeed feed_;
  OverheadReports reports_;
  SelfMetrics self_metrics_;
  Exposition exposition_;
  boost::asio::thread_pool worker_{1};
};

Routes::Routes(const Options& options, RouteSources sources)
    : impl_(std::make_unique<Impl>(options, std::move(sources))) {}
Routes::~Routes() = default;

void Routes::handle(HttpRequest request, HttpServer::Respond respond) {
  impl_->handle(std::move(request), std::move(respond));
}

std::shared_ptr<const std::string> Routes::exposition(const SnapshotPtr& snapshot, const ExpositionRequest& request) {
  return impl_->exposition(snapshot, request);
}

}  // namespace tallyman
