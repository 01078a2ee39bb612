#include "collectors/discovery/runtimes/docker_places.h"

#include "collectors/discovery/runtimes/docker_metadata.h"
#include "collectors/discovery/runtimes/host_daemons.h"

#include <algorithm>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kMaxMountsBytes = std::size_t{64} * 1024 * 1024;
constexpr std::size_t kMaxRoots = 32;
constexpr const char* kDaemonConfig = "/etc/docker/daemon.json";
// Docker's default, then its snap's, Synology's, QNAP's, and balenaEngine's.
constexpr const char* kUsualRoots[] = {"/var/lib/docker",
                                       "/var/snap/docker/common/var-lib-docker",
                                       "/volume1/@docker",
                                       "/volume2/@docker",
                                       "/share/CACHEDEV1_DATA/Container/container-station-data/lib/docker",
                                       "/share/ZFS530_DATA/.qpkg/container-station/docker",
                                       "/var/lib/balena-engine",
                                       "/mnt/data/docker"};
constexpr const char* kUsualConfigs[] = {kDaemonConfig, "/var/snap/docker/current/config/daemon.json",
                                         "/var/packages/ContainerManager/etc/dockerd.json",
                                         "/var/packages/Docker/etc/dockerd.json"};

void add(std::vector<std::string>& roots, std::string root) {
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  const bool usable = root.starts_with('/') && root.size() > 1 && roots.size() < kMaxRoots;
  if (usable && std::find(roots.begin(), roots.end(), root) == roots.end()) roots.push_back(std::move(root));
}

// False: it is there, and cannot be read or is malformed.
bool add_from_config(RootedFiles& files, const std::string& path, DockerPlaces& places) {
  const auto text = files.read(path, kMaxConfigBytes);
  if (!text) {
    if (text.error().kind == ErrorKind::kUnsupported) return true;
    places.error = text.error();
    return false;
  }
  auto configured = parse_docker_data_root(*text);
  if (!configured) {
    places.error = Error{ErrorKind::kMalformed, 0, path};
    return false;
  }
  add(places.data_roots, std::move(*configured));
  return true;
}

bool is_dockerd(std::string_view comm) { return comm == "dockerd" || comm == "balenad" || comm == "balena-engine-d"; }

// "-g /srv/docker" was the flag's first name.
void add_from_daemons(const HostRoot& root, RootedFiles& files, DockerPlaces& places) {
  for (const HostDaemon& daemon : host_daemons(root, is_dockerd)) {
    add(places.data_roots, argument_of(daemon.arguments, {"data-root", "graph", "g"}));
    const std::string config = argument_of(daemon.arguments, {"config-file"});
    if (config.starts_with('/')) add_from_config(files, config, places);
  }
}

std::string before(std::string_view path, std::string_view mark) {
  const std::size_t at = path.rfind(mark);
  return at == std::string_view::npos ? std::string() : std::string(path.substr(0, at));
}

// mountinfo writes blanks and backslashes as \040.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view digits = text.substr(i + 1 < text.size() ? i + 1 : text.size(), 3);
    if (text[i] == '\\' && digits.size() == 3 && digits.find_first_not_of("01234567") == std::string_view::npos) {
      plain.push_back(static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0')));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

std::string_view upper_directory(std::string_view row) {
  constexpr std::string_view kUpper = "upperdir=";
  const std::size_t at = row.find(kUpper);
  if (at == std::string_view::npos) return {};
  row.remove_prefix(at + kUpper.size());
  return row.substr(0, row.find_first_of(", \n"));
}

}  // namespace

std::vector<std::string> docker_roots_in_mounts(std::string_view mountinfo) {
  std::vector<std::string> roots;
  while (!mountinfo.empty()) {
    const std::string_view row = mountinfo.substr(0, mountinfo.find('\n'));
    mountinfo.remove_prefix(std::min(row.size() + 1, mountinfo.size()));
    if (row.find(" - overlay ") == std::string_view::npos) continue;
    // ROOT/overlay2/LAYER/diff of the graph driver; ROOT/rootfs/overlayfs/ID with containerd's store.
    add(roots, before(unescaped(upper_directory(row)), "/overlay2/"));
    std::string_view rest = row;
    for (int field = 0; field < 4; ++field) rest.remove_prefix(std::min(rest.find(' ') + 1, rest.size()));
    add(roots, before(unescaped(rest.substr(0, rest.find(' '))), "/rootfs/overlayfs/"));
  }
  return roots;
}

DockerPlaces docker_places(const HostRoot& root, RootedFiles& files, bool thorough) {
  DockerPlaces places;
  if (thorough) add_from_daemons(root, files, places);
  for (const char* config : kUsualConfigs) add_from_config(files, config, places);
  for (const char* usual : kUsualRoots) add(places.data_roots, usual);
  if (thorough) {
    HostRoot proc;
    proc.rootfs = root.proc_path("");
    if (const auto mounts = RootedFiles(proc).read("/1/mountinfo", kMaxMountsBytes)) {
      for (std::string& one : docker_roots_in_mounts(*mounts)) add(places.data_roots, std::move(one));
    }
  }
  return places;
}

std::string docker_root_of_user(RootedFiles& files, const std::string& home) {
  const auto text = files.read(home + "/.config/docker/daemon.json", kMaxConfigBytes);
  const auto configured = text ? parse_docker_data_root(*text) : std::nullopt;
  return configured && !configured->empty() ? *configured : home + "/.local/share/docker";
}

}  // namespace tallyman
