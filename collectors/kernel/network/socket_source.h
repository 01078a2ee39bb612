// Reads the sockets of one network namespace after the other. Files of /proc/PID/net need
// no capability. sock_diag needs the thread inside the namespace, so a separate thread
// owns a source: only its namespace changes. Nothing is kept open, so no dead namespace
// is pinned.
#pragma once

#include "collectors/kernel/network/net_namespace.h"
#include "collectors/kernel/network/socket_diag.h"
#include "collectors/kernel/stats/socket_stats.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/kernel_file.h"
#include "collectors/kernel/system/read_report.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

struct SocketNeeds {
  bool states = false;    // for each namespace, by sock_diag
  bool advanced = false;  // net/netstat
};

using SocketsByCgroup = std::shared_ptr<const std::map<std::uint64_t, SocketTally>>;

struct SocketReading {
  SocketStats stats;
  // Only the host's, and only if they can be identified: sockets by cgroup id.
  SocketsByCgroup by_cgroup;
};

class SocketSource {
 public:
  // A namespace with more sockets than this is not dumped: each costs a microsecond.
  static constexpr std::uint64_t kMaxSockets = 100'000;

  // Remembers the calling thread's namespace: construct it in the thread that reads.
  SocketSource(HostRoot root, SocketNeeds needs);

  // What is kept of a namespace between two readings. Sockets are dumped only after
  // segments were sent or received. No state changes without one, except by a timer, and
  // that changes the number of sockets.
  struct Memory {
    std::vector<std::uint64_t> moved;  // the counters that show traffic; empty before the first dump
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
  bool lost_ = false;  // could not return to its own namespace: no more dumps
};

}  // namespace tallyman
