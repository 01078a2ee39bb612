// Which runtime a cgroup belongs to, and what that runtime's files say about it. Without a
// thread; one thread owns it.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/discovery/tree/cgroup_tree.h"
#include "collectors/kernel/system/error.h"
#include "collectors/model/label_filter.h"
#include "collectors/model/workload.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tallyman {

// What is known about one cgroup, beyond what is published.
struct NamedCgroup {
  CgroupNode node;
  Runtime* runtime = nullptr;  // the runtime of the container
  std::string container_id;
  bool undecided = false;      // a container's path, but no runtime has its files yet
  std::uint64_t revision = 0;  // at the last complete description
  bool described = false;
  bool published = false;
  bool joined = false;                           // another cgroup stands for it: one container with two paths
  std::optional<std::uint64_t> stale_at_nsec{};  // of the description
  bool not_found = false;                        // describe() found no files, and nothing that denied them
  WorkloadPtr workload;                          // what is published; never null once it has been named

  // A container, and no files of it are known.
  bool unnamed() const {
    return runtime != nullptr ? !described : workload != nullptr && workload->kind == WorkloadKind::kContainer;
  }
  ContainerRef ref() const;
  // Its runtime does not know yet when it began.
  bool starting() const;
};

// The container's facts as far as they are to be believed: what a user's files say is no pod's,
// and names no process; labels say which pod it is only where the cgroup is that pod's.
ContainerMetadata believed(const Workload& workload, ContainerMetadata metadata);
// What a person calls it, by these facts; empty if they have no name.
std::string_view plain_name(const ContainerMetadata& metadata);

class WorkloadNamer {
 public:
  // `runtimes` in the order in which they are asked; must outlive it. `report` is called for each error of a file.
  // Of a container's environment only `variables` are kept: the others may be passwords.
  WorkloadNamer(const std::vector<std::unique_ptr<Runtime>>& runtimes, LabelFilter variables,
                std::function<void(const Error&)> report)
      : runtimes_(runtimes), variables_(std::move(variables)), report_(std::move(report)) {}

  // By its path, then by the files of its runtime. `outer` is the container or machine that it
  // is inside of, or null: whatever is inside is that container's, and has no runtime here.
  NamedCgroup name(const std::string& path, const CgroupNode& node, std::uint64_t seen_nsec, const Workload* outer);
  // The first runtime that is certain, or has the files. A runtime without the files yet is
  // to be asked again. True when the runtime changed.
  bool choose_runtime(NamedCgroup& one) const;
  // Reads the files of its runtime, which is not null, if they have changed or what they said is stale. True when the
  // workload's facts changed.
  bool describe(NamedCgroup& one);

  // From only the path, before any file is read.
  WorkloadKind kind_of(const std::string& path) const;

  std::uint64_t errors() const { return errors_; }  // a total

 private:
  const std::vector<std::unique_ptr<Runtime>>& runtimes_;
  const LabelFilter variables_;
  const std::function<void(const Error&)> report_;
  std::uint64_t errors_ = 0;
};

}  // namespace tallyman
