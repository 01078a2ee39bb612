#include "collectors/discovery/workload_namer.h"

#include "collectors/discovery/names.h"
#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/kubernetes.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/wall_clock.h"
#include "collectors/model/workload_id.h"

#include <utility>

namespace tallyman {
namespace {

// The name shown until the real one is known; the ids of LXC and machined are names.
std::string short_id(const std::string& id) { return is_container_id(id) ? id.substr(0, kShortIdDigits) : id; }

bool is_unit(WorkloadKind kind) {
  return kind == WorkloadKind::kService || kind == WorkloadKind::kSlice || kind == WorkloadKind::kScope;
}

// A unit is not a container: its path is its id, and it already has its name from it.
WorkloadPtr workload_of(const Workload& before, const Runtime& runtime, WorkloadKind kind, const std::string& id) {
  auto workload = std::make_shared<Workload>(before);
  workload->kind = kind;
  workload->runtime = runtime.name();
  workload->unit = {};
  if (!is_unit(kind)) {
    workload->container_id = id;
    workload->workload = shown_name(*workload, nullptr, short_id(id));
  }
  return workload;
}

// Its path says that it is one, and nobody has its files.
WorkloadPtr unknown_container(const Workload& before, const std::string& id) {
  auto workload = std::make_shared<Workload>(before);
  workload->kind = WorkloadKind::kContainer;
  workload->container_id = id;
  workload->workload = shown_name(*workload, nullptr, short_id(id));
  return workload;
}

bool is_fault(const Error& error) { return error.kind != ErrorKind::kUnsupported && error.kind != ErrorKind::kGone; }

// True when the workload's facts changed.
bool take(NamedCgroup& one, ContainerDescription description) {
  const WorkloadKind kind = description.kind.value_or(one.workload->kind);
  description.metadata = believed(*one.workload, std::move(description.metadata));
  if (kind == one.workload->kind && description.metadata == one.workload->container &&
      description.unit == one.workload->unit)
    return false;
  auto workload = std::make_shared<Workload>(*one.workload);
  workload->kind = kind;
  workload->unit = std::move(description.unit);
  workload->container = std::move(description.metadata);
  if (!is_unit(kind)) {
    const std::string_view name = plain_name(workload->container);
    workload->workload = shown_name(*workload, nullptr, name.empty() ? short_id(one.container_id) : std::string(name));
  }
  one.workload = std::move(workload);
  return true;
}

}  // namespace

ContainerMetadata believed(const Workload& workload, ContainerMetadata metadata) {
  if (metadata.claimed_by) {
    metadata.kubernetes.reset();
    metadata.init_pid.reset();
  } else if (!metadata.kubernetes && pod_by_path(CgroupPath(workload.id).parent().text())) {
    metadata.kubernetes = identity_by_labels(metadata);
  }
  return metadata;
}

std::string_view plain_name(const ContainerMetadata& metadata) {
  if (!metadata.kubernetes) return metadata.name;
  return metadata.kubernetes->container.empty() ? std::string_view("POD") : metadata.kubernetes->container;
}

ContainerRef NamedCgroup::ref() const {
  const bool of_root = workload->user.value_or(0) == 0;
  return {container_id, of_root ? std::nullopt : workload->user, workload->made_by_user};
}

bool NamedCgroup::starting() const {
  if (runtime == nullptr || workload->kind == WorkloadKind::kSlice)
    return false;  // systemd does not record the start of a slice
  return is_unit(workload->kind) ? !workload->unit.started_nsec : !workload->container.started_nsec;
}

NamedCgroup WorkloadNamer::name(const std::string& path, const CgroupNode& node, std::uint64_t seen_nsec,
                                const Workload* outer) {
  NamedCgroup one;
  one.node = node;
  auto workload = std::make_shared<Workload>();
  workload->id = path;
  workload->inode = node.inode;
  workload->seen_nsec = seen_nsec;
  workload->cgroup_created_nsec = node.created_nsec;
  if (outer != nullptr) workload->inside = outer->id;
  name_by_path(*workload);
  workload->workload = shown_name(*workload, outer, workload->workload);
  one.workload = std::move(workload);
  if (outer != nullptr) return one;
  choose_runtime(one);
  if (one.runtime != nullptr) describe(one);
  return one;
}

WorkloadKind WorkloadNamer::kind_of(const std::string& path) const {
  Workload workload;
  workload.id = path;
  name_by_path(workload);
  for (const auto& runtime : runtimes_) {
    const auto match = runtime->match(path);
    if (!match || is_unit(match->kind)) continue;
    if (match->certain || match->a_container) return match->kind;
  }
  return workload.kind;
}

bool WorkloadNamer::choose_runtime(NamedCgroup& one) const {
  one.undecided = false;
  std::string unknown;  // the id of a container of which no runtime has the files
  for (const auto& runtime : runtimes_) {
    if (one.workload->made_by_user && !runtime->serves_users()) continue;
    auto match = runtime->match(one.workload->id);
    if (!match) continue;
    if (is_unit(match->kind) && (!is_unit(one.workload->kind) || !unknown.empty()))
      continue;  // a pod's slice is treated as a pod
    if (!match->certain) {
      ContainerRef asked = one.ref();
      asked.id = match->container_id;
      if (runtime->revision(asked) == 0) {
        one.undecided = true;
        if (match->a_container) unknown = std::move(match->container_id);
        continue;
      }
    }
    if (one.runtime == runtime.get()) return false;
    one.runtime = runtime.get();
    one.container_id = std::move(match->container_id);
    one.revision = 0;
    one.described = false;
    one.workload = workload_of(*one.workload, *runtime, match->kind, one.container_id);
    return true;
  }
  if (unknown.empty() || one.workload->container_id == unknown) return false;
  one.workload = unknown_container(*one.workload, unknown);
  return true;
}

bool WorkloadNamer::describe(NamedCgroup& one) {
  // Before reading: a write in between is then noticed as a change next time.
  const ContainerRef container = one.ref();
  const std::uint64_t revision = one.runtime->revision(container);
  const bool stale = one.stale_at_nsec && *one.stale_at_nsec <= wall_clock_nsec();
  if (revision != 0 && revision == one.revision && !stale) return false;
  auto description = one.runtime->describe(container);
  one.revision = 0;
  one.not_found = !description && !is_fault(description.error());
  if (!description) {
    if (is_fault(description.error())) {
      ++errors_;
      report_(description.error());
    }
    return false;
  }
  if (description->incomplete) {
    ++errors_;
    report_(*description->incomplete);
    if (one.described) return false;
  } else {
    one.revision = revision;
  }
  one.described = true;
  one.stale_at_nsec = description->stale_at_nsec;
  std::erase_if(description->metadata.environment,
                [this](const auto& variable) { return !variables_.allows(variable.first); });
  return take(one, std::move(*description));
}

}  // namespace tallyman
