#include "agent/config/cadvisor_mode.h"

#include "agent/config/cadvisor/go_flags.h"
#include "agent/config/cadvisor/migration_text.h"
#include "agent/config/settings.h"
#include "collectors/kernel/system/text.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::string_view kMigrate = "migrate";
constexpr const char* kCadvisorsHost = "/rootfs/proc";
constexpr const char* kMarksOfContainers[] = {"/.dockerenv", "/run/.containerenv"};

EarlyExit refusal(const std::string& text) { return {2, "tallyman: " + text + "\n"}; }

const Setting* setting_of(std::string_view argument) {
  if (!argument.starts_with("--")) return nullptr;
  const std::string_view name = go_flag_name(argument);
  if (const Setting* setting = find_setting(name)) return setting;
  return name.starts_with("no-") ? find_setting(name.substr(3)) : nullptr;
}

struct Mixture {
  std::vector<std::string> cadvisors, own;
};

Mixture sorted_by_program(const std::vector<std::string>& arguments) {
  Mixture mixture;
  for (auto next = arguments.begin(); next != arguments.end(); ++next) {
    const Setting* setting = setting_of(*next);
    if (setting == nullptr) {
      mixture.cadvisors.push_back(*next);
      continue;
    }
    mixture.own.push_back(*next);
    const bool value_follows = setting->shape != Shape::kSwitch && next->find('=') == next->npos;
    if (value_follows && next + 1 != arguments.end()) mixture.own.back() += "=" + *++next;
  }
  return mixture;
}

EarlyExit refuse_mixture(const Mixture& mixture, const CadvisorCall& call) {
  std::vector<std::string> words = texts_of(call.flags);
  words.insert(words.end(), mixture.own.begin(), mixture.own.end());
  return refusal("flags of cAdvisor and of Tallyman (" + shown(mixture.own.front()) +
                 ") are mixed. In Tallyman's alone:\n\n" + shell_command(words));
}

CadvisorHost place_of_host(IsThere is_there) {
  return is_there(kCadvisorsHost) ? CadvisorHost::kAtRootfs : CadvisorHost::kAtRoot;
}

// `migrate -- FLAGS...`
EarlyExit migrate(std::vector<std::string> arguments) {
  if (!arguments.empty() && arguments.front() == "--") arguments.erase(arguments.begin());
  const auto call = own_flags(arguments, CadvisorHost::kAtRoot);
  if (!call) return refusal(call.error().text);
  if (call->wants_help) return {0, cadvisor_help()};
  return {0, migration_text(*call)};
}

Result<Invocation, EarlyExit> in_cadvisors_place(const std::vector<std::string>& arguments, IsThere is_there) {
  const Mixture mixture = sorted_by_program(arguments);
  const CadvisorHost host = place_of_host(is_there);
  auto call = own_flags(mixture.cadvisors, host);
  if (!call) return refusal(call.error().text + "\nSee tallyman migrate --help.");
  if (!mixture.own.empty()) return refuse_mixture(mixture, *call);
  if (call->wants_version) return EarlyExit{0, version_text() + "\n"};
  if (call->wants_help) return EarlyExit{0, cadvisor_help()};

  Invocation result;
  result.arguments = texts_of(call->flags);
  result.notes.push_back("in cAdvisor's place; in Tallyman's own flags: " +
                         shell_command(result.arguments, std::string::npos));
  result.notes.insert(result.notes.end(), call->notes.begin(), call->notes.end());
  const bool in_container = std::any_of(std::begin(kMarksOfContainers), std::end(kMarksOfContainers), is_there);
  if (in_container && host == CadvisorHost::kAtRoot) {
    result.notes.emplace_back("nothing is mounted at /rootfs: the host's processes, names and disks are not seen");
  }
  result.translated = std::move(call->flags);
  return result;
}

}  // namespace

Result<Invocation, EarlyExit> invocation(std::string_view program, std::vector<std::string> arguments,
                                         IsThere is_there) {
  const bool in_container = !arguments.empty() && arguments.front() == kInContainer;
  if (in_container) arguments.erase(arguments.begin());
  if (std::find(arguments.begin(), arguments.end(), kInContainer) != arguments.end()) {
    return refusal(std::string(kInContainer) + ": must be the first argument, and is only once");
  }
  if (!arguments.empty() && arguments.front() == kMigrate) {
    arguments.erase(arguments.begin());
    return migrate(std::move(arguments));
  }
  if (is_cadvisor_call(program, arguments)) return in_cadvisors_place(arguments, is_there);
  if (in_container) arguments.insert(arguments.begin(), {"--path.rootfs=/host", "--web.listen-address=:8255"});
  return Invocation{std::move(arguments), {}, {}};
}

}  // namespace tallyman
