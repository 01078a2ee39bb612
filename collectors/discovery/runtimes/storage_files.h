// The files of github.com/containers/storage. The graph directory has containers.json with the
// names, and Podman's config.json. The run directory has the process id and CRI-O's config.json.
// conmon writes only the exit code of a container, to a file in a directory of the engine, which
// soon removes it.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/rooted_files.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

// The facts of one container in containers.json. Pure; false: it has none.
bool parse_containers_json(std::string_view text, std::string_view id, ContainerMetadata& metadata);

// The id of its layer, from the same file; empty if there is none.
std::string layer_in_containers_json(std::string_view text, std::string_view id);

// The directories of root's or of one user's.
struct StoragePlaces {
  std::string run, graph, exits;
};
StoragePlaces root_storage(std::string exits);
StoragePlaces user_storage(const std::string& home, const std::string& run);

class StorageFiles {
 public:
  StorageFiles(RootedFiles files, StoragePlaces places) : files_(std::move(files)), places_(std::move(places)) {}

  std::uint64_t revision(const std::string& id);
  Result<ContainerDescription> describe(const std::string& id);
  std::optional<ContainerExit> read_exit(const std::string& id);
  const StoragePlaces& places() const { return places_; }
  RootedFiles& files() { return files_; }

 private:
  struct ContainerFiles {
    std::string config;               // path of config.json
    FileDescriptor config_directory;  // its directory
    std::string run;                  // .../overlay-containers/ID/userdata of the run directory
    FileDescriptor run_directory;     // invalid while there is none
    std::string names_directory;      // has containers.json
    std::string driver;
  };
  Result<ContainerFiles> find(const std::string& id);

  RootedFiles files_;
  StoragePlaces places_;
};

}  // namespace tallyman
