// The files of Docker's containers below its data roots.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/rooted_files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tallyman {

class DockerStore {
 public:
  // `data_roots` as the host names them ("/var/lib/docker"); the first is the usual one.
  DockerStore(RootedFiles files, const std::vector<std::string>& data_roots);

  bool has(const std::string& id) { return find(id).has_value(); }
  std::uint64_t revision(const std::string& id);
  Result<ContainerDescription> describe(const std::string& id);
  const std::vector<std::string>& containers_directories() const { return containers_directories_; }

 private:
  struct ContainerDirectory {
    std::string path;
    FileDescriptor directory;
  };
  Result<ContainerDirectory> find(const std::string& id);
  void add_remapped(const std::string& data_root);
  std::string layer_directory(const std::string& containers_directory, const std::string& driver,
                              const std::string& id);

  RootedFiles files_;
  std::vector<std::string> containers_directories_;
};

}  // namespace tallyman
