// Netlink's messages and attributes, sock_diag's and rtnetlink's answers; net/sockstat, snmp and netstat.
#include "collectors/kernel/formats/net_text.h"
#include "collectors/kernel/network/link.h"
#include "collectors/kernel/network/socket_diag.h"
#include "collectors/kernel/system/netlink.h"
#include "tests/fuzz/properties.h"

using namespace tallyman;
using namespace tallyman::fuzz;

namespace {

bool lies_within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void check_payload(std::string_view payload) {
  if (const auto socket = parse_diag_socket(payload)) {
    require(socket->state >= 1 && socket->state <= 12, "a socket has a state");
    SocketTally tally;
    tally.add_tcp(*socket);
    tally.add_udp(*socket);
    SocketStats stats;
    tally.fill(stats);
    tally.fill_sums(stats);
    require(*stats.udp + *stats.udp6 == 1, "a socket is of one family");
    require(*stats.tcp + *stats.tcp6 + (socket->state == 6 ? 1 : 0) == 1, "a socket is counted once");
  }
  if (const auto link = parse_link(payload)) {
    require(!link->name.empty() && link->name.size() <= 15, "an interface has a name");
    require(!link->kind.empty() && link->kind.size() <= 32, "an interface has a kind");
    require(link->name.find('\0') == std::string::npos, "a name ends at its NUL");
    require(!link->vxlan_port || *link->vxlan_port <= 65'535, "a port has two bytes");
  }
  const auto id = parse_namespace_id(payload);
  require(!id || *id >= 0, "an id is not negative");
}

void check_messages(std::string_view bytes) {
  std::size_t count = 0;
  netlink::MessageReader messages(bytes);
  for (netlink::Message message; messages.next(message); ++count) {
    require(lies_within(message.payload, bytes), "a message lies within its datagram");
    check_payload(message.payload);
  }
  require(count <= bytes.size() / 16, "a message has a header");
}

void check_attributes(std::string_view bytes) {
  std::size_t count = 0;
  netlink::AttributeReader attributes(bytes);
  for (netlink::Attribute attribute; attributes.next(attribute); ++count) {
    require(lies_within(attribute.value, bytes), "an attribute lies within its message");
    require(netlink::as_text(attribute.value).find('\0') == std::string_view::npos, "a text has no NUL");
  }
  require(count <= bytes.size() / 4, "an attribute has a header");
}

void check_texts(std::string_view text) {
  for (const char* protocol : {"Tcp", "TcpExt"}) {
    std::vector<NamedCount> fields;
    const unsigned not_understood = formats::parse_snmp(text, protocol, fields);
    require(not_understood <= rows_in(text), "no more faults than rows");
    require(fields.size() <= 1024 * (rows_in(text) + 1), "fields are bounded");
    for (const NamedCount& field : fields) {
      require(field.name.find_first_of(" \t\r\nABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos, "a name is one word");
    }
  }
  SocketStats stats;
  require(formats::parse_sockstat(text, stats) <= rows_in(text), "no more faults than rows");
  require(!stats.tcp || text.find("inuse") != std::string_view::npos, "sockets in use have their key");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = text_of(data, size);
  check_messages(bytes);
  check_attributes(bytes);
  check_payload(bytes);
  check_texts(bytes);
  return 0;
}
