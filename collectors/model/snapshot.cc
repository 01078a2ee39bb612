#include "collectors/model/snapshot.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Length of the well-formed sequence (Unicode 15, table 3-7) at the start of `text`; 0 if
// there is none. `text` is not empty.
std::size_t utf8_sequence_size(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const unsigned second = byte(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  const bool too_large = first == 0xF4 && second > 0x8F;
  return overlong || surrogate || too_large ? 0 : size;
}

// Appends runs of bytes that need no escape at once; `escape` replaces the others.
template <class Escape>
void append_sanitised(std::string& out, std::string_view text, const Escape& escape) {
  std::size_t copied = 0, at = 0;
  while (at < text.size()) {
    std::string_view substitute = escape(text[at]);
    std::size_t size = 1;
    if (substitute.empty()) {
      size = utf8_sequence_size(text.substr(at));
      if (size == 0) substitute = kReplacement;
    }
    if (!substitute.empty()) {
      out.append(text.substr(copied, at - copied)).append(substitute);
      size = 1;
      copied = at + 1;
    }
    at += size;
  }
  out.append(text.substr(copied));
}

std::string_view label_escape(char c) {
  switch (c) {
    case '\\':
      return "\\\\";
    case '"':
      return "\\\"";
    case '\n':
      return "\\n";
    case '\0':
      return kReplacement;
    default:
      return {};
  }
}

}  // namespace

std::optional<std::uint64_t> sum_of(const Snapshot& snapshot, const Block& block, MetricId metric) {
  const auto& series = block.plan->series;
  const auto less = [](const Series& s, MetricId m) { return s.metric < m; };
  std::optional<std::uint64_t> sum;
  for (auto s = std::lower_bound(series.begin(), series.end(), metric, less); s != series.end() && s->metric == metric;
       ++s) {
    const std::uint64_t value = snapshot.value(block, *s);
    if (value == kAbsent || !s->in_sums) continue;
    std::uint64_t total = 0;
    if (__builtin_add_overflow(sum.value_or(0), value, &total) || total == kAbsent) total = kAbsent - 1;
    sum = total;
  }
  return sum;
}

void append_escaped_label(std::string& out, std::string_view value) { append_sanitised(out, value, label_escape); }

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_sanitised(out, text, [](char) { return std::string_view(); });
  return out;
}

}  // namespace tallyman
