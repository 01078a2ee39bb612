#include "agent/commands/terminal_text.h"

#include "collectors/model/utf8.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace tallyman {
namespace {

constexpr std::string_view kMark = "..";

char32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0);
  char32_t value = byte(0) & (0xFFU >> (sequence.size() + 1));
  for (std::size_t i = 1; i < sequence.size(); ++i) value = (value << 6U) | (byte(i) & 0x3FU);
  return value;
}

bool is_obeyed(char32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
  const bool line_end = c == 0x2028 || c == 0x2029;
  const bool bidirectional =
      c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return control || line_end || bidirectional;
}

std::string hexadecimal(const char* format, char32_t c) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), format, static_cast<unsigned>(c));
  return text.data();
}

// `escaped` gives what is written for a character that terminals obey.
template <class Escape>
std::string without_obeyed(std::string_view text, const Escape& escaped) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = std::max<std::size_t>(1, utf8_sequence_size(text));
    const char32_t c = code_point(text.substr(0, size));
    is_obeyed(c) ? out.append(escaped(c)) : out.append(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

bool begins_a_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::string_view first_columns(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (begins_a_character(text[at]) && columns-- == 0) break;
  }
  return text.substr(0, at);
}

std::string_view last_columns(std::string_view text, std::size_t columns) {
  std::size_t at = text.size();
  while (at > 0 && columns > 0) {
    if (begins_a_character(text[--at])) --columns;
  }
  return text.substr(at);
}

}  // namespace

std::string printable(std::string_view text) {
  return without_obeyed(valid_utf8(text), [](char32_t c) { return hexadecimal(c < 0x80 ? "\\x%02x" : "\\u%04x", c); });
}

std::string printable_json(std::string_view json) {
  return without_obeyed(json, [](char32_t c) { return hexadecimal("\\u%04x", c); });
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_a_character));
}

std::string cut_in_the_middle(std::string_view text, std::size_t width) {
  const std::size_t columns = columns_of(text);
  if (columns <= width) return std::string(text);
  if (width <= kMark.size()) return std::string(first_columns(text, width));
  const std::size_t kept = width - kMark.size(), end = kept / 2;
  return std::string(first_columns(text, kept - end)).append(kMark).append(last_columns(text, end));
}

std::string fitting(std::string_view lines, Screen screen) {
  if (screen.height == 0) return std::string(lines);
  const auto count = static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
  // The cursor stands in the line below the last.
  const std::size_t room = std::max<std::size_t>(2, screen.height) - 1;
  const std::size_t shown = count <= room ? count : room - 1;
  std::string out;
  for (std::size_t i = 0; i < shown; ++i) {
    const std::size_t end = lines.find('\n');
    out.append(first_columns(lines.substr(0, end), screen.width)).append("\n");
    lines.remove_prefix(end + 1);
  }
  if (shown < count) out += "(" + std::to_string(count - shown) + " more)\n";
  return out;
}

}  // namespace tallyman
