#include "collectors/kernel/network/socket_source.h"

#include "collectors/kernel/formats/net_text.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace tallyman {
namespace {

struct Wanted {
  std::string_view name;
  Count SocketStats::*field;
};
constexpr Wanted kOfSnmp[] = {
    {"activeopens", &SocketStats::tcp_active_opens},           {"passiveopens", &SocketStats::tcp_passive_opens},
    {"attemptfails", &SocketStats::tcp_failed_opens},          {"estabresets", &SocketStats::tcp_resets},
    {"insegs", &SocketStats::tcp_segments_received},           {"outsegs", &SocketStats::tcp_segments_sent},
    {"retranssegs", &SocketStats::tcp_segments_retransmitted},
};

void pick(const std::vector<NamedCount>& fields, SocketStats& stats) {
  for (const NamedCount& field : fields) {
    for (const Wanted& wanted : kOfSnmp) {
      if (field.name == wanted.name) {
        stats.*wanted.field = field.value;
      }
    }
  }
}

std::uint64_t tcp_sockets(const SocketStats& stats) {
  return stats.tcp.value_or(0) + stats.tcp6.value_or(0) + stats.tcp_time_wait.value_or(0);
}

std::uint64_t udp_sockets(const SocketStats& stats) { return stats.udp.value_or(0) + stats.udp6.value_or(0); }

// The counters that change whenever a connection's state changes.
std::vector<std::uint64_t> what_moves(const SocketStats& stats, std::uint64_t established) {
  return {stats.tcp.value_or(0),
          stats.tcp6.value_or(0),
          stats.tcp_time_wait.value_or(0),
          stats.tcp_segments_received.value_or(0),
          stats.tcp_segments_sent.value_or(0),
          stats.tcp_segments_retransmitted.value_or(0),
          stats.tcp_resets.value_or(0),
          established};
}

std::string explained(const NetworkPlace& place, const Error& error) {
  if (error.kind == ErrorKind::kDenied) {
    return place.process + "/" + error.where +
           ": not permitted; sockets by state need CAP_SYS_ADMIN and CAP_SYS_PTRACE";
  }
  return place.process + "/" + to_string(error);
}

}  // namespace

SocketSource::SocketSource(HostRoot root, SocketNeeds needs) : root_(std::move(root)), needs_(needs), home_(root_) {}

std::optional<SocketReading> SocketSource::read(const NetworkPlace& place, bool is_host, Memory& memory,
                                                ReadReport& report) {
  const FileDescriptor process(open(place.process.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!process.valid()) {
    return {};
  }
  if (place.inode != 0 && net_namespace_of(process.get(), place.mark) != place.inode) {
    return {};
  }
  SocketReading reading;
  read_files(process.get(), place, reading.stats, report);
  if (needs_.states || is_host) {
    read_states(process.get(), place, is_host, memory, reading, report);
  }
  return reading;
}

std::optional<std::string_view> SocketSource::text(int process, const NetworkPlace& place, const char* file,
                                                   ReadReport& report) {
  const std::string path = place.process + "/" + file;
  const FileDescriptor opened(openat(process, file, O_RDONLY | O_CLOEXEC));
  const Result<std::string_view> content =
      opened.valid() ? read_to_end(opened.get(), buffer_) : Result<std::string_view>(error_from_errno(errno, path));
  if (content) {
    return *content;
  }
  const Error error{content.error().kind, content.error().code, path};
  if (error.kind != ErrorKind::kUnsupported && error.kind != ErrorKind::kGone) {
    report.note(error.kind, to_string(error));
  }
  return {};
}

void SocketSource::read_files(int process, const NetworkPlace& place, SocketStats& stats, ReadReport& report) {
  const auto parse = [&](const char* file, auto parser) {
    if (const auto content = text(process, place, file, report); content && parser(*content) != 0) {
      report.note(ErrorKind::kMalformed, place.process + "/" + file + ": not as the kernel documents it");
    }
  };
  for (const char* file : {"net/sockstat", "net/sockstat6"}) {
    parse(file, [&](std::string_view content) { return formats::parse_sockstat(content, stats); });
  }
  fields_.clear();
  parse("net/snmp", [&](std::string_view content) { return formats::parse_snmp(content, "Tcp", fields_); });
  pick(fields_, stats);
  const auto established =
      std::find_if(fields_.begin(), fields_.end(), [](const NamedCount& field) { return field.name == "currestab"; });
  current_established_ = established == fields_.end() ? 0 : established->value;
  if (needs_.advanced) {
    stats.advanced = fields_;
    parse("net/netstat", [&](std::string_view content) { return formats::parse_snmp(content, "TcpExt", fields_); });
    stats.advanced.insert(stats.advanced.end(), fields_.begin(), fields_.end());
  }
}

void SocketSource::read_states(int process, const NetworkPlace& place, bool is_host, Memory& memory,
                               SocketReading& reading, ReadReport& report) {
  SocketStats& stats = reading.stats;
  if (!stats.tcp || !stats.udp || place.inode == 0) {
    return;  // a recorded host
  }
  if (tcp_sockets(stats) + udp_sockets(stats) > kMaxSockets) {
    memory = {};
    report.note(ErrorKind::kIo, place.process + "/net: more than " + std::to_string(kMaxSockets) +
                                    " sockets; their states are not counted");
    return;
  }
  std::vector<std::uint64_t> moved = what_moves(stats, current_established_);
  const bool tcp = tcp_sockets(stats) != 0 && (memory.moved != moved || memory.sockets.has_requests());
  const bool udp = udp_sockets(stats) != 0;  // no counter changes when a datagram is queued
  SocketDumpRequest request;
  request.tcp = tcp || (is_host && udp);  // by cgroup: both or none
  request.udp = udp;
  request.by_cgroup = is_host;
  request.round_trips = needs_.states;
  if (!refresh(process, place, request, memory, report)) {
    memory = {};
    return;
  }
  if (tcp_sockets(stats) + udp_sockets(stats) == 0) {
    memory = {};
  }
  memory.moved = std::move(moved);
  if (needs_.states) {
    memory.sockets.fill(stats);
  }
  if (is_host) {
    reading.by_cgroup =
        memory.by_cgroup ? memory.by_cgroup : std::make_shared<const std::map<std::uint64_t, SocketTally>>();
  }
}

// Updates `memory` with the requested sockets.
bool SocketSource::refresh(int process, const NetworkPlace& place, const SocketDumpRequest& request, Memory& memory,
                           ReadReport& report) {
  SocketDump fresh;
  if (request.tcp || request.udp) {
    Result<SocketDump> dumped = dump(process, place, request);
    if (!dumped) {
      const ErrorKind kind = dumped.error().kind;
      if (kind != ErrorKind::kGone && kind != ErrorKind::kUnsupported) {
        report.note(kind, explained(place, dumped.error()));
      }
      return false;
    }
    if (dumped->malformed != 0) {
      report.note(ErrorKind::kMalformed, place.process + "/net: sock_diag's answer is not as the kernel documents it");
    }
    fresh = std::move(*dumped);
  }
  if (request.by_cgroup && request.tcp) {
    memory.by_cgroup = std::make_shared<const std::map<std::uint64_t, SocketTally>>(std::move(fresh.by_cgroup));
  }
  if (request.tcp) {
    memory.sockets = std::move(fresh.all);
  } else {
    memory.sockets.take_udp(fresh.all);
  }
  return true;
}

Result<SocketDump> SocketSource::dump(int process, const NetworkPlace& place, const SocketDumpRequest& request) {
  ++dumps_;
  if (home_.is(place)) {
    return dump_sockets(request);
  }
  if (lost_) {
    return Error{ErrorKind::kIo, 0, "ns/net: could not be left before"};
  }
  if (const Result<void> entered = home_.enter(process); !entered) {
    return entered.error();
  }
  Result<SocketDump> result = dump_sockets(request);
  if (const Result<void> returned = home_.return_home(); !returned) {
    lost_ = true;
  }
  return result;
}

}  // namespace tallyman
