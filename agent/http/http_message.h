// The parts of HTTP/1.1 that need no library: the target of a request, and the head
// of a response. Pure functions.
#pragma once

#include "agent/http/http_server.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyman {

struct RequestTarget {
  std::string path;  // decoded, valid UTF-8, begins with '/', without control characters and ".." segments
  std::vector<std::pair<std::string, std::string>> query;  // decoded, valid UTF-8, in order; "+" is a space
};

// Of "/path?query" or "http://host/path?query". Error::where is a sentence for
// the client.
Result<RequestTarget> parse_request_target(std::string_view target);

struct ResponseFraming {
  std::string_view reason;  // "Not Found"
  bool keep_alive = false;
  bool http_1_0 = false;  // the client's version: its response must state that the connection stays open
  std::chrono::sys_seconds now{};
};

// False for 1xx, 204 and 304.
bool has_content(int status);

// Status line and headers with the empty line at the end. Content-Length is the
// body's, also when the body will not be sent (HEAD); a stream has none. A header that would break
// the head (CR, LF, NUL) is left out.
std::string response_head(const HttpResponse& response, const ResponseFraming& framing);

// "Sun, 06 Nov 1994 08:49:37 GMT" in every locale.
std::string http_date(std::chrono::sys_seconds time);

}  // namespace tallyman
