#include "collectors/discovery/runtimes/systemd_paths.h"

#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/text.h"

namespace tallyman {
namespace {

constexpr std::string_view kSlice = ".slice";
constexpr std::string_view kService = ".service";
constexpr std::string_view kScope = ".scope";

// The text between the two; empty if the name has another form.
std::string_view between(std::string_view name, std::string_view prefix, std::string_view suffix) {
  if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) || !name.ends_with(suffix)) return {};
  return name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool is_file_name(std::string_view name) {
  return !name.empty() && !name.starts_with('.') && name.find('/') == std::string_view::npos;
}

}  // namespace

bool is_unit_of_type(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() && name.ends_with(suffix);
}

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

std::optional<std::uint32_t> user_of(std::string_view cgroup_path) {
  const CgroupPath users("/user.slice"), path(cgroup_path);
  if (!users.contains(path)) return {};
  const std::string_view slice = *++path.components().begin();
  return to_number<std::uint32_t>(between(slice, "user-", kSlice));
}

std::optional<std::uint32_t> maker_of(std::string_view cgroup_path) {
  const auto user = user_of(cgroup_path);
  if (!user || *user == 0) return {};
  const CgroupPath slice("/user.slice"), path(cgroup_path);
  const std::string uid = std::to_string(*user);
  const std::string manager = slice.child("user-" + uid + ".slice") + "/user@" + uid + ".service";
  return CgroupPath(manager).contains(path) ? user : std::nullopt;
}

std::optional<UnitPlace> unit_at(std::string_view cgroup_path) {
  if (!cgroup_path.starts_with('/')) return {};
  const CgroupPath path(cgroup_path);
  const std::string_view unit = path.name();
  if (!is_unit_of_type(unit, kService) && !is_unit_of_type(unit, kScope) && !is_unit_of_type(unit, kSlice)) return {};
  UnitPlace place{std::string(unit), {}};
  for (const std::string_view above : path.parent().components()) {
    if (is_unit_of_type(above, kSlice)) continue;
    const auto uid = to_number<std::uint32_t>(between(above, "user@", kService));
    if (!uid || place.user_manager) return {};
    place.user_manager = uid;
  }
  return place;
}

std::string machine_at(std::string_view cgroup_path) {
  const CgroupPath path(cgroup_path);
  if (path.parent().name() != "machine.slice") return {};
  std::string_view escaped = between(path.name(), "machine-", kScope);
  if (escaped.empty()) escaped = between(path.name(), "systemd-nspawn@", kService);
  std::string name = without_unit_escapes(escaped);
  return is_file_name(name) ? name : std::string();
}

}  // namespace tallyman
