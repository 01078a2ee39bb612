// The command line of a cAdvisor in the agent's own flags. Pure; thread-safe.
#pragma once

#include "agent/config/input_error.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// By the program's name ("cadvisor", with or without a directory), or by a flag that cAdvisor has and the agent has
// not.
bool is_cadvisor_call(std::string_view program, std::span<const std::string> arguments);

struct OwnFlag {
  std::string text;    // "--web.listen-address=:8080"
  std::string origin;  // "--port=8080"; empty: so that the agent does what cAdvisor does without a flag
};

struct CadvisorCall {
  bool wants_help = false, wants_version = false;
  std::vector<OwnFlag> flags;
  std::vector<std::string> notes;  // a line about each flag that is not needed
};

// Where cAdvisor finds the host: in a container at /rootfs, otherwise at /.
enum class CadvisorHost : bool { kAtRoot, kAtRootfs };

// An error: a flag that is unknown or refused, or a value of the wrong kind. It names the flag and says what to do.
Result<CadvisorCall, InputError> own_flags(std::span<const std::string> arguments, CadvisorHost host);

}  // namespace tallyman
