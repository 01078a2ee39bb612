// cAdvisor's flags, as its main branch of July 2026 lists them with --help, and what becomes of each. The table makes
// the translation, the refusals, the log lines and docs/migrating-from-cadvisor.md. Constant; thread-safe.
#pragma once

#include "agent/config/cadvisor/go_flags.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace tallyman {

enum class CadvisorFate : std::uint8_t {
  kTranslated,  // by own_arguments()
  kNotNeeded,   // accepted, with one line that says why
  kRefused,     // unless it has its default: the agent cannot do what it asks for
};

struct CadvisorFlag {
  std::string_view name;  // without dashes
  GoType type = GoType::kText;
  std::string_view standard{};  // its default
  CadvisorFate fate = CadvisorFate::kNotNeeded;
  std::string_view
      reason{};  // a clause: "the agent reads files, not sockets"; of a translated flag a remark or nothing
  std::string_view example{};  // of a translated flag: a value that changes something
  std::string_view with{};     // what the example needs besides: "--docker_only"
};

// In the order of the names.
std::span<const CadvisorFlag> cadvisor_flags();
// Null if cAdvisor has no such flag.
const CadvisorFlag* find_cadvisor_flag(std::string_view name);

// A set of cAdvisor's --enable_metrics and --disable_metrics.
struct CadvisorMetricSet {
  std::string_view name;
  bool on_by_default = true;
  std::string_view collectors{};  // the agent's, with commas; empty: it has none of these metrics
  std::string_view reason{};      // why it has none
};
std::span<const CadvisorMetricSet> cadvisor_metric_sets();

}  // namespace tallyman
