// `tallyman metrics`: the catalogue, as a table, Markdown or JSON.
#pragma once

#include "agent/config/options.h"

#include <iosfwd>

namespace tallyman {

int run_metrics_command(const std::string& format, std::ostream& out);

}  // namespace tallyman
