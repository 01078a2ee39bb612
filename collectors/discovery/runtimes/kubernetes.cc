#include "collectors/discovery/runtimes/kubernetes.h"

#include "collectors/kernel/stats/cgroup_path.h"

#include <algorithm>
#include <string>

namespace tallyman {
namespace {

constexpr std::size_t kStaticUidDigits = 32;  // a hash of the file, not a UUID
constexpr std::string_view kClasses[] = {"burstable", "besteffort"};

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// The API server's uid (8-4-4-4-12), or for a static pod 32 digits without dashes.
bool is_pod_uid(std::string_view uid) {
  if (uid.size() == kStaticUidDigits) return std::all_of(uid.begin(), uid.end(), is_hex);
  if (uid.size() != 36) return false;
  for (std::size_t i = 0; i < uid.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? uid[i] != '-' : !is_hex(uid[i])) return false;
  }
  return true;
}

// Guaranteed pods are directly below kubepods.
std::string qos_of(std::string_view above) {
  for (const std::string_view one : kClasses) {
    if (above.ends_with(one)) return std::string(one);
  }
  return "guaranteed";
}

std::optional<PodIdentity> pod_of(std::string uid, std::string_view above) {
  if (!is_pod_uid(uid)) return {};
  PodIdentity pod;
  pod.is_static = uid.size() == kStaticUidDigits;
  pod.uid = std::move(uid);
  pod.qos = qos_of(above);
  return pod;
}

// kubepods-burstable-podUID.slice, with underscores instead of the uid's dashes.
std::optional<PodIdentity> pod_by_slice(std::string_view name) {
  constexpr std::string_view kSlice = ".slice";
  constexpr std::string_view kPod = "-pod";
  name.remove_suffix(kSlice.size());
  const auto at = name.rfind(kPod);
  if (at == std::string_view::npos || name.substr(0, at).find("kubepods") == std::string_view::npos) return {};
  std::string uid(name.substr(at + kPod.size()));
  std::replace(uid.begin(), uid.end(), '_', '-');
  return pod_of(std::move(uid), name.substr(0, at));
}

}  // namespace

std::optional<PodIdentity> pod_by_path(std::string_view cgroup_path) {
  constexpr std::string_view kKubepods = "kubepods";
  const CgroupPath path(cgroup_path), parent = path.parent();
  const std::string_view name = path.name();
  if (name.ends_with(".slice")) return pod_by_slice(name);
  const bool in_kubepods = parent.name() == kKubepods || parent.parent().name() == kKubepods;
  if (!in_kubepods || !name.starts_with("pod")) return {};
  return pod_of(std::string(name.substr(3)), parent.text());
}

std::optional<KubernetesIdentity> identity_by_labels(const ContainerMetadata& container) {
  const auto label = [&container](const char* name) {
    const auto found = container.labels.find(name);
    return found == container.labels.end() ? std::string() : found->second;
  };
  KubernetesIdentity identity{label("io.kubernetes.container.name"), label("io.kubernetes.pod.name"),
                              label("io.kubernetes.pod.namespace"), label("io.kubernetes.pod.uid")};
  if (identity.pod.empty()) return {};
  if (identity.container == "POD") identity.container.clear();
  return identity;
}

bool take_pod_name(const ContainerMetadata& container, PodIdentity& pod) {
  if (!container.kubernetes || container.kubernetes->pod.empty()) return false;
  pod.name = container.kubernetes->pod;
  pod.name_space = container.kubernetes->name_space;
  return true;
}

}  // namespace tallyman
