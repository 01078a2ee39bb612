// The files of github.com/containers/storage, which Podman and CRI-O share: the
// OCI bundle in the run directory, containers.json with the names in the graph
// directory; of root and, for rootless Podman, of users.
#pragma once

#include "collectors/discovery/rooted_files.h"
#include "collectors/discovery/runtime.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyman {

// What containers.json says of one container. Pure; false: it says nothing of it.
bool parse_containers_json(std::string_view text, std::string_view id, ContainerMetadata& metadata);

// A runtime whose cgroups are PREFIX-ID.scope (systemd) or PREFIX-ID (cgroupfs), both certain.
class ContainersStorageRuntime final : public Runtime {
 public:
  ContainersStorageRuntime(const HostRoot& root, std::string name, std::string prefix)
      : files_(root), name_(std::move(name)), prefix_(std::move(prefix)) {}

  std::string_view name() const override { return name_; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const std::string& id) override;
  Result<ContainerDescription> describe(const std::string& id) override;

 private:
  struct Place {
    std::string bundle;           // .../overlay-containers/ID/userdata
    std::string containers_json;  // of the same storage
    FileDescriptor directory;     // of the bundle
  };
  struct Storage {
    std::string run, graph;
  };
  Result<Place> find(const std::string& id);
  std::vector<Storage> storages();
  std::string home_of(std::string_view uid);

  RootedFiles files_;
  std::string name_, prefix_;
};

}  // namespace tallyman
