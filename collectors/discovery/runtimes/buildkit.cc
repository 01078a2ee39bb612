// Paths as BuildKit's executor for runc makes them (executor/oci, spec.go: the namespace "buildkit",
// and ids of 25 digits and small letters from identity.NewID).
#include "collectors/discovery/runtimes/buildkit.h"

#include "collectors/kernel/stats/cgroup_path.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::size_t kIdDigits = 25;
constexpr std::string_view kSpace = "buildkit";

bool is_build_id(std::string_view id) {
  return id.size() == kIdDigits &&
         std::all_of(id.begin(), id.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
}

class BuildkitRuntime final : public Runtime {
 public:
  std::string_view name() const override { return "buildkit"; }

  std::optional<ContainerMatch> match(std::string_view path) const override {
    const CgroupPath cgroup(path);
    std::string_view name = cgroup.name();
    if (cgroup.parent().name() != kSpace) {
      if (name.ends_with(".scope")) name.remove_suffix(std::string_view(".scope").size());
      if (name.size() <= kIdDigits + kSpace.size()) return {};
      std::string_view before = name.substr(0, name.size() - kIdDigits - 1);
      const char mark = name[before.size()];
      name.remove_prefix(before.size() + 1);
      const bool here = (mark == '-' && before == kSpace) || (mark == ':' && before.ends_with(":buildkit"));
      if (!here) return {};
    }
    if (!is_build_id(name)) return {};
    return ContainerMatch{std::string(name), true};
  }

  std::uint64_t revision(const ContainerRef&) override { return 1; }
  Result<ContainerDescription> describe(const ContainerRef&) override { return ContainerDescription{}; }
  bool serves_users() const override { return true; }
};

}  // namespace

std::unique_ptr<Runtime> make_buildkit_runtime() { return std::make_unique<BuildkitRuntime>(); }

}  // namespace tallyman
