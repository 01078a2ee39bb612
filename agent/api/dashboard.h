// The web dashboard that is built into the binary: dashboards/web/dist, each file
// compressed (cmake/embed_dashboard.cmake). The page loads nothing from other
// hosts and uses only relative paths, so it works behind any prefix.
#pragma once

#include "agent/http/http_server.h"

#include <span>
#include <string_view>
#include <vector>

namespace tallyman {

struct DashboardFile {
  std::string_view name;  // "index.html", "assets/index-B8sd8Jf2.js"
  std::string_view hash;  // of its content
  std::string_view gzip;
  std::size_t bytes = 0;  // uncompressed
};

// Empty if the binary was built without the site.
std::span<const DashboardFile> embedded_dashboard();

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
