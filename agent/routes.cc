#include "agent/routes.h"

#include "agent/negotiation.h"
#include "agent/version.h"
#include "collectors/kernel/self_process.h"
#include "exporters/api_json.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <chrono>

namespace tallyman {
namespace {

constexpr std::string_view kWorkloadsPath = "/api/v1/workloads";
constexpr std::size_t kShortIdBytes = 12;

HttpResponse text_response(int status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.body = std::make_shared<const std::string>(std::move(text) + '\n');
  return response;
}

HttpResponse json_response(std::string text, int status = 200) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = std::make_shared<const std::string>(std::move(text) + '\n');
  return response;
}

std::string landing_page(const std::string& telemetry_path) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width\"><title>Tallyman</title>"
         "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;"
         "padding:0 1em}</style></head><body><h1>Tallyman " +
         std::string(kVersion) +
         "</h1><p>What every container, service and process on this host consumes.</p><ul>"
         "<li><a href=\"" +
         telemetry_path + "\">" + telemetry_path +
         "</a>: for Prometheus</li>"
         "<li><a href=\"/api/v1/workloads\">/api/v1/workloads</a>: all workloads as JSON</li>"
         "<li><a href=\"/api/v1/host\">/api/v1/host</a>: the host as JSON</li>"
         "<li><a href=\"/-/healthy\">/-/healthy</a>, <a href=\"/-/ready\">/-/ready</a>: for health checks</li>"
         "</ul></body></html>\n";
}

// By cgroup path (with or without its first slash), container id (12 digits or
// more), or a name that only one workload has.
WorkloadPtr find_workload(const WorkloadList& list, const std::string& wanted) {
  WorkloadPtr by_name;
  bool ambiguous = false;
  for (const WorkloadPtr& one : list) {
    const bool by_id = one->id == wanted || one->id == '/' + wanted;
    const bool by_container = wanted.size() >= kShortIdBytes && one->container_id.starts_with(wanted);
    if (by_id || by_container) {
      return one;
    }
    if (one->workload == wanted || (!one->container.name.empty() && one->container.name == wanted)) {
      ambiguous = by_name != nullptr;
      by_name = one;
    }
  }
  return ambiguous ? nullptr : by_name;
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

HostFacts host_facts(const Observer& observer) {
  const HostStats host = observer.host();
  HostFacts facts;
  facts.agent_version = kVersion;
  facts.cgroup_mode = to_string(observer.hierarchy().mode());
  facts.cgroup_hierarchies = observer.hierarchy().describe();
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

void add_sampling(SelfStatistics& self, const ObserverStatistics& observed) {
  for (const CollectorStatistics& one : observed.sampler.collectors) {
    self.collectors.push_back({std::string(one.collector),
                               one.last_seconds,
                               one.total_seconds,
                               {{"denied", one.denied}, {"io", one.io}, {"malformed", one.malformed}}});
  }
  self.sampling_duration_seconds = observed.last_pass_seconds;
  self.sampling_lag_seconds = observed.last_lag_seconds;
  self.samples = observed.sampler.passes;
  self.samples_skipped = observed.passes_skipped;
  self.duplicate_series = observed.sampler.duplicates;
  self.labels_truncated = observed.sampler.labels_truncated;
  self.label_collisions = observed.sampler.label_collisions;
  self.open_files = observed.sampler.open_files;
  self.open_files_limit = observed.sampler.open_files_limit;
  self.files_reopened = observed.sampler.reopens_files;
  self.metadata_errors = observed.discovery.metadata_errors;
  self.workloads_left_out = observed.discovery.tree.left_out;
  self.inotify_watches = observed.discovery.tree.watches;
  self.inotify_watching = observed.discovery.tree.watching;
  self.dropped_events = observed.discovery.tree.overflows;
}

void add_snapshot(SelfStatistics& self, const Snapshot& snapshot) {
  std::uint64_t series = 0;
  for (const Block& block : snapshot.layout->blocks) {
    series += block.plan->series.size();
  }
  self.series = series;
  self.sample_age_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - snapshot.steady_time).count();
}

void add_process(SelfStatistics& self) {
  const SelfProcessStats process = read_self_process();
  if (process.cpu_nsec) {
    self.process_cpu_seconds = static_cast<double>(*process.cpu_nsec) / 1e9;
  }
  self.process_start_time_seconds = process.start_time_seconds;
  self.process_resident_memory_bytes = process.resident_bytes;
  self.process_virtual_memory_bytes = process.virtual_bytes;
  self.process_open_fds = process.open_fds;
  self.process_max_fds = process.max_fds;
  self.process_threads = process.threads;
}

}  // namespace

class Routes::Impl {
 public:
  Impl(const Options& options, RouteSources sources)
      : telemetry_path_(options.telemetry_path),
        stale_after_(std::max<std::chrono::milliseconds>(options.sampling_interval * 10, std::chrono::seconds(30))),
        sources_(std::move(sources)),
        exposition_([this](TextFormat format, std::string& out) {
          self_metrics_.update(self_statistics());
          self_metrics_.append(format, out);
        }) {}

  ~Impl() { worker_.join(); }

  void handle(HttpRequest request, HttpServer::Respond respond) {
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
    if (path == "/") {
      HttpResponse response;
      response.content_type = "text/html; charset=utf-8";
      response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
      response.body = std::make_shared<const std::string>(landing_page(telemetry_path_));
      return response;
    }
    const auto observer = sources_.observer();
    const SnapshotPtr snapshot = observer->snapshot();
    const WorkloadListPtr workloads = observer->workloads();
    if (path == kWorkloadsPath) {
      return json_response(workloads_json(snapshot.get(), *workloads));
    }
    if (path == "/api/v1/host") {
      return json_response(host_json(snapshot.get(), *workloads, host_facts(*observer)));
    }
    if (path.starts_with(kWorkloadsPath) && path[kWorkloadsPath.size()] == '/') {
      return one_workload(path.substr(kWorkloadsPath.size() + 1), snapshot, *workloads);
    }
    return text_response(404, "No such page. The pages there are: /, " + telemetry_path_ +
                                  ", /api/v1/workloads, /api/v1/workloads/ID, /api/v1/host, /-/healthy, /-/ready");
  }

  static HttpResponse one_workload(const std::string& wanted, const SnapshotPtr& snapshot, const WorkloadList& list) {
    const WorkloadPtr found = find_workload(list, wanted.empty() ? "/" : wanted);
    if (!found) {
      return json_response(
          R"({"error":"no workload, or more than one, has this id or name; /api/v1/workloads lists all"})", 404);
    }
    return json_response(workload_json(snapshot.get(), *found));
  }

  HttpResponse ready() {
    const SnapshotPtr snapshot = sources_.observer()->snapshot();
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
    const SnapshotPtr snapshot = sources_.observer()->snapshot();
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

  SelfStatistics self_statistics() {
    const auto observer = sources_.observer();
    SelfStatistics self;
    self.version = kVersion;
    self.cgroup_mode = to_string(observer->hierarchy().mode());
    add_sampling(self, observer->statistics());
    if (const SnapshotPtr snapshot = observer->snapshot()) {
      add_snapshot(self, *snapshot);
    }
    for (const WorkloadPtr& one : *observer->workloads()) {
      ++self.workloads[std::string(to_string(one->kind))];
    }
    self.exposition = exposition_.statistics();
    const HttpStatistics http = sources_.http();
    self.http_requests = http.requests;
    self.http_connections = http.connections;
    self.http_rejected_connections = http.rejected_connections;
    self.http_bad_requests = http.bad_requests;
    self.http_timeouts = http.timeouts;
    self.log_lines_dropped = sources_.log_lines_dropped();
    add_process(self);
    return self;
  }

  std::string telemetry_path_;
  std::chrono::milliseconds stale_after_;
  RouteSources sources_;
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
