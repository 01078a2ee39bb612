// Untrusted text for a terminal, and what fits onto one. Pure functions. A column is a
// character.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tallyman {

// Terminals obey control characters, C1 (U+0080 to U+009F, of which U+009B begins a command)
// among them, and turn text around at bidirectional ones. These are written as \x1b and
// \u202e, and bytes that are not UTF-8 as \xff.
std::string printable(std::string_view text);
// The same for JSON: as its own escapes, so that a reader gets the text as it is.
std::string printable_json(std::string_view json);

std::size_t columns_of(std::string_view text);
// Text that is too long loses its middle, with a mark there: names often differ at their end.
std::string cut_in_the_middle(std::string_view text, std::size_t width);

struct Screen {
  std::size_t width = 80;
  std::size_t height = 0;  // 0: not a terminal
};
// The lines that fit, the first ones. If some do not, the last line says how many.
std::string fitting(std::string_view lines, Screen screen);

}  // namespace tallyman
