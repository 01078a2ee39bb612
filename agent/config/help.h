// --help and docs/configuration.md, made from the table of settings. Pure.
#pragma once

#include <string>

namespace tallyman {

std::string help_text();               // at most 70 lines of 80 columns
std::string overhead_help_text();      // `tallyman overhead --help`, the same size
std::string configuration_markdown();  // docs/configuration.md; `tallyman --help=markdown` prints it

}  // namespace tallyman
