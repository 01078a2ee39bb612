// The OCI bundles below containerd's state directories.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/rooted_files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tallyman {

class ContainerdStore {
 public:
  // `states` as the host names them ("/run/containerd"); the first is the usual one.
  ContainerdStore(RootedFiles files, const std::vector<std::string>& states);

  // A state directory that turned up later. True if it is new.
  bool add(const std::string& state);
  std::uint64_t revision(const std::string& id);
  Result<ContainerDescription> describe(const std::string& id);
  const std::string& first_tasks() const { return states_.front().tasks; }

 private:
  struct Bundle {
    std::string path;
    FileDescriptor directory;
  };
  struct State {
    std::string tasks;                    // its directory of namespaces
    std::vector<std::string> namespaces;  // paths, sorted
    std::int64_t whole_as_of_nsec = 0;    // the directory's time for which `namespaces` is complete; 0: list it again
  };
  void follow(State& state);
  Result<Bundle> find(const std::string& id);

  RootedFiles files_;
  std::vector<State> states_;
};

}  // namespace tallyman
