// The files of the dashboard, compiled into the binary by cmake/embed_dashboard.cmake.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace tallyman {

struct DashboardFile {
  std::string_view name;  // "index.html", "assets/index-B8sd8Jf2.js"
  std::string_view hash;  // of its content
  std::string_view gzip;
  std::size_t bytes = 0;  // uncompressed
};

// Empty if the binary was built without the site.
std::span<const DashboardFile> embedded_dashboard();

}  // namespace tallyman
