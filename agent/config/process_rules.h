// The rules of process groups as text: a JSON list of objects. Thread-safe.
#pragma once

#include "collectors/sampling/processes/process_grouping.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// If the text is invalid, returns a complaint with the remedy and leaves `out` unchanged.
std::optional<std::string> read_process_rules(std::string_view text, std::vector<ProcessRule>& out);
// The text that read_process_rules() reads; "" for no rules.
std::string process_rules_text(const std::vector<ProcessRule>& rules);
// The keys that a rule may have: "name", "executable", ...
std::string process_rule_keys();

}  // namespace tallyman
