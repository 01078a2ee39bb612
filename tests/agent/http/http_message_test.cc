#include "agent/http/http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tallyman {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string path_of(std::string_view target) {
  const auto parsed = parse_request_target(target);
  return parsed ? parsed->path : "error: " + parsed.error().where;
}

std::string query_of(std::string_view target) {
  const auto parsed = parse_request_target(target);
  if (!parsed) return "error: " + parsed.error().where;
  std::string text;
  for (const auto& [key, value] : parsed->query) text.append(key).append("=").append(value).append(";");
  return text;
}

TEST(RequestTarget, IsDecoded) {
  EXPECT_EQ(path_of("/"), "/");
  EXPECT_EQ(path_of("/metrics?x=1"), "/metrics");
  EXPECT_EQ(path_of("/a%20b%2Fc+d"), "/a b/c+d");
  EXPECT_EQ(path_of("/caf%C3%A9/\xE2\x82\xAC/%F0%9F%90%B3"), "/caf\u00e9/\u20ac/\U0001F433");
  EXPECT_EQ(path_of("/%25%32%65"), "/%2e");  // decoded once only
  EXPECT_EQ(path_of("//..."), "//...");
  EXPECT_EQ(path_of("/a..b/..c/d../."), "/a..b/..c/d../.");
}

TEST(RequestTarget, MayNameTheHost) {
  EXPECT_EQ(path_of("http://host:8255/metrics?a=b"), "/metrics");
  EXPECT_EQ(path_of("http://host"), "/");
  EXPECT_THAT(path_of("http://host?x"), HasSubstr("begin with '/'"));
  EXPECT_THAT(path_of("ftp://host/"), HasSubstr("begin with '/'"));
  EXPECT_THAT(path_of("metrics"), HasSubstr("begin with '/'"));
  EXPECT_THAT(path_of("*"), HasSubstr("begin with '/'"));
  EXPECT_THAT(path_of(""), HasSubstr("begin with '/'"));
}

TEST(RequestTarget, HasItsQueryInOrder) {
  EXPECT_EQ(query_of("/m?collect[]=cpu&collect%5B%5D=memory&x=a+b%2Bc"), "collect[]=cpu;collect[]=memory;x=a b+c;");
  EXPECT_EQ(query_of("/m?flag&=v&&a=b=c&e="), "flag=;=v;a=b=c;e=;");
  EXPECT_EQ(query_of("/m?"), "");
  EXPECT_EQ(query_of("/m?a=/../b?c"), "a=/../b?c;");
}

TEST(RequestTarget, IsRefusedWhenItClimbs) {
  for (const char* target : {"/..", "/../etc/passwd", "/a/../b", "/a/..", "/%2e%2e/x", "/.%2E/x", "/a%2f..%2fb",
                             "/api/v1/workloads/..%2f.."}) {
    EXPECT_THAT(path_of(target), HasSubstr("\"..\" segment")) << target;
  }
}

TEST(RequestTarget, IsRefusedWithABrokenEscape) {
  for (const char* target : {"/%", "/%4", "/%zz", "/%4g", "/a%", "/% 20", "/%%20", "/%-1"}) {
    EXPECT_THAT(path_of(target), HasSubstr("two hexadecimal digits")) << target;
  }
  EXPECT_THAT(query_of("/?a=%G0"), HasSubstr("two hexadecimal digits"));
  EXPECT_THAT(query_of("/?%=a"), HasSubstr("two hexadecimal digits"));
}

TEST(RequestTarget, IsRefusedWithNulControlCharactersOrAFragment) {
  EXPECT_THAT(path_of("/a%00b"), HasSubstr("control character"));
  EXPECT_THAT(path_of("/a%0d%0aSet-Cookie:x"), HasSubstr("control character"));
  EXPECT_THAT(path_of("/%7f"), HasSubstr("control character"));
  EXPECT_THAT(query_of("/?a=%00"), HasSubstr("NUL"));
  EXPECT_THAT(path_of("/a#b"), HasSubstr("'#'"));
}

TEST(RequestTarget, IsRefusedWhenItIsNotUtf8) {
  for (const char* target : {"/%ff", "/%80", "/%C3", "/%C3%28", "/%C0%AF", "/%C1%81", "/%E0%80%AF", "/%ED%A0%80",
                             "/%F0%80%80%80", "/%F4%90%80%80", "/%F5%80%80%80", "/%F0%9F%90", "/\xff\xfe", "/%E2%82"}) {
    EXPECT_THAT(path_of(target), HasSubstr("not valid UTF-8")) << target;
    EXPECT_THAT(query_of("/?a=" + std::string(target)), HasSubstr("not valid UTF-8")) << target;
  }
  for (const char* target :
       {"/%C2%80", "/%DF%BF", "/%E0%A0%80", "/%ED%9F%BF", "/%EE%80%80", "/%F0%90%80%80", "/%F4%8F%BF%BF"}) {
    EXPECT_THAT(path_of(target), Not(HasSubstr("error"))) << target;
  }
}

TEST(ResponseHead, HasTheLengthAndTheSecurityHeader) {
  HttpResponse response;
  response.headers = {{"Content-Encoding", "gzip"}, {"X-Bad", "a\r\nSet-Cookie: x"}, {"Y\r\nZ", "v"}};
  response.body = std::make_shared<const std::string>("hello");
  const auto head = response_head(response, {"OK", true, false, std::chrono::sys_seconds(std::chrono::seconds(0))});
  EXPECT_EQ(head,
            "HTTP/1.1 200 OK\r\nServer: tallyman\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            "X-Content-Type-Options: nosniff\r\nContent-Encoding: gzip\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\n");
}

TEST(ResponseHead, StatesWhetherTheConnectionStaysOpen) {
  const auto head = [](bool keep_alive, bool http_1_0) {
    return response_head(HttpResponse{}, {"OK", keep_alive, http_1_0, {}});
  };
  EXPECT_THAT(head(true, false), Not(HasSubstr("Connection:")));
  EXPECT_THAT(head(true, true), HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_THAT(head(false, false), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(head(false, true), HasSubstr("Connection: close\r\n"));
}

TEST(ResponseHead, HasNoLengthWhereThereIsNoContent) {
  HttpResponse response;
  response.status = 304;
  EXPECT_THAT(response_head(response, {"Not Modified", true, false, {}}), Not(HasSubstr("Content-Length")));
}

TEST(HttpDate, IsTheSameInEveryYear) {
  using namespace std::chrono;
  EXPECT_EQ(http_date(sys_seconds(seconds(784111777))), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(sys_days(2024y / 2 / 29) + hours(23) + minutes(59) + seconds(59)),
            "Thu, 29 Feb 2024 23:59:59 GMT");
}

}  // namespace
}  // namespace tallyman
