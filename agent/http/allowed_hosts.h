// Which names a request may ask for. A web page can point a name of its own at this host's
// address (DNS rebinding); its browser then sends that name in the header Host. Immutable;
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

class AllowedHosts {
 public:
  AllowedHosts() : any_(true) {}  // every host
  // `listen_address` as in HttpServer::listen(). `more` are names with commas; one that begins
  // with a dot stands for all names below it, and `*` for every host.
  AllowedHosts(std::string_view listen_address, std::string_view more);

  // `host` is the value of the header: "localhost:8255", "[::1]:8255". Allowed are
  // - localhost and the names below it, and the name that the server listens on;
  // - IP addresses: who asks for an address has no name to point at it;
  // - names without a dot, if the server listens on more than this host: those of a container's
  //   network or of a host file. No website has one;
  // - an empty value, which HTTP/1.0 may have.
  bool allow(std::string_view host) const;

 private:
  bool any_ = false;
  bool beyond_this_host_ = false;
  std::vector<std::string> names_;  // in lower case
};

}  // namespace tallyman
