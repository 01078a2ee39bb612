// The interfaces of each workload's own network namespace, from /proc/PID/net/dev: no
// setns, no capability beyond reading /proc.
//
// A namespace is identified by an inode (NamespaceMark). The host's own is never given to
// a workload. One that several workloads share is given only to the first of them, so
// that no sum counts it twice. A container's is never given to a cgroup below it: an init
// inside, as systemd, puts all processes into cgroups of their own. A workload that joined another's ("container:ID")
// gets it only if no other workload has it after a while. The kept-open file pins the namespace: it is closed as soon
// as the workload has no process left. One thread owns a source.
#pragma once

#include "collectors/kernel/cgroup/stats_source.h"
#include "collectors/kernel/network/net_namespace.h"
#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/network_stats.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/kernel_file.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tallyman {

enum class NetworkOwnership : std::uint8_t {
  kUnknown,  // no process yet, or no permission to read it
  kHost,     // the host's namespace
  kShared,   // another workload's
  kOwn,
};
std::string_view to_string(NetworkOwnership ownership);

// What a runtime says about a workload's network namespace.
enum class NetworkMode : std::uint8_t { kUnknown, kHost, kJoined, kOwn };  // kJoined: another workload's

// What is known of a workload before its namespace is.
struct NetworkWorkload {
  std::string cgroup;
  std::optional<std::uint32_t> init_pid;     // the process that has its namespace, if a runtime names one
  NetworkMode mode = NetworkMode::kUnknown;  // used only if no namespace can be identified
  bool is_root = false;                      // the host itself
  bool is_container = false;                 // what is in cgroups below it belongs to it, too
};

class NetworkSource {
 public:
  using Handle = StatsSource::Handle;

  // Whether the interface with this name is left out.
  using Ignore = std::function<bool(const std::string&)>;

  // `stats` provides the processes; both must be attached with the same handles.
  NetworkSource(HostRoot root, StatsSource& stats, std::size_t files_kept_open, Ignore ignore);
  ~NetworkSource();

  // Again with the same handle: a fact has changed.
  void attach(Handle handle, NetworkWorkload workload);
  void detach(Handle handle);

  // Reads all. Ownership is checked again in a slow pass, and for workloads young enough
  // to be still setting up.
  ReadReport read(bool slow);

  // Empty unless kOwn (or the host itself).
  std::span<const InterfaceStats> interfaces(Handle handle) const;
  NetworkOwnership ownership(Handle handle) const;
  // The place of its namespace, for sources that enter it; null unless kOwn (or the host
  // itself). Valid until the next read(), attach() or detach().
  const NetworkPlace* place(Handle handle) const;
  std::size_t open_files() const { return budget_.open(); }

 private:
  struct Attached;
  void resolve(Handle handle, Attached& one, ReadReport& report);
  std::vector<std::uint32_t> candidates(Handle handle, const Attached& one);
  std::optional<std::uint32_t> init_below(Handle handle, const Attached& one);
  bool open_pid(Handle handle, Attached& one, std::uint32_t pid, ReadReport& report);
  bool may_have(Handle handle, const Attached& one, std::uint64_t inode);
  const Attached* container_above(const Attached& one) const;
  void take(Attached& one, const std::string& process, std::uint64_t inode, std::uint32_t pid);
  void settle(Attached& one, NetworkOwnership ownership);
  void read_one(Attached& one, ReadReport& report);
  void close(Attached& one);
  const Attached* find(Handle handle) const;

  HostRoot root_;
  StatsSource& stats_;
  Ignore ignore_;
  FileBudget budget_;
  ReadBuffer buffer_;
  NamespaceMark mark_;
  std::uint64_t host_namespace_ = 0;
  bool foreign_pids_ = false;                        // cgroup.procs and procfs number processes differently
  std::vector<std::unique_ptr<Attached>> attached_;  // by handle; null if none is attached
  std::vector<Handle> order_;                        // in order of attachment: parents before children
  std::map<std::uint64_t, Handle> owners_;           // namespace inode -> the workload it is given to
  std::map<std::string, Handle, std::less<>> by_cgroup_;
};

}  // namespace tallyman
