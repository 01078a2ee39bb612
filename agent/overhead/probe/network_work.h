// Work over TCP, and its server.
#pragma once

#include "agent/overhead/probe/measure.h"

#include <string>

namespace tallyman::probe {

Outcome tcp_throughput(const Order&);
Outcome tcp_latency(const Order&);
Outcome tcp_connect(const Order&);

// A child process that serves the three TCP works until it is killed.
struct Server {
  int pid = -1;
  unsigned port = 0;
  std::string error;
};
Server start_server(bool loopback_only, unsigned port);
void stop_server(Server& server);

// Brings up the loopback interface of a new network namespace, if permitted.
void raise_loopback();

}  // namespace tallyman::probe
