#include "agent/http/responses.h"

#include "collectors/model/utf8.h"

#include <boost/json.hpp>

namespace tallyman {

HttpResponse text_response(int status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.body = std::make_shared<const std::string>(std::move(text) + '\n');
  return response;
}

HttpResponse json_response(std::string text, int status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = std::make_shared<const std::string>(std::move(text) + '\n');
  return response;
}

HttpResponse stream_response(std::shared_ptr<EventStream> stream, std::string content_type) {
  HttpResponse response;
  response.content_type = std::move(content_type);
  // The last header is for nginx, which would otherwise buffer the events.
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  response.stream = std::move(stream);
  return response;
}

HttpResponse error_response(int status, std::string_view what) {
  return json_response(boost::json::serialize(boost::json::object{{"error", valid_utf8(what)}}), status);
}

}  // namespace tallyman
