// From Beast's parser to an HttpRequest: what a client asked for, and why it is refused.
// Pure functions, internal to the HTTP server.
#pragma once

#include "agent/http/http_server.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <optional>
#include <string>

namespace tallyman {

using HttpParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

// What the response depends on, also that to a request which is refused.
struct RequestFraming {
  bool keep_alive = false;
  bool http_1_0 = false;
  bool head_only = false;
};
RequestFraming framing_of(const HttpParser& parser);

struct RequestRefusal {
  int status;
  std::string sentence;
  bool may_stay = false;  // the connection can take another request
};

// Of a whole header that was parsed; the body of a POST, which may have `body_bytes`, comes after it.
Result<HttpRequest, RequestRefusal> request_of(const HttpParser& parser, std::size_t body_bytes);
// There is something to come.
bool has_body(const HttpParser& parser);

// For a header or a body that was not; empty if there is nobody to answer.
std::optional<RequestRefusal> refusal_of(const boost::system::error_code& error, const HttpLimits& limits);

}  // namespace tallyman
