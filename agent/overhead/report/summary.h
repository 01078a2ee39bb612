// The answer of a run in a few plain sentences, from its measured results alone. Pure;
// thread-safe.
#pragma once

#include "agent/overhead/model/record.h"
#include "agent/overhead/report/analysis.h"

#include <string>
#include <vector>

namespace tallyman::overhead {

// One sentence for each kind of container that was measured: "A Docker container here:
// starts in 574 ms instead of 4.44 ms; computing, files: no measurable difference." A number
// is there only where a difference is measurable. Then how large the noise was if it was large,
// and what a busy machine hides. Empty if no container was measured.
std::vector<std::string> summary_of(const Record& record, const Analysis& analysis);

}  // namespace tallyman::overhead
