#include "collectors/discovery/runtimes/oci_spec.h"

#include "collectors/discovery/runtimes/json_facts.h"

#include <algorithm>

namespace tallyman {
namespace {

using namespace json_facts;

struct Alias {
  const char* annotation;
  const char* label;
};

// containerd's CRI (pkg/cri/annotations), CRI-O (pkg/annotations; it already has the
// plain io.kubernetes names as labels), nerdctl (pkg/labels).
constexpr Alias kAliases[] = {
    {"io.kubernetes.cri.container-name", "io.kubernetes.container.name"},
    {"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"},
    {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"},
    {"io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"},
};
constexpr const char* kTypeAnnotations[] = {"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"};
constexpr const char* kImageAnnotations[] = {"io.kubernetes.cri.image-name", "io.kubernetes.cri.podsandbox.image-name"};
constexpr const char* kCrioImage[] = {"io.kubernetes.cri-o.ImageName"};
constexpr const char* kSandboxAnnotations[] = {"io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID"};
constexpr const char* kNameAnnotations[] = {"nerdctl/name", "io.kubernetes.container.name",
                                            "io.kubernetes.cri.container-name"};
constexpr const char* kContainerNames[] = {"io.kubernetes.cri.container-name", "io.kubernetes.container.name"};
constexpr const char* kPodNames[] = {"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"};
constexpr const char* kPodNamespaces[] = {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"};
constexpr const char* kPodUids[] = {"io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"};
constexpr std::string_view kSandboxName = "POD";

using Labels = std::map<std::string, std::string>;

template <std::size_t N>
std::string first_of(const Labels& labels, const char* const (&keys)[N]) {
  for (const char* key : keys) {
    if (const auto it = labels.find(key); it != labels.end() && !it->second.empty()) return it->second;
  }
  return {};
}

Labels labels_of(const json::object& spec) {
  Labels labels;
  const auto* annotations = object_in(spec, "annotations");
  if (annotations == nullptr) return labels;
  for (const auto& [key, value] : *annotations) {
    if (const auto* text = value.if_string()) labels[std::string(key)] = std::string(*text);
  }
  for (const Alias& alias : kAliases) {
    const auto it = labels.find(alias.annotation);
    if (it != labels.end() && !labels.contains(alias.label)) labels[alias.label] = it->second;
  }
  return labels;
}

// "host" if the container has no network namespace; "container:ID" if it is in its pod's;
// else it has its own.
std::string network_mode_of(const json::object& spec, const std::string& pods_sandbox) {
  const auto* linux = object_in(spec, "linux");
  const auto* namespaces = linux != nullptr ? member(*linux, "namespaces") : nullptr;
  const auto* list = namespaces != nullptr ? namespaces->if_array() : nullptr;
  if (list == nullptr) return {};
  const bool own = std::any_of(list->begin(), list->end(), [](const json::value& one) {
    const auto* object = one.if_object();
    return object != nullptr && string_in(*object, "type") == "network";
  });
  if (!own) return "host";
  return pods_sandbox.empty() ? "bridge" : "container:" + pods_sandbox;
}

// 0 is not set.
std::optional<std::uint64_t> cpu_shares_of(const json::object& spec) {
  const json::object* at = &spec;
  for (const char* key : {"linux", "resources", "cpu"}) {
    at = at != nullptr ? object_in(*at, key) : nullptr;
  }
  const auto shares = at != nullptr ? number_in(*at, "shares") : std::nullopt;
  return shares && *shares > 0 ? shares : std::nullopt;
}

std::vector<MountPoint> binds_of(const json::object& spec) {
  std::vector<MountPoint> mounts;
  const auto* value = member(spec, "mounts");
  const auto* list = value != nullptr ? value->if_array() : nullptr;
  if (list == nullptr) return mounts;
  for (const json::value& one : *list) {
    const auto* object = one.if_object();
    if (object == nullptr) continue;
    const auto options = strings_in(*object, "options");
    const auto has = [&](const char* option) {
      return std::find(options.begin(), options.end(), option) != options.end();
    };
    if (string_in(*object, "type") != "bind" && !has("bind") && !has("rbind")) continue;
    MountPoint mount;
    mount.type = "bind";
    mount.source = string_in(*object, "source");
    mount.destination = string_in(*object, "destination");
    mount.read_only = has("ro");
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

// The annotations that containerd's CRI and CRI-O write themselves.
bool is_of_a_cri(const Labels& labels) {
  return std::any_of(labels.begin(), labels.end(), [](const auto& label) {
    return label.first.starts_with("io.kubernetes.cri.") || label.first.starts_with("io.kubernetes.cri-o.");
  });
}

std::optional<KubernetesIdentity> identity_of(const Labels& labels, bool sandbox) {
  if (!is_of_a_cri(labels)) return {};
  return KubernetesIdentity{sandbox ? std::string() : first_of(labels, kContainerNames), first_of(labels, kPodNames),
                            first_of(labels, kPodNamespaces), first_of(labels, kPodUids)};
}

// Internal annotations of the two are not labels; CRI-O's annotation "labels" has many.
void take_out_the_runtimes_own(Labels& labels) {
  if (const auto own = labels.find("io.kubernetes.cri-o.Labels"); own != labels.end()) {
    with_object(std::string(own->second), [&labels](const json::object& more) {
      for (const auto& [key, value] : more) {
        if (const auto* text = value.if_string()) labels.emplace(std::string(key), std::string(*text));
      }
    });
  }
  std::erase_if(labels, [](const auto& label) {
    return label.first.starts_with("io.kubernetes.cri-o.") || label.first.starts_with("io.kubernetes.cri.");
  });
}

}  // namespace

std::string full_image_name(const std::string& image) {
  if (image.empty() || image.starts_with("sha256:")) return image;
  std::string full = image;
  const std::size_t slash = image.find('/');
  const std::string_view first = std::string_view(image).substr(0, std::min(slash, image.size()));
  const bool has_registry =
      slash != std::string::npos && (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
  if (!has_registry) full = (slash == std::string::npos ? "docker.io/library/" : "docker.io/") + image;
  const std::string_view last = std::string_view(full).substr(full.rfind('/') + 1);
  if (last.find_first_of(":@") == std::string_view::npos) full += ":latest";
  return full;
}

bool parse_oci_spec(std::string_view text, ContainerMetadata& metadata) {
  return with_object(text, [&metadata](const json::object& spec) {
    metadata.labels = labels_of(spec);
    metadata.image = first_of(metadata.labels, kCrioImage);
    if (metadata.image.empty()) metadata.image = full_image_name(first_of(metadata.labels, kImageAnnotations));
    const bool sandbox = first_of(metadata.labels, kTypeAnnotations) == "sandbox";
    metadata.kubernetes = identity_of(metadata.labels, sandbox);
    if (sandbox) {
      metadata.labels["io.kubernetes.container.name"] = kSandboxName;
    }
    metadata.name = sandbox ? kSandboxName : first_of(metadata.labels, kNameAnnotations);
    metadata.network_mode =
        network_mode_of(spec, sandbox ? std::string() : first_of(metadata.labels, kSandboxAnnotations));
    metadata.mounts = binds_of(spec);
    metadata.cpu_shares = cpu_shares_of(spec);
    if (const auto* process = object_in(spec, "process")) metadata.environment = variables_in(*process, "env");
    take_out_the_runtimes_own(metadata.labels);
  });
}

std::string root_path_of_oci_spec(std::string_view text) {
  std::string path;
  with_object(text, [&path](const json::object& spec) {
    if (const auto* root = object_in(spec, "root")) path = string_in(*root, "path");
  });
  return path;
}

}  // namespace tallyman
