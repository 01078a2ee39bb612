// Whether the program was called as cAdvisor is, and by the image's entry point; and the command line that this means.
// Looks for the host's directories; thread-safe.
#pragma once

#include "agent/config/cadvisor/cadvisor_call.h"
#include "agent/config/options.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// The first argument of the image's entry point: the host is at /host, and the agent listens on all addresses, unless
// it is in cAdvisor's place.
inline constexpr std::string_view kInContainer = "--in-container";

struct Invocation {
  std::vector<std::string> arguments;  // of the agent
  std::vector<OwnFlag> translated;     // those that stand for cAdvisor's
  std::vector<std::string> notes;      // to be logged at the start
};

// `is_there` tells whether there is such a file or directory. An error, or the text of `migrate` and of cAdvisor's
// --help.
using IsThere = bool (*)(const char* path);
Result<Invocation, EarlyExit> invocation(std::string_view program, std::vector<std::string> arguments,
                                         IsThere is_there);

}  // namespace tallyman
