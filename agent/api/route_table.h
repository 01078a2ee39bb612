// The paths that the agent answers. One table makes the dispatch, the text of a
// 404, the landing page and the tables of docs/api.md. All of it is constant or
// pure: thread-safe.
//
// Every route takes GET, and HEAD with it; some take POST, if the HTTP server does. It
// answers all other methods with 405 before the table is asked.
#pragma once

#include "agent/http/http_server.h"
#include "collectors/model/catalogue.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tallyman {

struct RouteCall {
  const HttpRequest& request;
  std::string_view rest;  // of the path, where the route takes one: a workload's id
};

// What the routes do. One implementation, Routes; the table names its functions.
class RouteHandlers {
 public:
  virtual ~RouteHandlers() = default;

  virtual HttpResponse metrics(const RouteCall& call) = 0;
  virtual HttpResponse workloads(const RouteCall& call) = 0;
  virtual HttpResponse workload(const RouteCall& call) = 0;
  virtual HttpResponse usage(const RouteCall& call) = 0;
  virtual HttpResponse host(const RouteCall& call) = 0;
  virtual HttpResponse series(const RouteCall& call) = 0;
  virtual HttpResponse live_stream(const RouteCall& call) = 0;
  virtual HttpResponse catalogue(const RouteCall& call) = 0;
  virtual HttpResponse events(const RouteCall& call) = 0;
  virtual HttpResponse event_stream(const RouteCall& call) = 0;
  virtual HttpResponse overhead_reports(const RouteCall& call) = 0;
  virtual HttpResponse overhead_report(const RouteCall& call) = 0;
  virtual HttpResponse cadvisor_api(const RouteCall& call) = 0;
  virtual HttpResponse healthy(const RouteCall& call) = 0;
  virtual HttpResponse healthz(const RouteCall& call) = 0;
  virtual HttpResponse ready(const RouteCall& call) = 0;
  virtual HttpResponse front_page(const RouteCall& call) = 0;
  virtual HttpResponse dashboard_file(const RouteCall& call) = 0;
};

using RouteHandler = HttpResponse (RouteHandlers::*)(const RouteCall&);

struct RouteParameter {
  std::string_view name;     // "collect[]"
  std::string_view value;    // what stands for it in the docs: "NAME"
  std::string_view meaning;  // Markdown
};

// Who makes the answer.
enum class Turn : std::uint8_t {
  kImmediate,  // the server's thread: it never waits
  kScrape,     // a thread that no query delays
  kQuery,      // the threads of the API
  kCostly,     // the same, but few at a time: one more is 429
};

struct Route {
  std::string_view path;    // one with a `rest` takes all that follows it
  std::string_view rest{};  // what that is, in the docs: "ID"
  RouteHandler handler;
  Turn turn = Turn::kQuery;
  std::string_view brief;      // a line of the landing page: plain text
  std::string_view answer;     // a cell of docs/api.md: Markdown
  std::string_view section{};  // of docs/api.md, where the parameters have a table of their own
  std::span<const RouteParameter> parameters{};
  bool takes_post = false;  // besides GET
};

// In the order of the docs.
std::span<const Route> routes();

// The routes of an agent whose metrics are at `telemetry_path`.
class RouteTable {
 public:
  explicit RouteTable(std::string telemetry_path) : telemetry_path_(std::move(telemetry_path)) {}

  struct Match {
    const Route* route;
    std::string_view rest;  // a view into the path
  };
  std::optional<Match> find(std::string_view path) const;

  // "/metrics, /api/v1/workloads, /api/v1/workloads/ID, ..."
  std::string paths() const;
  // HTML, for an agent without a dashboard. Its links are relative: it may be behind a prefix.
  std::string landing_page() const;

 private:
  std::string path_of(const Route& route) const;

  std::string telemetry_path_;
};

// The generated blocks of docs/api.md; `tallyman --help=api` prints them, and
// tests/lint/update_docs puts each between its two markers.
std::string api_markdown();

}  // namespace tallyman
