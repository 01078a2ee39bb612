// Text as valid UTF-8, whatever its bytes are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tallyman {

// Length of the well-formed sequence (Unicode 15, table 3-7) at the start of `text`; 0 if
// there is none. `text` is not empty.
std::size_t utf8_sequence_size(std::string_view text);

// Appends the two digits of "\xNN".
void append_hex_digits(std::string& out, char byte);

// Appends `text` with \xNN for each byte that is not UTF-8, so that different bytes stay
// different. `escape` gives what replaces a byte, or an empty text; the backslash of \xNN is
// escaped as well.
template <class Escape>
void append_valid_utf8(std::string& out, std::string_view text, const Escape& escape) {
  std::size_t copied = 0, at = 0;
  while (at < text.size()) {
    std::string_view substitute = escape(text[at]);
    const std::size_t size = substitute.empty() ? utf8_sequence_size(text.substr(at)) : 0;
    if (size > 0) {
      at += size;
      continue;
    }
    out.append(text.substr(copied, at - copied));
    if (substitute.empty()) {
      constexpr char kBackslash = '\\';
      const std::string_view escaped = escape(kBackslash);
      out.append(escaped.empty() ? std::string_view(&kBackslash, 1) : escaped);
      append_hex_digits(out, text[at]);
    } else {
      out.append(substitute);
    }
    copied = ++at;
  }
  out.append(text.substr(copied));
}

// With \xNN for each byte that is not UTF-8.
std::string valid_utf8(std::string_view text);

}  // namespace tallyman
