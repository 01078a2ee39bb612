// Reads the sockets of one network namespace after the other. Files of
// /proc/PID/net need no capability; sock_diag needs the thread inside the
// namespace, so one thread of its own owns a source: only its namespace changes,
// and nothing is kept open, so that no dead namespace is pinned.
#pragma once

#include "collectors/kernel/cgroup/cgroup_reader.h"
#include "collectors/kernel/network/net_namespace.h"
#include "collectors/kernel/network/socket_diag.h"
#include "collectors/kernel/stats/socket_stats.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/kernel_file.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

struct SocketNeeds {
  bool states = false;    // of each namespace, by sock_diag
  bool advanced = false;  // net/netstat
};

using SocketsByCgroup = std::shared_ptr<const std::map<std::uint64_t, SocketTally>>;

struct SocketReading {
  SocketStats stats;
  // The host's alone, and only where it can be told: sockets by cgroup id.
  SocketsByCgroup by_cgroup;
};

class SocketSource {
 public:
  // More sockets than this in one namespace are not told apart: a microsecond each.
  static constexpr std::uint64_t kMaxSockets = 100'000;

  // Remembers the calling thread's namespace: make it in the thread that reads.
  SocketSource(HostRoot root, SocketNeeds needs);

  // What is kept of a namespace from one reading to the next: a dump is taken
  // only after segments went in or out, for no state changes without one but
  // by a timer that changes the number of sockets.
  struct Memory {
    std::vector<std::uint64_t> moved;  // the figures that tell; empty before the first dump
    SocketTally sockets;
    SocketsByCgroup by_cgroup;
  };

  // Empty: the process is gone, or is no longer in that namespace.
  std::optional<SocketReading> read(const NetworkPlace& place, bool is_host, Memory& memory, ReadReport& report);

  std::uint64_t dumps() const { return dumps_; }

 private:
  std::optional<std::string_view> text(int process, const NetworkPlace& place, const char* file, ReadReport& report);
  void read_files(int process, const NetworkPlace& place, SocketStats& stats, ReadReport& report);
  void read_states(int process, const NetworkPlace& place, bool is_host, Memory& memory, SocketReading& reading,
                   ReadReport& report);
  bool refresh(int process, const NetworkPlace& place, const SocketDumpRequest& request, Memory& memory,
               ReadReport& report);
  Result<SocketDump> dump(int process, const NetworkPlace& place, const SocketDumpRequest& request);

  HostRoot root_;
  SocketNeeds needs_;
  NamespaceHome home_;
  ReadBuffer buffer_;
  std::vector<NamedCount> fields_;
  std::uint64_t current_established_ = 0;
  std::uint64_t dumps_ = 0;
  bool lost_ = false;  // not home again: no more dumps
};

}  // namespace tallyman
