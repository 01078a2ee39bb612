#include "agent/http/allowed_hosts.h"

#include "agent/http/listen_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

namespace tallyman {
namespace {

constexpr std::string_view kLoopbackName = "localhost";

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

bool is_ip_address(int family, const std::string& text) {
  in6_addr parsed;  // the larger of the two
  return inet_pton(family, text.c_str(), &parsed) == 1;
}

bool is_loopback(const std::string& host) {
  return host == kLoopbackName || host == "::1" || (host.starts_with("127.") && is_ip_address(AF_INET, host));
}

struct HostName {
  std::string text;  // in lower case, without port, brackets and the last dot
  bool bracketed = false;
};

HostName name_in(std::string_view header) {
  if (header.starts_with('[')) {
    const auto end = header.find(']');
    return {lower(header.substr(1, end == std::string_view::npos ? end : end - 1)), true};
  }
  std::string name = lower(header.substr(0, header.find(':')));
  if (name.ends_with('.')) name.pop_back();
  return {std::move(name), false};
}

bool is_below(std::string_view name, std::string_view domain) {  // the domain begins with a dot
  return name.size() > domain.size() && name.ends_with(domain);
}

}  // namespace

AllowedHosts::AllowedHosts(std::string_view listen_address, std::string_view more) {
  const auto listening = parse_listen_address(std::string(listen_address));
  const std::string host = listening ? lower(listening->host) : std::string();
  beyond_this_host_ = !is_loopback(host);
  if (!host.empty()) names_.push_back(host);
  while (!more.empty()) {
    const auto comma = std::min(more.find(','), more.size());
    std::string name = lower(more.substr(0, comma));
    std::erase_if(name, [](unsigned char c) { return std::isspace(c) != 0; });
    if (name == "*") any_ = true;
    if (!name.empty()) names_.push_back(std::move(name));
    more.remove_prefix(std::min(comma + 1, more.size()));
  }
}

bool AllowedHosts::allow(std::string_view host) const {
  if (any_ || host.empty()) return true;
  const HostName name = name_in(host);
  if (name.bracketed) return is_ip_address(AF_INET6, name.text.substr(0, name.text.find('%')));
  if (is_ip_address(AF_INET, name.text) || name.text == kLoopbackName || is_below(name.text, ".localhost")) return true;
  if (beyond_this_host_ && !name.text.empty() && name.text.find('.') == std::string::npos) return true;
  return std::any_of(names_.begin(), names_.end(), [&](const std::string& known) {
    return known == name.text || (known.starts_with('.') && is_below(name.text, known));
  });
}

}  // namespace tallyman
