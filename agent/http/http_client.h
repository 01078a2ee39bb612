// One GET, for `tallyman ls`. Blocks, with a deadline. No encryption, no redirects.
#pragma once

#include "agent/http/listen_address.h"
#include "collectors/kernel/system/error.h"

#include <chrono>
#include <string>

namespace tallyman {

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

// Asks who listens at `address`. Error: nobody there (`code` is ECONNREFUSED), no answer in
// time (ETIMEDOUT), or no HTTP.
Result<HttpAnswer> http_get(const ListenAddress& address, const std::string& path, std::chrono::milliseconds timeout);

// Where a client on this host reaches who listens at `address`: one that means every address
// of the host is one of loopback. "127.0.0.1:8255"
ListenAddress address_to_ask(const ListenAddress& address);
std::string to_string(const ListenAddress& address);

}  // namespace tallyman
