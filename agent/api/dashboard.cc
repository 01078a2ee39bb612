#include "agent/api/dashboard.h"

#include "agent/api/negotiation.h"
#include "agent/http/responses.h"
#include "exporters/gzip.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tallyman {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
}};

std::string_view type_of(std::string_view name) {
  const auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& type) { return name.ends_with(type.first); });
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

// If-None-Match: a list of tags, or *. W/"x" and "x" are equal here (RFC 9110, 13.1.2).
bool has_tag(std::string_view list, std::string_view tag) {
  if (list == "*") return true;
  for (std::size_t at = list.find(tag); at != list.npos; at = list.find(tag, at + 1)) {
    const std::size_t end = at + tag.size();
    if (end == list.size() || list[end] == ',' || list[end] == ' ') return true;
  }
  return false;
}

}  // namespace

const DashboardFile* Dashboard::find(std::string_view path) const {
  const std::string_view name = path == "/" ? std::string_view("index.html") : path.substr(path.empty() ? 0 : 1);
  const auto found = std::find_if(files_.begin(), files_.end(), [&](const DashboardFile& f) { return f.name == name; });
  return found == files_.end() ? nullptr : &*found;
}

HttpResponse Dashboard::response(const DashboardFile& file, const HttpRequest& request) {
  const bool packed = accepts_gzip(request.accept_encoding);
  // A strong tag identifies bytes, and those depend on the encoding.
  const std::string tag = "\"" + std::string(file.hash) + (packed ? "-gz\"" : "\"");
  const bool for_ever = file.name.starts_with("assets/");
  HttpResponse response;
  response.content_type = type_of(file.name);
  response.headers = {{"ETag", tag},
                      {"Cache-Control", for_ever ? "public, max-age=31536000, immutable" : "no-cache"},
                      {"Vary", "Accept-Encoding"},
                      {"Content-Security-Policy", std::string(kPolicy)},
                      {"Referrer-Policy", "no-referrer"}};
  if (has_tag(request.if_none_match, tag)) {
    response.status = 304;
    return response;
  }
  if (packed) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = std::make_shared<const std::string>(file.gzip);
    return response;
  }
  auto plain = gunzip(file.gzip, file.bytes);
  if (!plain) return text_response(500, "This file of the dashboard is damaged.");
  response.body = std::make_shared<const std::string>(std::move(*plain));
  return response;
}

}  // namespace tallyman
