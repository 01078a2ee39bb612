#include "collectors/discovery/runtimes/host_daemons.h"

#include "collectors/discovery/runtimes/container_paths.h"
#include "collectors/kernel/system/rooted_files.h"
#include "collectors/kernel/system/text.h"

#include <dirent.h>

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxDaemons = 4'096;
constexpr std::string_view kBlanks = " \t";

// "Uid:\t0\t0\t0\t0": the value of a row in /proc/PID/status.
std::string_view status_row(std::string_view status, std::string_view key) {
  while (!status.empty()) {
    const std::string_view row = status.substr(0, status.find('\n'));
    status.remove_prefix(std::min(row.size() + 1, status.size()));
    if (row.starts_with(key) && row.size() > key.size() && row[key.size()] == ':')
      return trimmed(row.substr(key.size() + 1), kBlanks);
  }
  return {};
}

// Root's, and a process has a number in each of the namespaces that it is in.
bool is_of_the_hosts_root(std::string_view status) {
  const std::string_view uids = status_row(status, "Uid");
  const bool root = uids.substr(0, uids.find_first_of(kBlanks)) == "0";
  return root && status_row(status, "NSpid").find_first_of(kBlanks) == std::string_view::npos;
}

bool is_in_a_container(std::string_view memberships) {
  while (!memberships.empty()) {
    const std::string_view row = memberships.substr(0, memberships.find('\n'));
    memberships.remove_prefix(std::min(row.size() + 1, memberships.size()));
    if (is_in_a_container_by_path(row.substr(std::min(row.find('/'), row.size())))) return true;
  }
  return false;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::vector<std::uint32_t> pids_of(const std::string& procfs) {
  std::vector<std::uint32_t> pids;
  DIR* listing = opendir(procfs.c_str());
  if (listing == nullptr) return pids;
  while (const dirent* entry = readdir(listing)) {
    if (const auto pid = to_number<std::uint32_t>(entry->d_name)) pids.push_back(*pid);
  }
  closedir(listing);
  std::sort(pids.begin(), pids.end());
  return pids;
}

}  // namespace

std::vector<HostDaemon> host_daemons(const HostRoot& root, const std::function<bool(std::string_view)>& wanted) {
  HostRoot proc;
  proc.rootfs = root.proc_path("");
  RootedFiles files(proc);
  std::vector<HostDaemon> daemons;
  for (const std::uint32_t pid : pids_of(proc.rootfs)) {
    const std::string directory = "/" + std::to_string(pid);
    const auto comm = files.read(directory + "/comm", kMaxFileBytes);
    if (!comm) continue;
    const std::string_view name = std::string_view(*comm).substr(0, comm->find('\n'));
    if (!wanted(name)) continue;
    const auto status = files.read(directory + "/status", kMaxFileBytes);
    const auto cgroup = files.read(directory + "/cgroup", kMaxFileBytes);
    const auto command = files.read(directory + "/cmdline", kMaxFileBytes);
    if (!status || !cgroup || !command || !is_of_the_hosts_root(*status) || is_in_a_container(*cgroup)) continue;
    daemons.push_back({pid, std::string(name), words_of(*command)});
    if (daemons.size() >= kMaxDaemons) break;
  }
  return daemons;
}

std::string argument_of(const std::vector<std::string>& arguments, std::initializer_list<std::string_view> names) {
  std::string value;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (!argument.starts_with('-')) continue;
    argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
    for (const std::string_view name : names) {
      if (argument == name && i + 1 < arguments.size()) value = arguments[i + 1];
      if (argument.starts_with(name) && argument.substr(name.size()).starts_with('='))
        value = argument.substr(name.size() + 1);
    }
  }
  return value;
}

}  // namespace tallyman
