#include "agent/api/negotiation.h"

#include "collectors/kernel/system/text.h"

#include <algorithm>
#include <optional>

namespace tallyman {
namespace {

constexpr int kNotNamed = -1;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

// Takes the text up to the separator off `rest`; a separator in quotes does not count.
std::string_view cut(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (quoted && rest[end] == '\\') {
      ++end;
    } else if (rest[end] == '"') {
      quoted = !quoted;
    } else if (rest[end] == separator && !quoted) {
      break;
    }
  }
  end = std::min(end, rest.size());
  const auto piece = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

std::string_view unquote(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

// "0.75" is 750; more than three decimals are cut off.
std::optional<int> parse_quality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || (text.size() > 1 && text[1] != '.')) return {};
  int thousandths = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (c < '0' || c > '9') return {};
    thousandths += (c - '0') * unit;
    unit /= 10;
  }
  if (thousandths > 1000) return {};
  return thousandths;
}

struct Item {
  std::string_view name;     // "text/plain", "gzip"
  std::string_view version;  // its parameter, if any
  int quality = 1000;
};

std::optional<Item> parse_item(std::string_view text) {
  Item item{cut(text, ';'), {}, 1000};
  if (item.name.empty()) return {};
  while (!text.empty()) {
    auto value = cut(text, ';');
    const auto key = cut(value, '=');
    if (same(key, "version")) item.version = unquote(value);
    if (!same(key, "q")) continue;
    const auto quality = parse_quality(value);
    if (!quality) return {};
    item.quality = *quality;
  }
  return item;
}

// The quality of the most specific matching range, and its position.
struct Match {
  int specificity = 0, quality = 0;
  std::size_t position = 0;

  void offer(int how_specific, int its_quality, std::size_t at) {
    if (how_specific < specificity || (how_specific == specificity && its_quality <= quality)) return;
    *this = {how_specific, its_quality, at};
  }
};

}  // namespace

TextFormat choose_format(std::string_view accept) {
  Match text, open_metrics;
  for (std::size_t position = 0; !accept.empty(); ++position) {
    const auto item = parse_item(cut(accept, ','));
    if (!item) continue;
    if (same(item->name, "application/openmetrics-text")) {
      if (item->version == "1.0.0") open_metrics.offer(4, item->quality, position);
      if (item->version.empty()) open_metrics.offer(3, item->quality, position);
    } else if (same(item->name, "text/plain")) {
      if (item->version == "0.0.4") text.offer(4, item->quality, position);
      if (item->version.empty()) text.offer(3, item->quality, position);
    } else if (same(item->name, "text/*")) {
      text.offer(2, item->quality, position);
    } else if (item->name == "*/*") {
      text.offer(1, item->quality, position);
    }
  }
  if (open_metrics.quality == 0 || open_metrics.quality < text.quality) return TextFormat::kPrometheus;
  if (open_metrics.quality > text.quality) return TextFormat::kOpenMetrics;
  const bool text_was_named = text.specificity >= 3;
  return text_was_named && text.position < open_metrics.position ? TextFormat::kPrometheus : TextFormat::kOpenMetrics;
}

bool accepts_gzip(std::string_view accept_encoding) {
  int gzip = kNotNamed, any = kNotNamed, identity = kNotNamed;
  while (!accept_encoding.empty()) {
    const auto item = parse_item(cut(accept_encoding, ','));
    if (!item) continue;
    if (same(item->name, "gzip") || same(item->name, "x-gzip")) gzip = std::max(gzip, item->quality);
    if (item->name == "*") any = std::max(any, item->quality);
    if (same(item->name, "identity")) identity = std::max(identity, item->quality);
  }
  if (gzip == kNotNamed) gzip = any;
  return gzip > 0 && gzip >= identity;
}

}  // namespace tallyman
