// The routes of the HTTP server (docs/api.md). Other threads make the bodies, so that the
// server's thread only moves bytes: one for /metrics, which nothing else delays, and those of
// QueryPool for the API.
#pragma once

#include "agent/api/live_stream.h"
#include "agent/http/allowed_hosts.h"
#include "agent/http/http_server.h"
#include "agent/service/sampling_service.h"
#include "collectors/history/history_store.h"
#include "exporters/exposition.h"
#include "exporters/self_metrics.h"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace tallyman {

// The agent's own figures that the routes cannot compute themselves.
struct RouteSources {
  std::function<std::shared_ptr<SamplingService>()> sampling_service;  // never null; another one after a reload
  std::function<HttpStatistics()> http;
  std::function<std::uint64_t()> log_lines_dropped;
  const HistoryStore* history = nullptr;  // null: disabled
  std::function<std::uint64_t()> snapshots_skipped{};
  // The clients of /api/v1/stream; null: there are none (--once).
  LiveStream* live = nullptr;
  std::shared_ptr<EventLog> events{};  // null: no events
};

struct RouteOptions {
  std::string telemetry_path = "/metrics";
  std::string external_prefix{};                  // "/tallyman"; empty: none
  std::chrono::milliseconds stale_after{30'000};  // the agent is not ready if its last sample is older
  std::string overhead_reports{};                 // their directory; empty: the state directory
  AllowedHosts hosts{};                           // others get 421, except for the health checks
  bool cadvisor_api = false;                      // serve cAdvisor's REST API
};

class Routes {
 public:
  Routes(const RouteOptions& options, RouteSources sources);
  ~Routes();  // waits for the answer in progress

  // Thread-safe. Answers from another thread.
  void handle(HttpRequest request, HttpServer::Respond respond);
  // The text of a plain scrape of /metrics, made in the caller's thread.
  std::shared_ptr<const std::string> exposition(const SnapshotPtr& snapshot, const ExpositionRequest& request);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallyman
