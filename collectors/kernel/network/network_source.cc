#include "collectors/kernel/network/network_source.h"

#include "collectors/kernel/formats/proc_text.h"
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
  std::optional<std::uint32_t> init_pid;
  NetworkMode mode = NetworkMode::kUnknown;
  bool is_root = false;
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

void NetworkSource::attach(Handle handle, std::optional<std::uint32_t> init_pid, NetworkMode mode, bool is_root) {
  if (handle >= attached_.size()) {
    attached_.resize(handle + 1);
  }
  auto& one = attached_[handle];
  if (!one) {
    one = std::make_unique<Attached>();
    order_.push_back(handle);
  }
  one->init_pid = init_pid;
  one->mode = mode;
  one->is_root = is_root;
}

void NetworkSource::detach(Handle handle) {
  if (handle < attached_.size() && attached_[handle]) {
    close(*attached_[handle]);
    attached_[handle].reset();
    std::erase(order_, handle);
  }
}

void NetworkSource::close(Attached& one) {
  one.file.reset();
  if (std::exchange(one.budgeted, false)) {
    budget_.give_back();
  }
  if (one.place.inode != 0 && !one.is_root) {
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
    const bool emptied = !one->is_root && stats_.stats(handle).pids.current == std::uint64_t{0};
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
  if (one.is_root) {
    if (one.path.empty()) {
      take(one, root_.proc_path("1"), host_namespace_, 0);
    }
    return;
  }
  if (stats_.gone(handle)) {
    return;
  }
  Result<std::vector<std::uint32_t>> pids = stats_.processes(handle);
  if (pids && foreign_pids_) {
    pids->clear();
  }
  if (pids && pids->empty() && one.init_pid) {
    // Or an init that puts its processes into cgroups of their own, as systemd does.
    pids->push_back(*one.init_pid);
  }
  if (!pids || pids->empty()) {
    if (one.ownership != NetworkOwnership::kOwn) {
      one.ownership = NetworkOwnership::kUnknown;
    }
    return;
  }
  if (one.init_pid) {
    const auto init = std::find(pids->begin(), pids->end(), *one.init_pid);
    if (init != pids->end()) {
      std::iter_swap(pids->begin(), init);
    }
  }
  for (std::size_t i = 0; i < std::min(pids->size(), kMaxPidsTried); ++i) {
    if (open_pid(handle, one, (*pids)[i], report)) {
      return;
    }
  }
}

// False: the process ended meanwhile; the caller tries another.
bool NetworkSource::open_pid(Handle handle, Attached& one, std::uint32_t pid, ReadReport& report) {
  const std::string process = root_.proc_path(std::to_string(pid));
  errno = 0;
  const std::uint64_t inode = net_namespace_of(process, mark_);
  const bool ended = errno == ESRCH || (errno == ENOENT && (mark_ == NamespaceMark::kNetDev || !is_there(process)));
  if (inode == 0 && ended) {
    return false;  // a recorded host has the process, but no namespaces
  }
  if (inode == 0 || host_namespace_ == 0) {
    if (one.mode != NetworkMode::kOwn) {
      report.note(ErrorKind::kDenied, process + "/ns/net: not permitted; needs CAP_SYS_PTRACE");
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
  } else if (const auto owner = owners_.find(inode);
             (owner != owners_.end() && owner->second != handle) ||
             (one.mode == NetworkMode::kJoined && one.passes < kSettlingPasses)) {  // its owner may follow in the order
    settle(one, NetworkOwnership::kShared);
    return true;
  } else {
    settle(one, NetworkOwnership::kUnknown);
    owners_[inode] = handle;
  }
  take(one, process, host_namespace_ == 0 ? 0 : inode, pid);
  return true;
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
