#include "agent/api/route_table.h"

#include "agent/version.h"

#include <algorithm>
#include <array>

namespace tallyman {
namespace {

constexpr std::string_view kTelemetryPath = "/metrics";  // by default

constexpr RouteParameter kMetricsParameters[] = {
    {"collect[]", "NAME", "(repeatable) selects collectors, `self` the agent's own metrics; an unknown name is 400"}};

constexpr RouteParameter kWorkloadsParameters[] = {
    {"ended", "1",
     "adds the containers that ended within `--ended.grace`. They have `ended` (the time), `exit_code`, "
     "`signal` and `oom_killed` if they are known, and their final stats as `stats`"}};

constexpr RouteParameter kSeriesParameters[] = {
    {"workload", "", "a workload that exists or has ended; up to 6 times"},
    {"metric", "", "a field; any number of times"},
    {"from", "", "seconds since the epoch; zero or negative: relative to now. Default: an hour before now"},
    {"to", "", "the same. Default: now"},
    {"step", "", "seconds, at least 0.1. Default: such that there are 720 steps"},
    {"format", "", "`json` or `csv`"}};

constexpr RouteParameter kEventsParameters[] = {{"since", "ID", "the events after that one"},
                                                {"limit", "N", "how many, at most 10000"},
                                                {"type", "TYPE", "those of this type"},
                                                {"workload", "ID", "those of [a workload](#how-to-name-a-workload)"}};

constexpr std::string_view kOfCadvisor = "cAdvisor's REST API";
constexpr std::string_view kOfCadvisorAnswer =
    "[cAdvisor's REST API](migrating-from-cadvisor.md#its-rest-api), with `--web.cadvisor-api` or in cAdvisor's place; "
    "else 404";
constexpr RouteParameter kCadvisorParameters[] = {
    {"body", "{\"num_stats\": N}", "(`POST`, versions 1) how many samples; -1: all"},
    {"count", "N", "(versions 2) the same"},
    {"type", "name, docker, podman", "(versions 2) what NAME is"},
    {"recursive", "true", "(versions 2) what is below it too"}};

constexpr Route of_cadvisor(std::string_view path) {
  return {.path = path,
          .rest = "N/TYPE/NAME",
          .handler = &RouteHandlers::cadvisor_api,
          .turn = Turn::kCostly,
          .brief = kOfCadvisor,
          .answer = kOfCadvisorAnswer,
          .parameters = kCadvisorParameters,
          .takes_post = true};
}

constexpr Route kRoutes[] = {
    {.path = kTelemetryPath,
     .handler = &RouteHandlers::metrics,
     .turn = Turn::kScrape,
     .brief = "for Prometheus",
     .answer = "Prometheus text 0.0.4, or OpenMetrics 1.0 if `Accept` asks for it; gzip if `Accept-Encoding` allows it",
     .parameters = kMetricsParameters},
    {.path = "/metrics/cadvisor",
     .handler = &RouteHandlers::metrics,
     .turn = Turn::kScrape,
     .brief = "the same, where the kubelet serves it",
     .answer = "the same, where the kubelet serves it and dashboards for Kubernetes look (`metrics_path`)",
     .parameters = kMetricsParameters},
    {.path = "/api/v1/workloads",
     .handler = &RouteHandlers::workloads,
     .brief = "all workloads as JSON",
     .answer = "`{\"sequence\", \"time\", \"workloads\": [...]}`: every workload now, its identity and the `stats` of "
               "the last sample. A new container is listed within milliseconds, its `stats` come with the next sample",
     .parameters = kWorkloadsParameters},
    {.path = "/api/v1/usage",
     .handler = &RouteHandlers::usage,
     .brief = "what every workload uses now, as rates",
     .answer =
         "`{\"sequence\", \"time\", \"interval_seconds\", \"measured_seconds\", \"unnamed_containers\", "
         "\"boot_id\", \"workloads\": [...]}`: what every workload uses now, as `tallyman ls --json` has it, rates "
         "over the last two samples. `groups` has its `project`, `service`, `pod`, `image` and `slice`. 503 before "
         "the first sample; before the second there are no rates and no `measured_seconds`"},
    {.path = "/api/v1/workloads/",
     .rest = "ID",
     .handler = &RouteHandlers::workload,
     .brief = "one workload as JSON",
     .answer = "one workload with all its `series`, its `processes` by program and the `namespaces` of its first "
               "process (`sharing`: own, host or shared; `with`: the workloads that share it). "
               "[How to name a workload](#how-to-name-a-workload)"},
    {.path = "/api/v1/host",
     .handler = &RouteHandlers::host,
     .brief = "the host as JSON",
     .answer = "the machine, its cgroup hierarchies, the host's own `stats`, its network `interfaces` (see "
               "[networks](networks.md)), the number of workloads by kind"},
    {.path = "/api/v1/series",
     .handler = &RouteHandlers::series,
     .turn = Turn::kCostly,
     .brief = "the history of workloads as JSON or CSV",
     .answer = "the history of workloads: [below](#apiv1series). Without parameters: the available fields with unit "
               "and help. 429 with `Retry-After` while too many queries are in progress",
     .section = "apiv1series",
     .parameters = kSeriesParameters},
    {.path = "/api/v1/stream",
     .handler = &RouteHandlers::live_stream,
     .turn = Turn::kScrape,
     .brief = "all workloads and what each uses, live",
     .answer = "server-sent events: all workloads and what each uses, sample by sample: [below](#apiv1stream)"},
    {.path = "/api/v1/metrics",
     .handler = &RouteHandlers::catalogue,
     .brief = "the catalogue of metrics as JSON",
     .answer = "the catalogue: `[{\"name\", \"type\", \"unit\", \"help\", \"labels\", \"collector\", \"series\"}]`; "
               "`series` is how many there are now"},
    {.path = "/api/v1/events",
     .handler = &RouteHandlers::events,
     .turn = Turn::kCostly,
     .brief = "what happened to workloads, as JSON",
     .answer =
         "`{\"events\": [...], \"newest\", \"oldest\", \"dropped\"}`: the newest 1000 events, in the order of `time`. "
         "[Below](#events)",
     .parameters = kEventsParameters},
    {.path = "/api/v1/events/stream",
     .handler = &RouteHandlers::event_stream,
     .turn = Turn::kScrape,
     .brief = "the same, live",
     .answer = "the same live, as server-sent events named `event` with the event's `id`. With `Last-Event-ID` it "
               "begins with the missed events that are still kept"},
    {.path = "/api/v1/overhead",
     .handler = &RouteHandlers::overhead_reports,
     .brief = "the reports of tallyman overhead, as JSON",
     .answer = "`{\"directory\", \"reports\": [{\"run\", \"began\", \"extent\", \"baseline\", \"rounds\", "
               "\"duration_ns\"}], \"unreadable\": [{\"run\", \"error\"}]}`: the reports of `tallyman overhead run` "
               "in `--overhead.reports`, newest first ([overhead](overhead.md))"},
    {.path = "/api/v1/overhead/",
     .rest = "RUN",
     .handler = &RouteHandlers::overhead_report,
     .brief = "one of these reports",
     .answer = "one of them, its `report.json` as it is"},
    of_cadvisor("/api/v1."),
    of_cadvisor("/api/v2."),
    {.path = "/-/healthy",
     .handler = &RouteHandlers::healthy,
     .turn = Turn::kImmediate,
     .brief = "for health checks: 200 while the process serves",
     .answer = "200 while the process serves"},
    {.path = "/healthz",
     .handler = &RouteHandlers::healthz,
     .turn = Turn::kImmediate,
     .brief = "the same, where health checks made for cAdvisor ask",
     .answer = "the same, where health checks made for cAdvisor and Kubernetes ask: the text `ok`"},
    {.path = "/-/ready",
     .handler = &RouteHandlers::ready,
     .brief = "for health checks: 200 once there is a sample",
     .answer = "200 once there is a sample that is not too old (10 intervals, at least 30 s), otherwise 503"},
    {.path = "/",
     .handler = &RouteHandlers::front_page,
     .turn = Turn::kScrape,
     .brief = "this page",
     .answer = "the dashboard; if the site was not built, links to the above"},
    {.path = "/assets/",
     .rest = "...",
     .handler = &RouteHandlers::dashboard_file,
     .turn = Turn::kScrape,
     .brief = "files of the dashboard",
     .answer = "the dashboard's files"},
};

std::string in_code(std::string_view text) { return "`" + std::string(text) + "`"; }

std::string documented_path(const Route& route) { return std::string(route.path) + std::string(route.rest); }

std::string parameters_cell(const Route& route) {
  std::string cell;
  for (const RouteParameter& parameter : route.parameters) {
    cell += cell.empty() ? "" : route.section.empty() ? "; " : ", ";
    if (route.section.empty()) {
      cell += in_code(std::string(parameter.name) + "=" + std::string(parameter.value)) + " ";
      cell += parameter.meaning;
    } else {
      cell += in_code(parameter.name);
    }
  }
  return route.section.empty() ? cell : cell + ": [below](#" + std::string(route.section) + ")";
}

std::string marked_block(const std::string& name, const std::string& rows) {
  return "<!-- " + name + ":begin -->\n\n" + rows + "\n<!-- " + name + ":end -->\n";
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

std::optional<RouteTable::Match> RouteTable::find(std::string_view path) const {
  for (const Route& route : kRoutes) {
    const std::string_view wanted = route.path == kTelemetryPath ? std::string_view(telemetry_path_) : route.path;
    if (path == wanted) return Match{&route, {}};
    if (!route.rest.empty() && path.starts_with(wanted)) return Match{&route, path.substr(wanted.size())};
  }
  return {};
}

std::string RouteTable::path_of(const Route& route) const {
  return route.path == kTelemetryPath ? telemetry_path_ : documented_path(route);
}

std::string RouteTable::paths() const {
  std::string list;
  for (const Route& route : kRoutes) list += (list.empty() ? "" : ", ") + path_of(route);
  return list;
}

std::string RouteTable::landing_page() const {
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>Tallyman</title>"
      "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;"
      "padding:0 1em}</style></head><body><h1>Tallyman " +
      std::string(kVersion) + "</h1><p>What every container, service and process on this host consumes.</p><ul>";
  for (const Route& route : kRoutes) {
    const std::string path = path_of(route);
    const bool leads_somewhere = route.rest.empty() && path != "/";
    page += "<li>" + (leads_somewhere ? "<a href=\"" + path.substr(1) + "\">" + path + "</a>" : path) + ": " +
            std::string(route.brief) + "</li>";
  }
  return page + "</ul></body></html>\n";
}

std::string api_markdown() {
  std::string paths = "| path | answer | parameters |\n|---|---|---|\n", details;
  for (const Route& route : kRoutes) {
    paths += "| " + in_code(documented_path(route)) + " | " + std::string(route.answer) + " | " +
             parameters_cell(route) + " |\n";
    if (route.section.empty()) continue;
    std::string rows = "| parameter | meaning |\n|---|---|\n";
    for (const RouteParameter& one : route.parameters) {
      rows += "| " + in_code(one.name) + " | " + std::string(one.meaning) + " |\n";
    }
    details += marked_block("parameters of " + std::string(route.path), rows);
  }
  return marked_block("paths", paths) + details;
}

}  // namespace tallyman
