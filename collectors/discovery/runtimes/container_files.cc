#include "collectors/discovery/runtimes/container_files.h"

#include "collectors/kernel/system/text.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::size_t kIdDigits = 64;
constexpr std::string_view kHexDigits = "0123456789abcdef";

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15 + (hash << 6) + (hash >> 2);
  return hash * 0xff51afd7ed558ccd;
}

std::uint64_t nanoseconds_of(const timespec& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

bool is_container_id(std::string_view name) {
  return name.size() == kIdDigits && name.find_first_not_of(kHexDigits) == std::string_view::npos;
}

bool contains_container_id(std::string_view path) {
  std::size_t digits = 0;
  for (const char c : path) {
    digits = kHexDigits.find(c) != std::string_view::npos ? digits + 1 : 0;
    if (digits == kIdDigits) return true;
  }
  return false;
}

std::string_view id_in_name(std::string_view name, std::string_view prefix) {
  if (name.ends_with(".scope")) name.remove_suffix(std::string_view(".scope").size());
  if (name.size() <= kIdDigits) return {};
  const std::string_view id = name.substr(name.size() - kIdDigits);
  if (!is_container_id(id)) return {};
  name.remove_suffix(kIdDigits);
  const char mark = name.back();
  name.remove_suffix(1);
  if (mark == '-') return name == prefix ? id : std::string_view();
  const std::size_t colon = name.rfind(':');
  return mark == ':' && colon != std::string_view::npos && name.substr(colon + 1) == prefix ? id : std::string_view();
}

std::string_view id_between(std::string_view name, std::string_view prefix, std::string_view suffix) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() < prefix.size() + suffix.size()) return {};
  const std::string_view id = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  return is_container_id(id) ? id : std::string_view();
}

std::uint64_t revision_of_files(int directory, std::initializer_list<const char*> names) {
  std::uint64_t hash = 1;
  bool first = true;
  for (const char* name : names) {
    struct stat facts {};
    const bool there = fstatat(directory, name, &facts, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && first) return 0;
    first = false;
    if (!there) continue;
    hash = mix(hash, nanoseconds_of(facts.st_mtim));
    hash = mix(hash, facts.st_ino);
    hash = mix(hash, static_cast<std::uint64_t>(facts.st_size));
  }
  return std::max<std::uint64_t>(hash, 1);
}

std::optional<std::uint64_t> modified_nsec(RootedFiles& files, const std::string& path) {
  const auto file = files.open(path, O_PATH);
  struct stat facts {};
  if (!file || fstat(file->get(), &facts) != 0) return {};
  return nanoseconds_of(facts.st_mtim);
}

std::optional<std::uint32_t> parse_pid_file(std::string_view text) {
  const auto pid = to_number<std::uint32_t>(text.substr(0, text.find('\n')));
  return pid && *pid != 0 && *pid <= 0x7fffffff ? pid : std::nullopt;
}

void take_pid_file(RootedFiles& files, const std::string& path, ContainerMetadata& metadata) {
  constexpr std::size_t kMaxBytes = 64;
  const auto text = files.read(path, kMaxBytes);
  metadata.init_pid = text ? parse_pid_file(*text) : std::nullopt;
  if (metadata.init_pid) metadata.started_nsec = modified_nsec(files, path);
}

}  // namespace tallyman
