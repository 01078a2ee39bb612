// The files of github.com/containers/storage, which Podman and CRI-O share. The graph
// directory has containers.json with the names, and Podman's config.json. The run
// directory has the process id and CRI-O's config.json. Read for root and, for rootless
// Podman, for users. conmon writes only the exit code of a container, to a file in a
// directory of the engine, which soon removes it.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/discovery/runtimes/exit_files.h"
#include "collectors/kernel/system/rooted_files.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyman {

// The facts of one container in containers.json. Pure; false: it has none.
bool parse_containers_json(std::string_view text, std::string_view id, ContainerMetadata& metadata);

// The id of its layer, from the same file; empty if there is none.
std::string layer_in_containers_json(std::string_view text, std::string_view id);

// A runtime with cgroups named PREFIX-ID.scope (systemd) or PREFIX-ID (cgroupfs), both certain.
class ContainersStorageRuntime final : public Runtime {
 public:
  // `exits`: root's directory of conmon's exit files.
  ContainersStorageRuntime(const HostRoot& root, std::string name, std::string prefix, std::string exits)
      : files_(root),
        exit_files_(root.rootfs),
        name_(std::move(name)),
        prefix_(std::move(prefix)),
        exits_(std::move(exits)) {}

  std::string_view name() const override { return name_; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const std::string& id) override;
  Result<ContainerDescription> describe(const std::string& id) override;
  MetadataSource metadata_source() const override;
  std::optional<ContainerExit> exit_of(const std::string& id) override;
  int event_fd() const override { return exit_files_.fd(); }
  void handle_events() override;

 private:
  struct ContainerFiles {
    std::string config;               // path of config.json
    FileDescriptor config_directory;  // its directory
    std::string run;                  // .../overlay-containers/ID/userdata of the run directory
    FileDescriptor run_directory;     // invalid while there is none
    std::string names_directory;      // has containers.json
    std::string graph, driver;
    std::string exit_file;
  };
  struct Storage {
    std::string run, graph, exits;
  };
  Result<ContainerFiles> find(const std::string& id);
  Result<ContainerFiles> find_in(const Storage& storage, const std::string& id);
  const std::vector<Storage>& storages();

  std::optional<ContainerExit> read_exit(const ContainerFiles& container);

  RootedFiles files_;
  ExitFiles exit_files_;
  std::map<std::string, ContainerExit> exits_read_;  // by id
  std::string name_, prefix_, exits_;
  std::vector<Storage> storages_;  // of root, then of users
  std::chrono::steady_clock::time_point next_search_{};
};

}  // namespace tallyman
