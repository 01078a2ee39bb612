#include "collectors/discovery/runtimes/kubernetes.h"

#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/text.h"

#include <algorithm>
#include <string>
#include <utility>

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

// web-7d4b9c6f5 of web-7d4b9c6f5-x2x8q. Empty without such a suffix: the API server cuts a long
// name to make room for the suffix, and what is left is not the owner's name.
std::string_view without_random_suffix(std::string_view name) {
  constexpr std::size_t kSuffix = 5;
  const auto dash = name.rfind('-');
  return dash != std::string_view::npos && name.size() - dash - 1 == kSuffix ? name.substr(0, dash)
                                                                             : std::string_view();
}

// db of db-12.
std::string_view without_number(std::string_view name) {
  const auto dash = name.rfind('-');
  if (dash == std::string_view::npos || !to_number<std::uint32_t>(name.substr(dash + 1))) return {};
  return name.substr(0, dash);
}

// web of web-7d4b9c6f5.
std::string_view without_hash(std::string_view replica_set, std::string_view hash) {
  if (!replica_set.ends_with(hash)) return {};
  replica_set.remove_suffix(hash.size());
  return replica_set.ends_with('-') ? replica_set.substr(0, replica_set.size() - 1) : std::string_view();
}

PodOwner named(std::string kind, std::string_view name) {
  return name.empty() ? PodOwner() : PodOwner{std::move(kind), std::string(name)};
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

PodOwner owner_of_pod(std::string_view pod_name, const std::map<std::string, std::string>& labels) {
  const auto label = [&labels](const char* name) {
    const auto found = labels.find(name);
    return found == labels.end() ? std::string_view() : std::string_view(found->second);
  };
  if (const auto hash = label("pod-template-hash"); !hash.empty())
    return named("Deployment", without_hash(without_random_suffix(pod_name), hash));
  if (!label("statefulset.kubernetes.io/pod-name").empty()) return named("StatefulSet", without_number(pod_name));
  for (const char* name : {"batch.kubernetes.io/job-name", "job-name"}) {
    if (const auto job = label(name); !job.empty()) return named("Job", job);
  }
  const bool of_daemon_set = !label("controller-revision-hash").empty() && !label("pod-template-generation").empty();
  return of_daemon_set ? named("DaemonSet", without_random_suffix(pod_name)) : PodOwner();
}

bool take_pod_name(const ContainerMetadata& container, PodIdentity& pod) {
  if (!container.kubernetes || container.kubernetes->pod.empty()) return false;
  pod.name = container.kubernetes->pod;
  pod.name_space = container.kubernetes->name_space;
  const bool is_sandbox = container.kubernetes->container.empty();
  if (is_sandbox) pod.owner = owner_of_pod(pod.name, container.labels);
  return true;
}

}  // namespace tallyman
