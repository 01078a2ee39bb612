#include "collectors/model/labels.h"

#include "collectors/model/snapshot.h"

#include <re2/re2.h>

#include <set>

namespace tallyman {
namespace {

constexpr std::size_t kMaxNameBytes = 256;  // longer ones are refused: too long to type
constexpr std::string_view kKubernetesPrefix = "io.kubernetes.";
constexpr std::size_t kMaxContainerLabels = 64;  // a limit on foreign labels under a generous expression

void append(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) {
    return;
  }
  if (!out.empty()) {
    out += ',';
  }
  out += name;
  out += "=\"";
  append_escaped_label(out, value);
  out += '"';
}

}  // namespace

struct LabelPolicy::Impl {
  explicit Impl(const LabelOptions& given) : options(given), expression(given.container_labels, RE2::Quiet) {}

  std::string_view bounded(std::string_view value) {
    if (value.size() <= options.max_value_bytes) {
      return value;
    }
    ++truncated;
    std::size_t size = options.max_value_bytes;
    for (int i = 0; i < 3 && size > 0 && (static_cast<unsigned char>(value[size]) & 0xC0U) == 0x80U; ++i) {
      --size;  // not in the middle of a UTF-8 sequence of at most 4 bytes
    }
    return value.substr(0, size);
  }

  // As in the kubelet's own endpoint, which dashboards for Kubernetes rely on.
  void append_kubernetes_labels(std::string& out, const KubernetesIdentity& identity) {
    append(out, "container", bounded(identity.container));
    append(out, "namespace", bounded(identity.name_space));
    append(out, "pod", bounded(identity.pod));
  }

  void append_container_labels(std::string& out, const ContainerMetadata& container) {
    if (options.container_labels.empty()) {
      return;
    }
    std::set<std::string> taken;
    for (const auto& [key, value] : container.labels) {
      const bool repeated = container.kubernetes && !options.repeat_kubernetes && key.starts_with(kKubernetesPrefix);
      if (repeated || key.size() > kMaxNameBytes || !RE2::PartialMatch(key, expression)) {
        continue;
      }
      std::string name = "container_label_" + label_name_of(key);
      if (taken.size() >= kMaxContainerLabels || taken.contains(name)) {
        ++collisions;
        continue;
      }
      append(out, name, bounded(value));
      taken.insert(std::move(name));
    }
  }

  void append_workload(std::string& out, WorkloadKind kind, std::string_view name) {
    if (options.workload_labels) {
      append(out, "kind", to_string(kind));
      append(out, "workload", bounded(name));
    }
  }

  LabelOptions options;
  RE2 expression;
  std::uint64_t truncated = 0;
  std::uint64_t collisions = 0;
};

LabelPolicy::LabelPolicy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LabelPolicy::LabelPolicy(LabelPolicy&&) noexcept = default;
LabelPolicy& LabelPolicy::operator=(LabelPolicy&&) noexcept = default;
LabelPolicy::~LabelPolicy() = default;

Result<LabelPolicy> LabelPolicy::make(const LabelOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  if (!impl->expression.ok()) {
    return Error{ErrorKind::kMalformed, 0, "labels.container: " + impl->expression.error()};
  }
  return LabelPolicy(std::move(impl));
}

std::string LabelPolicy::of_workload(const Workload& workload) const {
  std::string out;
  append(out, "id", workload.id);  // never cut: it identifies workloads, and the kernel limits its length
  if (workload.kind == WorkloadKind::kContainer) {
    append(out, "name", impl_->bounded(workload.container.name));
    append(out, "image", impl_->bounded(workload.container.image));
    if (workload.container.kubernetes) {
      impl_->append_kubernetes_labels(out, *workload.container.kubernetes);
    }
    impl_->append_container_labels(out, workload.container);
  }
  if (workload.kind == WorkloadKind::kPod) {
    append(out, "namespace", impl_->bounded(workload.pod.name_space));
    append(out, "pod", impl_->bounded(workload.pod.name));
  }
  if (workload.made_by_user && workload.user) {
    append(out, "user", std::to_string(*workload.user));
  }
  impl_->append_workload(out, workload.kind, workload.workload);
  return out;
}

std::string LabelPolicy::of_machine(const MachineInfo& machine) const {
  std::string out;
  append(out, "machine_id", machine.machine_id);
  append(out, "system_uuid", machine.system_uuid);
  append(out, "boot_id", machine.boot_id);
  impl_->append_workload(out, WorkloadKind::kHost, "host");
  return out;
}

std::uint64_t LabelPolicy::truncated() const { return impl_->truncated; }
std::uint64_t LabelPolicy::collisions() const { return impl_->collisions; }

std::string label_name_of(std::string_view runtime_label) {
  std::string name(runtime_label);
  for (char& c : name) {
    const bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    c = keep ? c : '_';
  }
  return name;
}

}  // namespace tallyman
