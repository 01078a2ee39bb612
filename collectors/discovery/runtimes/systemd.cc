// Units of systemd: what started a service, slice or scope, and when. From the
// directories that systemd itself fills. invocation:UNIT of /run/systemd/units is a link
// recreated at each start, except for slices (systemd 235; journald reads it).
// /run/systemd/transient has the units created by a call, not a file (systemd-run, and
// every scope). fleet puts its units into /run/fleet/units (fleet 0.13,
// systemd/manager.go; units_directory in fleet.conf).
#include "collectors/discovery/runtimes/systemd.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/systemd_paths.h"
#include "collectors/kernel/system/rooted_files.h"
#include "collectors/kernel/system/text.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <map>

namespace tallyman {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{100};
// File times have the resolution of a tick: a change right after a check may show the
// same time.
constexpr std::chrono::milliseconds kUnsettled{200};
constexpr std::size_t kMaxManagers = 256;
constexpr std::size_t kMaxFileBytes = std::size_t{1024} * 1024;
constexpr const char* kFleetUnits = "/run/fleet/units";
constexpr const char* kFleetConfig = "/etc/fleet/fleet.conf";

constexpr std::string_view kBlanksAndQuotes = " \t\r\"'";

// units_directory of fleet.conf ("key=value" lines); the default if it is not set.
std::string fleet_units_directory(std::string_view config) {
  std::string directory = kFleetUnits;
  while (!config.empty()) {
    const std::string_view line = config.substr(0, config.find('\n'));
    config.remove_prefix(std::min(line.size() + 1, config.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || trimmed(line.substr(0, equals), kBlanksAndQuotes) != "units_directory")
      continue;
    const std::string_view value = trimmed(line.substr(equals + 1), kBlanksAndQuotes);
    if (value.starts_with('/')) directory = value;
  }
  return directory;
}

class SystemdRuntime final : public Runtime {
 public:
  SystemdRuntime(const HostRoot& root, std::shared_ptr<UserFiles> users) : files_(root), users_(std::move(users)) {}

  std::string_view name() const override { return "systemd"; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const ContainerRef& container) override;
  Result<ContainerDescription> describe(const ContainerRef& container) override;
  bool serves_users() const override { return true; }

 private:
  // The directories of one manager: the host's, or a user's.
  struct Manager {
    Clock::time_point next_poll{}, changed{};
    std::uint64_t state = 0;
  };
  static std::string run_directory(const UnitPlace& place) {
    return place.user_manager ? "/run/user/" + std::to_string(*place.user_manager) + "/systemd" : "/run/systemd";
  }
  std::uint64_t state_of(const UnitPlace& place);
  bool exists(const std::string& path) { return files_.open(path, O_PATH | O_NOFOLLOW).has_value(); }
  std::string started_by(const UnitPlace& place);
  std::optional<std::uint64_t> started_nsec(const UnitPlace& place);

  RootedFiles files_;
  std::shared_ptr<UserFiles> users_;
  std::map<std::string, Manager> managers_;  // by their run directory
  std::uint64_t polls_ = 0;
};

// Certain, but asked last: a container's scope is also a unit.
std::optional<ContainerMatch> SystemdRuntime::match(std::string_view path) const {
  const auto place = unit_at(path);
  if (!place) return {};
  WorkloadKind kind = WorkloadKind::kScope;
  if (place->unit.ends_with(".service")) kind = WorkloadKind::kService;
  if (place->unit.ends_with(".slice")) kind = WorkloadKind::kSlice;
  return ContainerMatch{std::string(path), true, kind};
}

std::uint64_t SystemdRuntime::state_of(const UnitPlace& place) {
  const auto state_in = [run = run_directory(place)](RootedFiles& files) {
    const auto directory = files.open(run, O_PATH | O_DIRECTORY);
    return directory ? revision_of_files(directory->get(), {"units", "transient"}) : 0;
  };
  std::uint64_t state = 0;
  if (place.user_manager) {
    const auto answer = users_->call<std::uint64_t>(
        *place.user_manager,
        [state_in](RootedFiles& files, const UserFiles::Place&) { return Result<std::uint64_t>(state_in(files)); });
    state = answer ? *answer : 0;
  } else {
    state = state_in(files_);
  }
  const auto fleet = files_.open(kFleetUnits, O_PATH | O_DIRECTORY);
  if (fleet) state ^= revision_of_files(fleet->get(), {"."}) << 1;
  return state;
}

std::uint64_t SystemdRuntime::revision(const ContainerRef& container) {
  const auto place = unit_at(container.id);
  if (!place) return 1;
  if (managers_.size() >= kMaxManagers) managers_.clear();
  const std::string run = run_directory(*place);
  Manager& manager = managers_[run];
  const auto now = Clock::now();
  if (now >= manager.next_poll) {
    manager.next_poll = now + kPollInterval;
    const std::uint64_t state = state_of(*place);
    if (state != manager.state) manager.changed = now;
    manager.state = state;
  }
  const std::uint64_t settled = now - manager.changed < kUnsettled ? ++polls_ : 0;
  return std::max<std::uint64_t>(manager.state ^ (settled << 1), 1);
}

std::string SystemdRuntime::started_by(const UnitPlace& place) {
  if (place.user_manager) return "user@" + std::to_string(*place.user_manager) + ".service";
  if (!exists("/run/systemd/system")) return {};  // systemd does not run here (sd_booted(3))
  if (exists(std::string(kFleetUnits) + "/" + place.unit)) return "fleet";
  if (const auto config = files_.read(kFleetConfig, kMaxFileBytes)) {
    if (exists(fleet_units_directory(*config) + "/" + place.unit)) return "fleet";
  }
  return exists("/run/systemd/transient/" + place.unit) ? "transient" : "systemd";
}

std::optional<std::uint64_t> SystemdRuntime::started_nsec(const UnitPlace& place) {
  using Time = std::optional<std::uint64_t>;
  const auto time_of = [link = run_directory(place) + "/units/invocation:" + place.unit](RootedFiles& files) -> Time {
    const auto opened = files.open(link, O_PATH | O_NOFOLLOW);
    struct stat facts {};
    if (!opened || fstat(opened->get(), &facts) != 0) return {};
    return static_cast<std::uint64_t>(facts.st_mtim.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(facts.st_mtim.tv_nsec);
  };
  if (!place.user_manager) return time_of(files_);
  const auto answer = users_->call<Time>(*place.user_manager, [time_of](RootedFiles& files, const UserFiles::Place&) {
    return Result<Time>(time_of(files));
  });
  return answer ? *answer : Time();
}

// A user's directories are often not readable for others: the start is then the cgroup's creation.
Result<ContainerDescription> SystemdRuntime::describe(const ContainerRef& container) {
  ContainerDescription description;
  if (const auto place = unit_at(container.id)) {
    description.unit.started_by = started_by(*place);
    description.unit.started_nsec = started_nsec(*place);
  }
  return description;
}

}  // namespace

std::unique_ptr<Runtime> make_systemd_runtime(const HostRoot& root, std::shared_ptr<UserFiles> users) {
  if (!users) users = std::make_shared<UserFiles>(root);
  return std::make_unique<SystemdRuntime>(root, std::move(users));
}

}  // namespace tallyman
