#include "agent/api/dashboard.h"

#include "exporters/gzip.h"
#include "tests/support/gunzip.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace tallyman {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kPage[] = "<!DOCTYPE html><title>Tallyman</title>";
constexpr char kScript[] = "export const answer = 42;";

std::string packed(std::string_view text) {
  std::string out;
  GzipCompressor().compress(text, out);
  return out;
}

class DashboardTest : public testing::Test {
 protected:
  HttpResponse get(std::string_view path, std::string encoding = {}, std::string tags = {}) {
    const DashboardFile* const file = dashboard_.find(path);
    if (file == nullptr) return HttpResponse{404, {}, {}, {}, {}};
    HttpRequest request;
    request.method = "GET";
    request.accept_encoding = std::move(encoding);
    request.if_none_match = std::move(tags);
    return Dashboard::response(*file, request);
  }
  static std::string header(const HttpResponse& response, std::string_view name) {
    const auto found = std::find_if(response.headers.begin(), response.headers.end(),
                                    [&](const auto& one) { return one.first == name; });
    return found == response.headers.end() ? "" : found->second;
  }

  std::string page_ = packed(kPage), script_ = packed(kScript);
  std::vector<DashboardFile> files_{{"assets/index-B8sd8Jf2.js", "aaaa", script_, sizeof kScript - 1},
                                    {"index.html", "bbbb", page_, sizeof kPage - 1}};
  Dashboard dashboard_{files_};
};

TEST_F(DashboardTest, ThePageIsRevalidatedAndItsAssetsAreCached) {
  const HttpResponse page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(*page.body, kPage);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(header(page, "Cache-Control"), "no-cache");
  const HttpResponse script = get("/assets/index-B8sd8Jf2.js");
  EXPECT_EQ(*script.body, kScript);
  EXPECT_EQ(script.content_type, "text/javascript; charset=utf-8");
  EXPECT_THAT(header(script, "Cache-Control"), HasSubstr("immutable"));
}

TEST_F(DashboardTest, IsSentCompressedToClientsThatAcceptGzip) {
  const HttpResponse response = get("/", "gzip, br");
  EXPECT_EQ(header(response, "Content-Encoding"), "gzip");
  EXPECT_EQ(*response.body, page_);
  EXPECT_EQ(test::gunzip(*response.body), kPage);
  EXPECT_EQ(header(response, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(get("/", "gzip;q=0"), "Content-Encoding"), "");
}

TEST_F(DashboardTest, AClientThatHasItGets304) {
  const std::string plain = header(get("/"), "ETag"), compressed = header(get("/", "gzip"), "ETag");
  EXPECT_NE(plain, compressed);
  EXPECT_THAT(plain, StartsWith("\""));
  for (const std::string& tags : {plain, "W/" + plain, "\"x\", " + plain, plain + ", \"x\"", std::string("*")}) {
    const HttpResponse response = get("/", "", tags);
    EXPECT_EQ(response.status, 304) << tags;
    EXPECT_EQ(response.body, nullptr);
    EXPECT_EQ(header(response, "ETag"), plain);
    EXPECT_NE(header(response, "Cache-Control"), "");
  }
  EXPECT_EQ(get("/", "gzip", compressed).status, 304);
  EXPECT_EQ(get("/", "gzip", plain).status, 200);
  EXPECT_EQ(get("/", "", "\"x" + plain.substr(1)).status, 200);
}

TEST_F(DashboardTest, NothingFromOtherHostsMayBeLoaded) {
  for (const std::string_view path : {"/", "/assets/index-B8sd8Jf2.js"}) {
    EXPECT_EQ(
        header(get(path), "Content-Security-Policy"),
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    EXPECT_EQ(header(get(path), "X-Content-Type-Options"), "");  // the server has it in every response
  }
}

TEST_F(DashboardTest, OnlyFilesOfTheTableExist) {
  for (const std::string_view path : {"", "/assets", "/assets/", "/assets/other.js", "/assets/../index.html",
                                      "//index.html", "/index.html/", "/INDEX.HTML", "index.html", "/etc/passwd"}) {
    EXPECT_EQ(dashboard_.find(path), nullptr) << path;
  }
  EXPECT_EQ(dashboard_.find("/index.html"), dashboard_.find("/"));
  EXPECT_EQ(Dashboard(std::span<const DashboardFile>()).find("/"), nullptr);
}

TEST(EmbeddedDashboard, MatchesItsTable) {
  for (const DashboardFile& file : embedded_dashboard()) {
    EXPECT_EQ(test::gunzip(file.gzip).size(), file.bytes) << file.name;
    EXPECT_EQ(file.hash.size(), 32U) << file.name;
    EXPECT_EQ(file.gzip.substr(4, 4), std::string_view("\0\0\0\0", 4)) << "a time of its making: " << file.name;
  }
}

}  // namespace
}  // namespace tallyman
