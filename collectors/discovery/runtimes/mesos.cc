// Mesos' own containerizer: /mesos/ID, and for nested containers /mesos/ID/mesos/ID
// (isolator cgroups_root, https://mesos.apache.org/documentation/latest/isolators/cgroups/).
// The agent's checkpoints name executors and frameworks in protobuf; the id is the name.
#include "collectors/discovery/runtimes/mesos.h"

#include "collectors/kernel/stats/cgroup_path.h"

namespace tallyman {
namespace {

class MesosRuntime final : public Runtime {
 public:
  std::string_view name() const override { return "mesos"; }

  std::optional<ContainerMatch> match(std::string_view path) const override {
    const CgroupPath cgroup(path);
    const std::string_view name = cgroup.name();
    // Mesos' ids are UUIDs, a prefix at most before them.
    constexpr std::size_t kUuidDigits = 36;
    const bool is_uuid = name.size() >= kUuidDigits && name[name.size() - 13] == '-';
    const bool in_mesos = CgroupPath("/mesos").contains(cgroup) && cgroup.parent().name() == "mesos";
    if (!in_mesos || !is_uuid) return {};
    return ContainerMatch{std::string(name), true};
  }

  std::uint64_t revision(const ContainerRef&) override { return 1; }

  Result<ContainerDescription> describe(const ContainerRef& container) override {
    ContainerDescription description;
    description.metadata.name = container.id;
    return description;
  }
};

}  // namespace

std::unique_ptr<Runtime> make_mesos_runtime() { return std::make_unique<MesosRuntime>(); }

}  // namespace tallyman
