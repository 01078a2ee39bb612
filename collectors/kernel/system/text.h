// Text helpers that many parts need. Numbers and blanks are read as the parsers do. Pure; thread-safe.
#pragma once

#include "collectors/kernel/formats/text_basics.h"

#include <string>
#include <string_view>

namespace tallyman {

using formats::to_number;
using formats::trimmed;

// What a terminal, a log or a protocol may obey: below 0x20, and DEL.
inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Untrusted text with `instead` for each control character.
std::string without_controls(std::string_view text, char instead = '?');

// Untrusted text made safe for a message: bounded length, no control characters.
std::string shown(std::string_view text);

}  // namespace tallyman
