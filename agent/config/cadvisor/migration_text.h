// What `tallyman migrate`, a cAdvisor's --help and docs/migrating-from-cadvisor.md say. Pure; thread-safe.
#pragma once

#include "agent/config/cadvisor/cadvisor_call.h"

#include <span>
#include <string>
#include <vector>

namespace tallyman {

// "tallyman --web.listen-address=:8080 ...", quoted for a shell, in lines of so many columns where a flag fits.
std::string shell_command(std::span<const std::string> flags, std::size_t columns = 80);
std::vector<std::string> texts_of(std::span<const OwnFlag> flags);

// The command, and below it a comment for each note.
std::string migration_text(const CadvisorCall& call);

// What becomes of each of cAdvisor's flags.
std::string cadvisor_help();

// The tables of flags and of sets of metrics, in Markdown.
std::string cadvisor_flags_markdown();

}  // namespace tallyman
