// The web dashboard that is built into the binary: dashboards/web/dist, each file
// compressed (cmake/embed_dashboard.cmake). The page loads nothing from other
// hosts and uses only relative paths, so it works behind any prefix.
#pragma once

#include "agent/api/dashboard_files.h"
#include "agent/http/http_server.h"

#include <span>
#include <string_view>

namespace tallyman {

// Thread-safe.
class Dashboard {
 public:
  explicit Dashboard(std::span<const DashboardFile> files = embedded_dashboard()) : files_(files) {}

  // The file for a path; "/" is index.html. Null if there is no such file, or no
  // dashboard. Only names in the table match, so no path leads outside of it.
  const DashboardFile* find(std::string_view path) const;
  // Compressed if the client accepts it; 304 if the client has the file already.
  // Files below assets/ have their hash in the name and are cached for ever.
  static HttpResponse response(const DashboardFile& file, const HttpRequest& request);

 private:
  std::span<const DashboardFile> files_;
};

}  // namespace tallyman
