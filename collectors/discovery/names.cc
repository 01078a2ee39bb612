#include "collectors/discovery/discovery.h"

#include <algorithm>
#include <optional>

namespace tallyman {
namespace {

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

bool has_suffix(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() && name.ends_with(suffix);
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// The API server's uid (8-4-4-4-12), or for a static pod 32 digits without dashes.
bool is_pod_uid(std::string_view uid) {
  if (uid.size() == 32) return std::all_of(uid.begin(), uid.end(), is_hex);
  if (uid.size() != 36) return false;
  for (std::size_t i = 0; i < uid.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? uid[i] != '-' : !is_hex(uid[i])) return false;
  }
  return true;
}

// Cgroupfs driver: kubepods/burstable/podUID. Systemd driver:
// kubepods-burstable-podUID.slice, in which the uid's dashes are underscores.
std::optional<std::string> pod_uid(std::string_view path) {
  std::string_view name = last_component(path);
  std::string uid;
  if (has_suffix(name, ".slice")) {
    name.remove_suffix(6);
    const auto at = name.rfind("-pod");
    if (at == std::string_view::npos || name.substr(0, at).find("kubepods") == std::string_view::npos) return {};
    uid = name.substr(at + 4);
    std::replace(uid.begin(), uid.end(), '_', '-');
  } else {
    const std::string_view parent = parent_of(path);
    const bool in_kubepods = last_component(parent) == "kubepods" || last_component(parent_of(parent)) == "kubepods";
    if (!in_kubepods || !name.starts_with("pod")) return {};
    uid = name.substr(3);
  }
  if (!is_pod_uid(uid)) return {};
  return uid;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// systemd escapes a dash in a machine's name: machine-my\x2dvm.scope is "my-vm".
std::string without_unit_escapes(std::string_view name) {
  std::string plain;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '\\' && i + 3 < name.size() && name[i + 1] == 'x' && hex_digit(name[i + 2]) >= 0 &&
        hex_digit(name[i + 3]) >= 0 && name.substr(i + 2, 2) >= "20") {
      plain.push_back(static_cast<char>(hex_digit(name[i + 2]) * 16 + hex_digit(name[i + 3])));
      i += 3;
    } else {
      plain.push_back(name[i]);
    }
  }
  return plain;
}

bool is_machine_scope(std::string_view path, std::string_view name) {
  return name.starts_with("machine-") && name.size() > 14 && name.ends_with(".scope") &&
         last_component(parent_of(path)) == "machine.slice";
}

}  // namespace

void name_by_path(Workload& workload) {
  const std::string_view path = workload.id;
  const std::string_view name = last_component(path);
  const auto set = [&workload](WorkloadKind kind, std::string text) {
    workload.kind = kind;
    workload.workload = std::move(text);
  };
  if (path == "/") return set(WorkloadKind::kHost, "host");
  if (auto uid = pod_uid(path)) return set(WorkloadKind::kPod, std::move(*uid));
  if (is_machine_scope(path, name))
    return set(WorkloadKind::kMachine, without_unit_escapes(name.substr(8, name.size() - 14)));
  if (has_suffix(name, ".service")) return set(WorkloadKind::kService, std::string(name));
  if (has_suffix(name, ".slice")) return set(WorkloadKind::kSlice, std::string(name));
  if (has_suffix(name, ".scope")) return set(WorkloadKind::kScope, std::string(name));
  set(WorkloadKind::kCgroup, std::string(path));
}

}  // namespace tallyman
