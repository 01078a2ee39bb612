// Machines registered with systemd-machined: containers of systemd-nspawn, virtual
// machines of vmspawn, and others. Read from its state files in /run/systemd/machines
// (systemd 252, src/machine/machine.c: KEY=VALUE lines, and a link unit:UNIT next to
// each). They contain everything that its D-Bus interface shows except the addresses and
// the os-release inside, which the guest itself reports.
#include "collectors/discovery/runtimes/machined.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/machine_state.h"
#include "collectors/discovery/runtimes/systemd_paths.h"
#include "collectors/kernel/system/rooted_files.h"
#include "collectors/kernel/system/text.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{64} * 1024;
constexpr const char* kMachines = "/run/systemd/machines";
constexpr const char* kUnitLink = "unit:";

class MachinedRuntime final : public Runtime {
 public:
  explicit MachinedRuntime(const HostRoot& root) : files_(root) {}

  std::string_view name() const override { return "machined"; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const ContainerRef& container) override;
  Result<ContainerDescription> describe(const ContainerRef& container) override;
  MetadataSource metadata_source() const override { return {kMachines, {}}; }

 private:
  int directory();  // of /run/systemd/machines; negative: it does not exist

  RootedFiles files_;
  FileDescriptor directory_;
  std::chrono::steady_clock::time_point next_poll_{};
};

// Its own scopes and units, certain, by the machine's name. A program in any other unit
// may have registered the unit as a machine: it is one while there is a link for it, and
// its id here is "unit:NAME".
std::optional<ContainerMatch> MachinedRuntime::match(std::string_view path) const {
  std::string machine = machine_at(path);
  if (!machine.empty()) {
    const bool nspawn = path.ends_with(".service");
    return ContainerMatch{std::move(machine), true, nspawn ? WorkloadKind::kContainer : WorkloadKind::kMachine};
  }
  const auto place = unit_at(path);
  if (!place || place->user_manager || place->unit.ends_with(".slice")) return {};
  return ContainerMatch{kUnitLink + place->unit, false, WorkloadKind::kMachine};
}

// Called for every unit of the host in one refresh: they share one check of the
// directory.
int MachinedRuntime::directory() {
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_poll_) {
    next_poll_ = now + std::chrono::milliseconds(100);
    auto opened = files_.open(kMachines, O_PATH | O_DIRECTORY);
    directory_ = opened ? std::move(*opened) : FileDescriptor();
  }
  return directory_.get();
}

std::uint64_t MachinedRuntime::revision(const ContainerRef& container) {
  const std::string& id = container.id;
  const int machines = directory();
  const std::uint64_t files = machines >= 0 ? revision_of_files(machines, {id.c_str()}) : 0;
  if (id.starts_with(kUnitLink)) return files;
  return std::max<std::uint64_t>(files, 1);  // the name is known without the files
}

Result<ContainerDescription> MachinedRuntime::describe(const ContainerRef& container) {
  const std::string& id = container.id;
  ContainerDescription description;
  ContainerMetadata& metadata = description.metadata;
  const bool by_unit = id.starts_with(kUnitLink);
  if (!by_unit) metadata.name = id;
  const auto text = files_.read(std::string(kMachines) + "/" + id, kMaxFileBytes);
  if (!text) {
    if (by_unit) return text.error();
    if (text.error().kind != ErrorKind::kUnsupported) description.incomplete = text.error();
    return description;
  }
  const MachineState machine = parse_machine_state(*text);
  if (!machine.name.empty()) metadata.name = machine.name;
  if (machine.is_vm) description.kind = *machine.is_vm ? WorkloadKind::kMachine : WorkloadKind::kContainer;
  metadata.init_pid = machine.leader;
  metadata.started_nsec = machine.started_nsec;
  if (!machine.root.empty()) metadata.mounts.push_back({"root", machine.root, "/", "", "", false});
  return description;
}

}  // namespace

std::unique_ptr<Runtime> make_machined_runtime(const HostRoot& root) { return std::make_unique<MachinedRuntime>(root); }

}  // namespace tallyman
