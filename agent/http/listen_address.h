// "HOST:PORT" -> a listening socket. Plain sockets; no library.
#pragma once

#include "collectors/kernel/system/error.h"

#include <cstdint>
#include <string>

namespace tallyman {

struct ListenAddress {
  std::string host;  // empty: every address of the host
  std::uint16_t port = 0;
};

// "HOST:PORT", "[V6]:PORT" or ":PORT"; PORT is a number, 0 means any free one.
Result<ListenAddress> parse_listen_address(const std::string& text);

struct Listener {
  int descriptor = -1;  // the caller's, non-blocking, listening
  bool is_v6 = false;
  std::uint16_t port = 0;  // the real one
  std::string address;     // "127.0.0.1:8255", "[::]:8255"
};

// Resolves the host (IPv4 before IPv6), binds and listens. The buffer sizes are
// inherited by every accepted connection. Error::where begins with the given address
// and adds the likely cause in brackets if errno does not show it.
Result<Listener> open_listener(const std::string& address);

}  // namespace tallyman
