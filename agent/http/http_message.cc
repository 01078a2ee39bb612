#include "agent/http/http_message.h"

#include "collectors/kernel/system/text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

namespace tallyman {
namespace {

Error bad_target(const char* sentence) { return {ErrorKind::kMalformed, 0, sentence}; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (text.size() - i < 3) return {};
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return {};
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

// No overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : (lead & 0xF0) == 0xE0 ? 3 : 4;
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || text.size() - i < length) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xC0) != 0x80) return false;
    }
    if ((lead == 0xE0 && byte(i + 1) < 0xA0) || (lead == 0xED && byte(i + 1) > 0x9F)) return false;
    if ((lead == 0xF0 && byte(i + 1) < 0x90) || (lead == 0xF4 && byte(i + 1) > 0x8F)) return false;
    i += length;
  }
  return true;
}

bool climbs(std::string_view path) {
  for (std::size_t i = path.find("/.."); i != std::string_view::npos; i = path.find("/..", i + 1)) {
    if (i + 3 == path.size() || path[i + 3] == '/') return true;
  }
  return false;
}

const char* check_path(const std::string& path) {
  if (std::any_of(path.begin(), path.end(), is_control)) return "The path holds a control character.";
  if (!is_utf8(path)) return "The path is not valid UTF-8.";
  if (climbs(path)) return "The path holds a \"..\" segment.";
  return nullptr;
}

// The path and query of "http://host/path?query".
std::string_view without_authority(std::string_view target) {
  const auto scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return target;
  const auto scheme = target.substr(0, scheme_end);
  if (scheme != "http" && scheme != "https") return target;
  target.remove_prefix(scheme_end + 3);
  target.remove_prefix(std::min(target.find_first_of("/?#"), target.size()));
  return target.empty() ? "/" : target;
}

bool breaks_head(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (name.empty() || breaks_head(name) || breaks_head(value)) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

Result<RequestTarget> parse_request_target(std::string_view target) {
  if (!target.starts_with('/')) target = without_authority(target);
  if (!target.starts_with('/')) return bad_target("The request target does not begin with '/'.");
  if (target.find('#') != std::string_view::npos) return bad_target("The request target holds a '#'.");

  const auto question = std::min(target.find('?'), target.size());
  auto path = percent_decode(target.substr(0, question), false);
  if (!path) return bad_target("The path holds a '%' that two hexadecimal digits do not follow.");
  if (const char* sentence = check_path(*path)) return bad_target(sentence);

  RequestTarget parsed{std::move(*path), {}};
  target.remove_prefix(std::min(question + 1, target.size()));
  while (!target.empty()) {
    const auto end = std::min(target.find('&'), target.size());
    const auto pair = target.substr(0, end);
    target.remove_prefix(std::min(end + 1, target.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    auto key = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!key || !value) return bad_target("The query holds a '%' that two hexadecimal digits do not follow.");
    if (!is_utf8(*key) || !is_utf8(*value)) return bad_target("The query is not valid UTF-8.");
    if ((*key + *value).find('\0') != std::string::npos) return bad_target("The query holds a NUL byte.");
    parsed.query.emplace_back(std::move(*key), std::move(*value));
  }
  return parsed;
}

bool has_content(int status) { return status >= 200 && status != 204 && status != 304; }

std::string response_head(const HttpResponse& response, const ResponseFraming& framing) {
  std::string head;
  head.reserve(384);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(framing.reason).append("\r\n");
  append_header(head, "Server", "tallyman");
  append_header(head, "Date", http_date(framing.now));
  append_header(head, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) append_header(head, name, value);
  if (has_content(response.status)) {
    append_header(head, "Content-Type", response.content_type);
    if (!response.stream) {
      append_header(head, "Content-Length", std::to_string(response.body ? response.body->size() : 0));
    }
  }
  if (!framing.keep_alive) append_header(head, "Connection", "close");
  if (framing.keep_alive && framing.http_1_0) append_header(head, "Connection", "keep-alive");
  return head.append("\r\n");
}

std::string http_date(std::chrono::sys_seconds time) {
  using namespace std::chrono;
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT", kDays[weekday{day}.c_encoding()],
                static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return text.data();
}

}  // namespace tallyman
