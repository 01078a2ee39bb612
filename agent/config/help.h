// --help and docs/configuration.md, made from the table of settings. Pure.
#pragma once

#include "agent/config/options.h"

#include <string>

namespace tallyman {

// Of a command: at most 70 lines of 80 columns. That of `serve` is that of the program.
std::string help_text(Command command = Command::kServe);
std::string configuration_markdown();  // docs/configuration.md; `tallyman --help=markdown` prints it

}  // namespace tallyman
