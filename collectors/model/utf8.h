// Text as valid UTF-8, whatever its bytes are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tallyman {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// Length of the well-formed sequence (Unicode 15, table 3-7) at the start of `text`; 0 if
// there is none. `text` is not empty.
std::size_t utf8_sequence_size(std::string_view text);

// Appends `text` with U+FFFD for each byte that is not UTF-8. `escape` gives what replaces a
// byte, or an empty text.
template <class Escape>
void append_valid_utf8(std::string& out, std::string_view text, const Escape& escape) {
  std::size_t copied = 0, at = 0;
  while (at < text.size()) {
    std::string_view substitute = escape(text[at]);
    std::size_t size = 1;
    if (substitute.empty()) {
      size = utf8_sequence_size(text.substr(at));
      if (size == 0) substitute = kReplacementCharacter;
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

// With U+FFFD for each byte that is not UTF-8.
std::string valid_utf8(std::string_view text);

}  // namespace tallyman
