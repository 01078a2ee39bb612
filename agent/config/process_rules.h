// The rules of process groups as text: a JSON list of objects. Thread-safe.
#pragma once

#include "agent/config/input_error.h"
#include "collectors/sampling/processes/process_grouping.h"

#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// The error says which rule is wrong and what to do.
Result<std::vector<ProcessRule>, InputError> read_process_rules(std::string_view text);
// The text that read_process_rules() reads; "" for no rules.
std::string process_rules_text(const std::vector<ProcessRule>& rules);
// The keys that a rule may have: "name", "executable", ...
std::string process_rule_keys();

}  // namespace tallyman
