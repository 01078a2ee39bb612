// Formats of the socket files below /proc/PID/net: proc_net(5), net/ipv4/proc.c,
// net/ipv6/proc.c.
// The rules of text_scanner.h hold.
#pragma once

#include <string_view>
#include <vector>

namespace tallyman {
struct SocketStats;
struct NamedCount;
}  // namespace tallyman

namespace tallyman::formats {

// /proc/PID/net/sockstat and sockstat6: sockets in use, TIME-WAIT.
unsigned parse_sockstat(std::string_view text, SocketStats& out);
// /proc/PID/net/snmp and netstat: a row of names and a row of values for each protocol.
// Returns the fields of `protocol` ("Tcp", "TcpExt") in the kernel's order, with names in
// lower case; negative ones ("MaxConn -1": dynamic) are left out.
unsigned parse_snmp(std::string_view text, std::string_view protocol, std::vector<NamedCount>& out);

}  // namespace tallyman::formats
