#include "collectors/discovery/workload_namer.h"

#include "collectors/discovery/names.h"
#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/kernel/stats/cgroup_path.h"
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
    workload->workload = short_id(id);
  }
  return workload;
}

bool is_fault(const Error& error) { return error.kind != ErrorKind::kUnsupported && error.kind != ErrorKind::kGone; }

// True when the workload's facts changed.
bool take(NamedCgroup& one, ContainerDescription description) {
  const WorkloadKind kind = description.kind.value_or(one.workload->kind);
  if (kind == one.workload->kind && description.metadata == one.workload->container &&
      description.unit == one.workload->unit)
    return false;
  auto workload = std::make_shared<Workload>(*one.workload);
  workload->kind = kind;
  workload->unit = std::move(description.unit);
  workload->container = std::move(description.metadata);
  if (!is_unit(kind))
    workload->workload = workload->container.name.empty() ? short_id(one.container_id) : workload->container.name;
  one.workload = std::move(workload);
  return true;
}

}  // namespace

bool NamedCgroup::starting() const {
  if (runtime == nullptr || workload->kind == WorkloadKind::kSlice)
    return false;  // systemd does not record the start of a slice
  return is_unit(workload->kind) ? !workload->unit.started_nsec : !workload->container.started_nsec;
}

NamedCgroup WorkloadNamer::name(const std::string& path, const CgroupNode& node, std::uint64_t seen_nsec) {
  NamedCgroup one;
  one.node = node;
  auto workload = std::make_shared<Workload>();
  workload->id = path;
  workload->inode = node.inode;
  workload->seen_nsec = seen_nsec;
  workload->cgroup_created_nsec = node.created_nsec;
  name_by_path(*workload);
  one.workload = std::move(workload);
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
    if (match->certain || is_container_id(std::string(CgroupPath(path).name()))) return match->kind;
  }
  return workload.kind;
}

bool WorkloadNamer::choose_runtime(NamedCgroup& one) const {
  one.undecided = false;
  for (const auto& runtime : runtimes_) {
    auto match = runtime->match(one.workload->id);
    if (!match) continue;
    if (is_unit(match->kind) && !is_unit(one.workload->kind)) continue;  // a pod's slice is treated as a pod
    if (!match->certain && runtime->revision(match->container_id) == 0) {
      one.undecided = true;
      continue;
    }
    if (one.runtime == runtime.get()) return false;
    one.runtime = runtime.get();
    one.container_id = std::move(match->container_id);
    one.revision = 0;
    one.described = false;
    one.workload = workload_of(*one.workload, *runtime, match->kind, one.container_id);
    return true;
  }
  return false;
}

bool WorkloadNamer::describe(NamedCgroup& one) {
  // Before reading: a write in between is then noticed as a change next time.
  const std::uint64_t revision = one.runtime->revision(one.container_id);
  if (revision != 0 && revision == one.revision) return false;
  auto description = one.runtime->describe(one.container_id);
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
  return take(one, std::move(*description));
}

}  // namespace tallyman
