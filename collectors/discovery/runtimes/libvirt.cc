// libvirt's LXC containers and QEMU virtual machines. The paths are from
// https://libvirt.org/cgroups.html: with systemd since 1.1.1, without it since 1.0.5, and
// the legacy ones. The XML is from its drivers' state directories.
#include "collectors/discovery/runtimes/libvirt.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/libvirt_domain.h"
#include "collectors/discovery/runtimes/systemd_paths.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/rooted_files.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

namespace tallyman {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1024} * 1024;
constexpr std::size_t kMaxDomains = 1024;
constexpr const char* kRun = "/run/libvirt/";
constexpr std::string_view kDrivers[] = {"qemu", "lxc"};

// "1-web" of "machine-qemu-1-web.scope" is run 1 of the domain web; the name may be cut.
struct DomainRef {
  std::string driver, name;
  std::optional<std::uint32_t> number;
};

DomainRef ref_of(std::string_view driver, std::string_view rest) {
  DomainRef ref{std::string(driver), std::string(rest), {}};
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const auto digits = static_cast<std::size_t>(end - rest.data());
  if (error == std::errc() && digits + 1 < rest.size() && rest[digits] == '-') {
    ref.number = number;
    ref.name = rest.substr(digits + 1);
  }
  return ref;
}

// The ids here are "qemu/1-web", or "qemu/web" if the path has no number.
DomainRef ref_of_id(std::string_view id) {
  const std::size_t slash = std::min(id.find('/'), id.size() - 1);
  return ref_of(id.substr(0, slash), id.substr(slash + 1));
}

std::string id_of(std::string_view driver, std::string_view rest) {
  if (rest.empty() || rest.starts_with('.') || rest.find('/') != std::string_view::npos) return {};
  return std::string(driver) + "/" + std::string(rest);
}

// machine-qemu\x2d1\x2dweb.scope, in machine.slice or a slice below it.
std::string id_by_scope(CgroupPath cgroup) {
  constexpr std::string_view kPrefix = "machine-";
  constexpr std::string_view kSuffix = ".scope";
  const std::string_view above = cgroup.parent().text(), scope = cgroup.name();
  if (!above.starts_with("/machine.slice") || !above.ends_with(".slice")) return {};
  if (!scope.starts_with(kPrefix) || !scope.ends_with(kSuffix)) return {};
  const std::string name = without_unit_escapes(
      scope.substr(kPrefix.size(), scope.size() - std::min(scope.size(), kPrefix.size() + kSuffix.size())));
  for (const std::string_view driver : kDrivers) {
    const std::string start = std::string(driver) + "-";
    if (!name.starts_with(start)) continue;
    const std::string_view rest = std::string_view(name).substr(start.size());
    return ref_of(driver, rest).number ? id_of(driver, rest) : std::string();
  }
  return {};
}

// /machine/qemu-1-web.libvirt-qemu, before 1.3 /machine/web.libvirt-qemu; in partitions too.
std::string id_by_suffix(CgroupPath cgroup) {
  const CgroupPath machines("/machine"), parent = cgroup.parent();
  if (parent != machines && !(machines.contains(parent) && parent.name().ends_with(".partition"))) return {};
  for (const std::string_view driver : kDrivers) {
    const std::string end = ".libvirt-" + std::string(driver);
    const std::string start = std::string(driver) + "-";
    std::string_view name = cgroup.name();
    if (!name.ends_with(end)) continue;
    name.remove_suffix(end.size());
    if (name.starts_with(start) && ref_of(driver, name.substr(start.size())).number) name.remove_prefix(start.size());
    return id_of(driver, name);
  }
  return {};
}

// .../libvirt/qemu/web before 1.0.5; since 7.1 a scope has its own "libvirt", without drivers in it.
std::string id_by_legacy_path(CgroupPath cgroup) {
  const CgroupPath parent = cgroup.parent();
  if (parent.parent().name() != "libvirt") return {};
  for (const std::string_view driver : kDrivers) {
    if (parent.name() == driver) return id_of(driver, cgroup.name());
  }
  return {};
}

class LibvirtRuntime final : public Runtime {
 public:
  explicit LibvirtRuntime(const HostRoot& root) : files_(root) {}

  std::string_view name() const override { return "libvirt"; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const ContainerRef& container) override;
  Result<ContainerDescription> describe(const ContainerRef& container) override;

 private:
  Result<LibvirtDomain> read_domain(const std::string& path);
  Result<LibvirtDomain> find(const DomainRef& ref);
  std::vector<std::string> domain_files(const std::string& directory);

  RootedFiles files_;
};

std::optional<ContainerMatch> LibvirtRuntime::match(std::string_view path) const {
  for (const auto by : {id_by_scope, id_by_suffix, id_by_legacy_path}) {
    std::string id = by(CgroupPath(path));
    if (!id.empty()) return ContainerMatch{std::move(id), true, WorkloadKind::kMachine};
  }
  return {};
}

std::vector<std::string> LibvirtRuntime::domain_files(const std::string& directory) {
  std::vector<std::string> names;
  auto opened = files_.open(directory, O_RDONLY | O_DIRECTORY);
  if (!opened) return names;
  DIR* listing = fdopendir(opened->get());
  if (listing == nullptr) return names;
  opened->release();
  while (const dirent* entry = readdir(listing)) {
    const std::string_view name = entry->d_name;
    if (name.ends_with(".xml") && names.size() < kMaxDomains) names.emplace_back(name);
  }
  closedir(listing);
  return names;
}

Result<LibvirtDomain> LibvirtRuntime::read_domain(const std::string& path) {
  const auto text = files_.read(path, kMaxFileBytes);
  if (!text) return text.error();
  auto domain = parse_libvirt_domain(*text);
  if (!domain) return Error{ErrorKind::kMalformed, 0, path};
  return std::move(*domain);
}

// By its name if the file has the same name, else the file with its number: names in
// scopes are cut, and lack what a host name may not have.
Result<LibvirtDomain> LibvirtRuntime::find(const DomainRef& ref) {
  const std::string directory = kRun + ref.driver;
  const auto is_it = [&ref](const LibvirtDomain& domain) { return !ref.number || domain.id == ref.number; };
  auto by_name = read_domain(directory + "/" + ref.name + ".xml");
  if (by_name ? is_it(*by_name) : by_name.error().kind != ErrorKind::kUnsupported) return by_name;
  Error error{ErrorKind::kUnsupported, ENOENT, directory};
  if (!ref.number) return error;
  for (const std::string& name : domain_files(directory)) {
    auto domain = read_domain(directory + "/" + name);
    if (domain && is_it(*domain)) return domain;
  }
  return error;
}

std::uint64_t LibvirtRuntime::revision(const ContainerRef& container) {
  const DomainRef ref = ref_of_id(container.id);
  const auto directory = files_.open(kRun + ref.driver, O_PATH | O_DIRECTORY);
  if (!directory) return 1;  // the name is known without the files
  const std::uint64_t file = revision_of_files(directory->get(), {(ref.name + ".xml").c_str()});
  return file != 0 ? file : revision_of_files(directory->get(), {"."});
}

Result<ContainerDescription> LibvirtRuntime::describe(const ContainerRef& container) {
  const DomainRef ref = ref_of_id(container.id);
  ContainerDescription description;
  ContainerMetadata& metadata = description.metadata;
  metadata.name = ref.name;
  const auto domain = find(ref);
  if (!domain) {
    if (domain.error().kind != ErrorKind::kUnsupported) description.incomplete = domain.error();
    return description;
  }
  if (!domain->name.empty()) metadata.name = domain->name;
  if (!domain->uuid.empty()) metadata.labels["libvirt.uuid"] = domain->uuid;
  if (!domain->title.empty()) metadata.labels["libvirt.title"] = domain->title;
  take_pid_file(files_, kRun + ref.driver + "/" + metadata.name + ".pid", metadata);
  if (domain->pid) metadata.init_pid = domain->pid;
  return description;
}

}  // namespace

std::unique_ptr<Runtime> make_libvirt_runtime(const HostRoot& root) { return std::make_unique<LibvirtRuntime>(root); }

}  // namespace tallyman
