// Rocket (rkt): a pod is one systemd machine, machine-rkt-UUID.scope, and its manifest
// names the apps (rkt's Documentation/devel/pod-lifecycle.md, appc's pod manifest).
#include "collectors/discovery/runtimes/rkt.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/json_facts.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/rooted_files.h"

#include <fcntl.h>

#include <algorithm>

namespace tallyman {
namespace {

using namespace json_facts;

constexpr std::size_t kMaxFileBytes = std::size_t{4} * 1024 * 1024;
constexpr std::string_view kPrefix = "machine-rkt\\x2d";  // systemd's spelling of "machine-rkt-"
constexpr std::string_view kSuffix = ".scope";
constexpr const char* kPods = "/var/lib/rkt/pods/run/";

// "coreos.com/etcd" with the label version "2.0" is "coreos.com/etcd:2.0".
std::string image_of(const json::object& app) {
  const auto* image = object_in(app, "image");
  if (image == nullptr) return {};
  std::string name = string_in(*image, "name");
  const auto* labels = member(*image, "labels");
  const auto* list = labels != nullptr ? labels->if_array() : nullptr;
  if (list == nullptr) return name;
  for (const json::value& one : *list) {
    const auto* label = one.if_object();
    if (label != nullptr && string_in(*label, "name") == "version") return name + ":" + string_in(*label, "value");
  }
  return name;
}

// A pod of several apps has the names of all of them, in their order.
bool parse_pod_manifest(std::string_view text, ContainerMetadata& metadata) {
  return with_object(text, [&metadata](const json::object& manifest) {
    const auto* apps = member(manifest, "apps");
    const auto* list = apps != nullptr ? apps->if_array() : nullptr;
    if (list == nullptr) return;
    for (const json::value& one : *list) {
      const auto* app = one.if_object();
      if (app == nullptr) continue;
      metadata.name += (metadata.name.empty() ? "" : "+") + string_in(*app, "name");
      if (metadata.image.empty()) metadata.image = image_of(*app);
    }
  });
}

class RktRuntime final : public Runtime {
 public:
  explicit RktRuntime(const HostRoot& root) : files_(root) {}

  std::string_view name() const override { return "rkt"; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const ContainerRef& container) override;
  Result<ContainerDescription> describe(const ContainerRef& container) override;
  MetadataSource metadata_source() const override { return {kPods, {}}; }

 private:
  RootedFiles files_;
};

std::optional<ContainerMatch> RktRuntime::match(std::string_view path) const {
  const CgroupPath cgroup(path);
  if (cgroup.parent().name() != "machine.slice") return {};
  std::string_view name = cgroup.name();
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix) || name.size() <= kPrefix.size() + kSuffix.size())
    return {};
  name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  std::string uuid;
  for (std::size_t at = 0; at < name.size();) {
    const bool dash = name.substr(at).starts_with("\\x2d");
    uuid += dash ? '-' : name[at];
    at += dash ? 4 : 1;
  }
  if (uuid.find_first_not_of("0123456789abcdef-") != std::string::npos) return {};
  return ContainerMatch{std::move(uuid), true};
}

std::uint64_t RktRuntime::revision(const ContainerRef& container) {
  const auto directory = files_.open(kPods + container.id, O_PATH | O_DIRECTORY);
  return directory ? revision_of_files(directory->get(), {"pod"}) : 0;
}

Result<ContainerDescription> RktRuntime::describe(const ContainerRef& container) {
  const std::string path = kPods + container.id + "/pod";
  const auto manifest = files_.read(path, kMaxFileBytes);
  if (!manifest) return manifest.error();
  ContainerDescription description;
  if (!parse_pod_manifest(*manifest, description.metadata)) return Error{ErrorKind::kMalformed, 0, path};
  return description;
}

}  // namespace

std::unique_ptr<Runtime> make_rkt_runtime(const HostRoot& root) { return std::make_unique<RktRuntime>(root); }

}  // namespace tallyman
