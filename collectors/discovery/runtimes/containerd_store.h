// The OCI bundles below containerd's state directories, and the labels in its databases.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/rooted_files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tallyman {

// Directories of one containerd, as the host names them: its --state ("/run/containerd") and
// where its --root may be ("/var/lib/containerd"), which is empty if unknown.
struct ContainerdPlace {
  std::string state;
  std::vector<std::string> roots;
};

class ContainerdStore {
 public:
  // The first of `places` is the usual one.
  ContainerdStore(RootedFiles files, const std::vector<ContainerdPlace>& places);

  // One that turned up later. True if its state directory is new.
  bool add(const ContainerdPlace& place);
  bool lacks_a_root() const;
  std::uint64_t revision(const std::string& id);
  Result<ContainerDescription> describe(const std::string& id);
  const std::string& first_tasks() const { return states_.front().tasks; }

 private:
  struct Bundle {
    std::string path;
    FileDescriptor directory;
    std::vector<std::string> roots;  // of its containerd
  };
  struct State {
    std::string tasks;                    // its directory of namespaces
    std::vector<std::string> roots;       // empty if unknown
    std::vector<std::string> namespaces;  // paths, sorted
    std::int64_t whole_as_of_nsec = 0;    // the directory's time for which `namespaces` is complete; 0: list it again
  };
  void follow(State& state);
  Result<Bundle> find(const std::string& id);
  void take_labels_and_image(const Bundle& bundle, ContainerDescription& description);

  RootedFiles files_;
  std::vector<State> states_;
};

}  // namespace tallyman
