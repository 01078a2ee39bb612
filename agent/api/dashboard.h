// The web dashboard as it is built into the binary: dashboards/web/dist, each file
// compressed (cmake/embed_dashboard.cmake). The page loads nothing from elsewhere
// and names nothing but by relative paths, so that it works behind any prefix.
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

// Empty when the site had not been built.
std::span<const DashboardFile> embedded_dashboard();

// Thread-safe.
class Dashboard {
 public:
  explicit Dashboard(std::span<const DashboardFile> files = embedded_dashboard()) : files_(files) {}

  // The file for a path: "/" is index.html. Null: there is none, or no dashboard
  // at all. Only names of the table are found, so a path leads nowhere else.
  const DashboardFile* find(std::string_view path) const;
  // Compressed or not as the client takes it; 304 when it has it already. What is
  // below assets/ has its hash in its name and is kept for ever.
  static HttpResponse response(const DashboardFile& file, const HttpRequest& request);

 private:
  std::span<const DashboardFile> files_;
};

}  // namespace tallyman
