// One runtime of containers, machines or units: recognises its cgroups by path and reads
// their facts from files. No socket, no client library.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/model/workload.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tallyman {

// A container, as its runtime is asked about it.
struct ContainerRef {
  ContainerRef(std::string id_, std::optional<std::uint32_t> user_ = {}, bool made_by_user_ = false)
      : id(std::move(id_)), user(user_), made_by_user(made_by_user_) {}
  ContainerRef(const char* id_) : id(id_) {}

  std::string id;
  // Its cgroup is in this user's slice: this user's files may describe it, and no other's.
  std::optional<std::uint32_t> user;
  bool made_by_user = false;  // below the user's own manager: only that user's files describe it
};

// What a cgroup's path shows.
struct ContainerMatch {
  std::string container_id;  // the id for revision() and describe()
  // The path itself names the runtime (/docker/ID). If it does not (PARENT/ID), the
  // cgroup is this runtime's only while revision() is not 0.
  bool certain = false;
  WorkloadKind kind = WorkloadKind::kContainer;
  bool a_container = false;  // certainly one, if not certainly this runtime's
};

struct ContainerDescription {
  ContainerMetadata metadata;
  std::optional<WorkloadKind> kind;  // if the files are more precise than the path
  UnitFacts unit;
  // A file that should have been read and was not: `metadata` lacks its facts. Should be
  // retried.
  std::optional<Error> incomplete;
  // Since the epoch: then a fact is too old to be believed, though the files are the same.
  std::optional<std::uint64_t> stale_at_nsec{};
};

// Used by one thread at a time; match() by any.
class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual std::string_view name() const = 0;

  // If this cgroup path is one of this runtime's containers itself (not something below
  // it). Pure: uses only the path, cheap. What is inside of a container is not asked about.
  virtual std::optional<ContainerMatch> match(std::string_view cgroup_path) const = 0;

  // A number that changes when the result of describe() would change. 0 when the files do
  // not exist (yet) or cannot be reached. A few stat calls, no reads.
  virtual std::uint64_t revision(const ContainerRef& container) = 0;

  // Reads the container's files. kUnsupported: they do not exist; kDenied (`where` is the
  // directory or file without permission), kMalformed (the file's name).
  virtual Result<ContainerDescription> describe(const ContainerRef& container) = 0;

  // If users run it too. The others are not asked about what a user made.
  virtual bool serves_users() const { return false; }

  // The first place where describe() looks, as the host names it, and the flag that gives
  // another; for the warning that containers have no names. Empty where a name needs no file.
  struct MetadataSource {
    std::string path;
    std::string_view flag;
  };
  virtual MetadataSource metadata_source() const { return {}; }

  // How its last run ended, for runtimes that write this to a separate, possibly
  // short-lived file: event_fd() becomes readable, and handle_events() reads the file.
  virtual std::optional<ContainerExit> exit_of(const ContainerRef& container) {
    (void)container;
    return {};
  }
  virtual int event_fd() const { return -1; }
  virtual void handle_events() {}
};

}  // namespace tallyman
