#include "collectors/kernel/network/network_source.h"

#include "collectors/kernel/formats/proc_text.h"
#include "collectors/kernel/formats/process_text.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/stats/network_stats.h"
#include "collectors/kernel/system/pid_namespace.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace tallyman {
namespace {

// A runtime puts the process into the cgroup before it enters its namespaces.
constexpr unsigned kSettlingPasses = 10;
constexpr std::size_t kMaxRowLength = 512;  // of net/dev: a name of 15 and 16 numbers of up to 20 digits
constexpr std::size_t kMaxPidsTried = 8;    // the first ones may end while they are read
constexpr std::size_t kMaxPidsBelow = 64;

// What of a process says whether it is a container's first one.
struct FirstProcess {
  // Levels of PID namespaces of which it is the first process in the innermost; 0: in none but the host's.
  std::size_t levels = 0;
  std::uint64_t start_ticks = 0;

  // The first process of the outermost container, else the oldest one.
  bool comes_before(const FirstProcess& other) const {
    return (levels == 0) != (other.levels == 0) ? levels != 0
           : levels != other.levels             ? levels < other.levels
                                                : start_ticks < other.start_ticks;
  }
};

std::optional<std::uint32_t> first_process_of(const HostRoot& root, const std::vector<std::uint32_t>& pids,
                                              ReadBuffer& buffer) {
  std::optional<std::uint32_t> first;
  FirstProcess best;
  for (const std::uint32_t pid : pids) {
    const std::string process = root.proc_path(std::to_string(pid));
    FirstProcess one;
    if (const auto text = read_file(process + "/stat", buffer)) {
      one.start_ticks = formats::parse_pid_start_ticks(*text).value_or(0);
    } else if (text.error().kind == ErrorKind::kGone || !is_there(process)) {
      continue;
    }
    if (const auto text = read_file(process + "/status", buffer)) {
      one.levels = formats::parse_init_levels(*text);
    }
    if (!first || one.comes_before(best)) {
      first = pid;
      best = one;
    }
  }
  return first;
}

void note_unknown(const std::string& process, int code, ReadReport& report) {
  if (code == EACCES || code == EPERM) {
    report.note(ErrorKind::kDenied, process + "/ns/net: not permitted; needs CAP_SYS_PTRACE");
  } else if (code != ENOENT && code != 0) {
    report.note(ErrorKind::kIo, to_string(error_from_errno(code, process + "/ns/net")));
  }
}

}  // namespace

std::string_view to_string(NetworkOwnership ownership) {
  switch (ownership) {
    case NetworkOwnership::kHost:
      return "host";
    case NetworkOwnership::kShared:
      return "shared";
    case NetworkOwnership::kOwn:
      return "own";
    case NetworkOwnership::kUnknown:
      break;
  }
  return "unknown";
}

struct NetworkSource::Attached {
  NetworkWorkload workload;
  unsigned passes = 0;
  NetworkOwnership ownership = NetworkOwnership::kUnknown;
  NetworkPlace place;   // when kOwn; its inode only where known
  std::string path;     // of net/dev
  FileDescriptor file;  // or closed, if the budget is used up
  bool budgeted = false;
  std::vector<InterfaceStats> interfaces;
};

NetworkSource::NetworkSource(HostRoot root, StatsSource& stats, std::size_t files_kept_open, Ignore ignore)
    : root_(std::move(root)),
      stats_(stats),
      ignore_(std::move(ignore)),
      budget_(files_kept_open),
      mark_(namespace_mark_of(root_)),
      host_namespace_(net_namespace_of(root_.proc_path("1"), mark_)),
      foreign_pids_(pid_view(root_) == PidView::kForeign) {}

NetworkSource::~NetworkSource() = default;

void NetworkSource::attach(Handle handle, NetworkWorkload workload) {
  if (handle >= attached_.size()) {
    attached_.resize(handle + 1);
  }
  auto& one = attached_[handle];
  if (!one) {
    one = std::make_unique<Attached>();
    order_.push_back(handle);
  }
  by_cgroup_[workload.cgroup] = handle;
  one->workload = std::move(workload);
}

void NetworkSource::detach(Handle handle) {
  if (handle < attached_.size() && attached_[handle]) {
    close(*attached_[handle]);
    if (const auto known = by_cgroup_.find(attached_[handle]->workload.cgroup);
        known != by_cgroup_.end() && known->second == handle) {
      by_cgroup_.erase(known);
    }
    attached_[handle].reset();
    std::erase(order_, handle);
  }
}

void NetworkSource::close(Attached& one) {
  one.file.reset();
  if (std::exchange(one.budgeted, false)) {
    budget_.give_back();
  }
  if (one.place.inode != 0 && !one.workload.is_root) {
    owners_.erase(one.place.inode);
  }
  one.place = {};
  one.path.clear();
  one.interfaces.clear();
  one.ownership = NetworkOwnership::kUnknown;
  one.passes = 0;
}

ReadReport NetworkSource::read(bool slow) {
  ReadReport report;
  for (const Handle handle : order_) {
    const auto& one = attached_[handle];
    const bool settling = one->passes < kSettlingPasses;
    one->passes += settling ? 1 : 0;
    const bool emptied = !one->workload.is_root && stats_.stats(handle).pids.current == std::uint64_t{0};
    if (emptied) {
      close(*one);
      continue;
    }
    const bool own = one->ownership == NetworkOwnership::kOwn;
    const bool not_kept = own && !one->file.valid();  // the next open could find another process with that id
    if (settling || slow || not_kept) {
      resolve(handle, *one, report);
    }
    if (one->ownership == NetworkOwnership::kOwn) {
      read_one(*one, report);
    }
  }
  return report;
}

void NetworkSource::resolve(Handle handle, Attached& one, ReadReport& report) {
  if (one.workload.is_root) {
    if (one.path.empty()) {
      take(one, root_.proc_path("1"), host_namespace_, 0);
    }
    return;
  }
  if (stats_.gone(handle)) {
    return;
  }
  const std::vector<std::uint32_t> pids = candidates(handle, one);
  if (pids.empty()) {
    if (one.ownership != NetworkOwnership::kOwn) {
      one.ownership = NetworkOwnership::kUnknown;
    }
    return;
  }
  for (std::size_t i = 0; i < std::min(pids.size(), kMaxPidsTried); ++i) {
    if (open_pid(handle, one, pids[i], report)) {
      return;
    }
  }
}

// The processes that may show its namespace, the likeliest first.
std::vector<std::uint32_t> NetworkSource::candidates(Handle handle, const Attached& one) {
  const std::optional<std::uint32_t>& init = one.workload.init_pid;
  std::vector<std::uint32_t> pids;
  if (!foreign_pids_) {
    if (auto own = stats_.processes(handle)) {
      pids = std::move(*own);
    }
    if (init) {
      if (const auto found = std::find(pids.begin(), pids.end(), *init); found != pids.end()) {
        std::iter_swap(pids.begin(), found);
      }
    } else if (one.workload.is_container &&
               (pids.empty() || (host_namespace_ != 0 && net_namespace_of(root_.proc_path(std::to_string(pids[0])),
                                                                          mark_) == host_namespace_))) {
      // What is in its own cgroup may be the program that started it: libvirt's, nspawn's.
      if (const auto below = init_below(handle, one)) {
        pids.insert(pids.begin(), *below);
      }
    }
  }
  if (pids.empty() && init) {
    pids.push_back(*init);
  }
  return pids;
}

// The first process of a container that no file names. Once found it is kept as long as it is there.
std::optional<std::uint32_t> NetworkSource::init_below(Handle handle, const Attached& one) {
  if (one.ownership == NetworkOwnership::kOwn && one.place.pid != 0 && one.place.inode != 0 &&
      net_namespace_of(one.place.process, mark_) == one.place.inode) {
    return one.place.pid;
  }
  return first_process_of(root_, stats_.processes_below(handle, kMaxPidsBelow), buffer_);
}

// False: the process ended meanwhile; the caller tries another.
bool NetworkSource::open_pid(Handle handle, Attached& one, std::uint32_t pid, ReadReport& report) {
  const std::string process = root_.proc_path(std::to_string(pid));
  errno = 0;
  const std::uint64_t inode = net_namespace_of(process, mark_);
  const int code = errno;
  const bool ended = code == ESRCH || (code == ENOENT && (mark_ == NamespaceMark::kNetDev || !is_there(process)));
  if (inode == 0 && ended) {
    return false;  // a recorded host has the process, but no namespaces
  }
  if (inode == 0 || host_namespace_ == 0) {
    if (one.workload.mode != NetworkMode::kOwn) {
      note_unknown(process, inode == 0 ? code : 0, report);
      settle(one, NetworkOwnership::kUnknown);
      return true;
    }
  } else if (inode == host_namespace_) {
    settle(one, NetworkOwnership::kHost);
    return true;
  } else if (one.ownership == NetworkOwnership::kOwn && one.place.inode == inode) {
    if (!one.file.valid()) {
      take(one, process, inode, pid);
    }
    return true;
  } else if (!may_have(handle, one, inode) ||
             (one.workload.mode == NetworkMode::kJoined && one.passes < kSettlingPasses)) {  // its owner may follow
    settle(one, NetworkOwnership::kShared);
    return true;
  } else {
    settle(one, NetworkOwnership::kUnknown);
    owners_[inode] = handle;
  }
  take(one, process, host_namespace_ == 0 ? 0 : inode, pid);
  return true;
}

// Whether no other workload has it. A container takes it from a cgroup below it.
bool NetworkSource::may_have(Handle handle, const Attached& one, std::uint64_t inode) {
  const auto owner = owners_.find(inode);
  if (owner != owners_.end() && owner->second != handle) {
    Attached& other = *attached_[owner->second];
    const CgroupPath cgroup(one.workload.cgroup);
    if (!one.workload.is_container || other.workload.is_container ||
        !cgroup.contains(CgroupPath(other.workload.cgroup))) {
      return false;
    }
    settle(other, NetworkOwnership::kShared);
    return true;
  }
  // As long as it is not known which namespace its container has, it could be that one.
  const Attached* const container = container_above(one);
  return container == nullptr || container->ownership != NetworkOwnership::kUnknown;
}

// The nearest; null if there is none, and for a container itself.
const NetworkSource::Attached* NetworkSource::container_above(const Attached& one) const {
  if (one.workload.is_container) {
    return nullptr;
  }
  for (CgroupPath above(one.workload.cgroup); !above.is_root();) {
    above = above.parent();
    const auto found = by_cgroup_.find(above.text());
    if (found != by_cgroup_.end() && attached_[found->second]->workload.is_container) {
      return attached_[found->second].get();
    }
  }
  return nullptr;
}

void NetworkSource::take(Attached& one, const std::string& process, std::uint64_t inode, std::uint32_t pid) {
  one.place = {process, inode, mark_, foreign_pids_ ? 0 : pid};
  one.path = process + "/net/dev";
  one.ownership = NetworkOwnership::kOwn;
}

void NetworkSource::settle(Attached& one, NetworkOwnership ownership) {
  if (one.ownership == NetworkOwnership::kOwn) {
    close(one);
  }
  one.ownership = ownership;
}

void NetworkSource::read_one(Attached& one, ReadReport& report) {
  int fd = one.file.get();
  FileDescriptor opened;
  if (fd < 0) {
    opened = FileDescriptor(open(one.path.c_str(), O_RDONLY | O_CLOEXEC));
    fd = opened.get();
  }
  const Result<std::string_view> text =
      fd < 0 ? error_from_errno(errno, one.path) : read_rows(fd, kMaxRowLength, buffer_);
  one.interfaces.clear();
  if (!text) {
    if (text.error().kind == ErrorKind::kDenied || text.error().kind == ErrorKind::kIo) {
      report.note(text.error().kind, to_string(Error{text.error().kind, text.error().code, one.path}));
    }
    close(one);  // the process ended: the next pass picks another one
    return;
  }
  if (formats::parse_net_dev(*text, one.interfaces) != 0) {
    report.note(ErrorKind::kMalformed, one.path + ": not as the kernel documents it");
  }
  std::erase_if(one.interfaces, [&](const InterfaceStats& interface) { return ignore_ && ignore_(interface.name); });
  if (opened.valid() && budget_.take()) {
    one.file = std::move(opened);
    one.budgeted = true;
  }
}

const NetworkSource::Attached* NetworkSource::find(Handle handle) const {
  return handle < attached_.size() ? attached_[handle].get() : nullptr;
}

std::span<const InterfaceStats> NetworkSource::interfaces(Handle handle) const {
  const Attached* one = find(handle);
  return one == nullptr ? std::span<const InterfaceStats>() : one->interfaces;
}

const NetworkPlace* NetworkSource::place(Handle handle) const {
  const Attached* one = find(handle);
  return one != nullptr && one->ownership == NetworkOwnership::kOwn ? &one->place : nullptr;
}

NetworkOwnership NetworkSource::ownership(Handle handle) const {
  const Attached* one = find(handle);
  return one == nullptr ? NetworkOwnership::kUnknown : one->ownership;
}

}  // namespace tallyman
