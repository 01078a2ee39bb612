#include "agent/http/http_request.h"

#include "agent/http/http_message.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

namespace tallyman {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

std::string joined(const HttpParser& parser, http::field name) {
  std::string all;
  const auto [first, last] = parser.get().equal_range(name);
  for (auto field = first; field != last; ++field) all.append(all.empty() ? "" : ",").append(field->value());
  return all;
}

RequestRefusal too_long(std::size_t body_bytes) {
  return {413, "The body is longer than " + std::to_string(body_bytes) + " bytes."};
}

}  // namespace

// A coding other than chunked hides where the body ends; a request with either ends the connection.
bool has_body(const HttpParser& parser) {
  return parser.content_length().value_or(0) > 0 || parser.get().count(http::field::transfer_encoding) > 0;
}

RequestFraming framing_of(const HttpParser& parser) {
  const auto& request = parser.get();
  return {request.keep_alive() && !has_body(parser), request.version() == 10, request.method() == http::verb::head};
}

Result<HttpRequest, RequestRefusal> request_of(const HttpParser& parser, std::size_t body_bytes) {
  const auto& request = parser.get();
  const RequestFraming framing = framing_of(parser);
  const bool is_post = request.method() == http::verb::post && body_bytes > 0;
  if (request.method() != http::verb::get && !framing.head_only && !is_post) {
    return RequestRefusal{405, "Only GET and HEAD are served.", true};
  }
  if (!is_post && has_body(parser)) return RequestRefusal{413, "A request must not have a body."};
  if (parser.content_length().value_or(0) > body_bytes) return too_long(body_bytes);
  if (request.count(http::field::transfer_encoding) > 0 && !parser.chunked()) {
    return RequestRefusal{501, "Only \"Transfer-Encoding: chunked\" is understood."};
  }
  const auto hosts = request.count(http::field::host);
  if (hosts != 1 && (!framing.http_1_0 || hosts > 1)) {
    return RequestRefusal{400, "An HTTP/1.1 request needs one Host header."};
  }
  if (request.count(http::field::expect) > 0 && !beast::iequals(request[http::field::expect], "100-continue")) {
    return RequestRefusal{417, "Only \"Expect: 100-continue\" is understood."};
  }
  auto target = parse_request_target({request.target().data(), request.target().size()});
  if (!target) return RequestRefusal{400, target.error().where, true};
  return HttpRequest{is_post             ? "POST"
                     : framing.head_only ? "HEAD"
                                         : "GET",
                     std::move(target->path),
                     std::move(target->query),
                     joined(parser, http::field::accept),
                     joined(parser, http::field::accept_encoding),
                     joined(parser, http::field::if_none_match),
                     std::string(request["Last-Event-ID"]),
                     std::string(request[http::field::host]),
                     {},
                     nullptr};
}

std::optional<RequestRefusal> refusal_of(const boost::system::error_code& error, const HttpLimits& limits) {
  if (error == http::error::body_limit) return too_long(limits.body_bytes);
  if (error == http::error::partial_message) {
    return RequestRefusal{400, "The connection ended in the middle of the request."};
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return RequestRefusal{
        431, "The request line and headers are longer than " + std::to_string(limits.header_bytes) + " bytes."};
  }
  if (error.category() == http::make_error_code(http::error::bad_method).category()) {
    return RequestRefusal{400, "This is not an HTTP/1.1 request: " + error.message() + "."};
  }
  return {};
}

}  // namespace tallyman
