// A record, or two, as a table of 80 columns. Pure; thread-safe.
#pragma once

#include "agent/overhead/model/record.h"
#include "agent/overhead/report/analysis.h"

#include <string>

namespace tallyman::overhead {

std::string table_text(const Record& record, const Analysis& analysis);
std::string comparison_text(const Record& before, const Record& after, const RunComparison& comparison);

}  // namespace tallyman::overhead
