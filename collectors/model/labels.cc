#include "collectors/model/labels.h"

#include "collectors/model/snapshot.h"
#include "collectors/model/utf8.h"

#include <set>

namespace tallyman {
namespace {

constexpr std::size_t kMaxNameBytes = 256;  // longer ones are refused: too long to type
constexpr std::string_view kKubernetesPrefix = "io.kubernetes.";
// Limits on foreign labels under a generous expression: their number, and their bytes as so many
// labels of the greatest length.
constexpr std::size_t kMaxContainerLabels = 64, kMaxLongLabels = 4;

constexpr std::size_t kDigestDigits = 12;

// FNV-1a. Only keeps ids apart that are cut.
std::string digest(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  std::string digits(kDigestDigits, '0');
  for (char& digit : digits) {
    digit = "0123456789abcdef"[hash >> 60U];
    hash <<= 4U;
  }
  return digits;
}

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

// As cAdvisor writes it, in small letters.
std::string variable_label_of(const std::string& variable) {
  std::string name = label_name_of(variable);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return "container_env_" + name;
}

}  // namespace

struct LabelPolicy::Impl {
  Impl(const LabelOptions& given, LabelFilter chosen) : options(given), filter(std::move(chosen)) {}

  std::string_view bounded(std::string_view value) {
    if (value.size() <= options.max_value_bytes) {
      return value;
    }
    ++truncated;
    return cut(value, options.max_value_bytes);
  }

  static std::string_view cut(std::string_view value, std::size_t size) {
    for (int i = 0; i < 3 && size > 0 && (static_cast<unsigned char>(value[size]) & 0xC0U) == 0x80U; ++i) {
      --size;  // not in the middle of a UTF-8 sequence of at most 4 bytes
    }
    return value.substr(0, size);
  }

  // Identifies a workload also where it is cut: the rest is then a digest of the whole.
  std::string bounded_id(const std::string& id) {
    std::string text = valid_utf8(id);
    if (text.size() <= options.max_value_bytes) {
      return text;
    }
    ++truncated;
    const std::size_t end = kDigestDigits + 1;
    const std::size_t kept = options.max_value_bytes > end ? options.max_value_bytes - end : 0;
    return std::string(cut(text, kept)) + '~' + digest(id);
  }

  // As in the kubelet's own endpoint, which dashboards for Kubernetes rely on.
  void append_kubernetes_labels(std::string& out, const KubernetesIdentity& identity) {
    append(out, "container", bounded(identity.container));
    append(out, "namespace", bounded(identity.name_space));
    append(out, "pod", bounded(identity.pod));
  }

  void append_container_labels(std::string& out, const ContainerMetadata& container) {
    append_foreign(out, container.labels, [&](const std::string& key) {
      const bool repeated = container.kubernetes && !options.repeat_kubernetes && key.starts_with(kKubernetesPrefix);
      return repeated || !filter.allows(key) ? std::string() : "container_label_" + label_name_of(key);
    });
    // Which variables there are was decided when they were read.
    append_foreign(out, container.environment, variable_label_of);
  }

  // `name_of` makes the name of a fact's label; empty: it has none.
  template <class NameOf>
  void append_foreign(std::string& out, const std::map<std::string, std::string>& facts, const NameOf& name_of) {
    std::set<std::string> taken;
    std::size_t bytes = 0;
    for (const auto& [key, value] : facts) {
      std::string name = key.size() <= kMaxNameBytes ? name_of(key) : std::string();
      if (name.empty()) {
        continue;
      }
      if (taken.size() >= kMaxContainerLabels || taken.contains(name)) {
        ++collisions;
        continue;
      }
      const std::string_view text = bounded(value);
      if (bytes + name.size() + text.size() > kMaxLongLabels * options.max_value_bytes) {
        ++truncated;
        continue;
      }
      bytes += name.size() + text.size();
      append(out, name, text);
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
  LabelFilter filter;
  std::uint64_t truncated = 0;
  std::uint64_t collisions = 0;
};

LabelPolicy::LabelPolicy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LabelPolicy::LabelPolicy(LabelPolicy&&) noexcept = default;
LabelPolicy& LabelPolicy::operator=(LabelPolicy&&) noexcept = default;
LabelPolicy::~LabelPolicy() = default;

Result<LabelPolicy> LabelPolicy::make(const LabelOptions& options) {
  auto filter = LabelFilter::make(options.container_labels);
  if (!filter) {
    return filter.error();
  }
  return LabelPolicy(std::make_unique<Impl>(options, std::move(*filter)));
}

std::string LabelPolicy::of_workload(const Workload& workload) const {
  std::string out;
  append(out, "id", impl_->bounded_id(workload.id));
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

const LabelFilter& LabelPolicy::filter() const { return impl_->filter; }
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
