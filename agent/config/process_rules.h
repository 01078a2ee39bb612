// The rules of process groups as text: a JSON list of objects. Thread-safe.
#pragma once

#include "collectors/sampling/processes/process_grouping.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// A complaint that says what to do, if it cannot be understood; `out` is then unchanged.
std::optional<std::string> read_process_rules(std::string_view text, std::vector<ProcessRule>& out);
// As read_process_rules() takes it; "" for no rules.
std::string process_rules_text(const std::vector<ProcessRule>& rules);
// What may be in a rule: "name", "executable", ...
std::string process_rule_keys();

}  // namespace tallyman
