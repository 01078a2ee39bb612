// Responses that many routes use. Pure; thread-safe.
#pragma once

#include "agent/http/http_server.h"

#include <string>
#include <string_view>

namespace tallyman {

HttpResponse text_response(int status, std::string text);  // a newline is added
HttpResponse json_response(std::string text, int status = 200);
// Live events, until one side closes the connection.
HttpResponse stream_response(std::shared_ptr<EventStream> stream, std::string content_type = "text/event-stream");
// {"error":"..."}
HttpResponse error_response(int status, std::string_view what);

}  // namespace tallyman
