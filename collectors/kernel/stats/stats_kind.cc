#include "collectors/kernel/stats/stats_kind.h"

namespace tallyman {

std::string_view to_string(StatsKind kind) {
  switch (kind) {
    case StatsKind::kCpu:
      return "cpu";
    case StatsKind::kCpuPerCpu:
      return "cpu_per_cpu";
    case StatsKind::kMemory:
      return "memory";
    case StatsKind::kMemoryEvents:
      return "memory_events";
    case StatsKind::kIo:
      return "io";
    case StatsKind::kPressure:
      return "pressure";
    case StatsKind::kPids:
      return "pids";
    case StatsKind::kNetwork:
      return "network";
    case StatsKind::kProcesses:
      return "process";
    case StatsKind::kSockets:
      return "sockets";
    case StatsKind::kLinks:
      return "interfaces";
    case StatsKind::kSocketStates:
      return "socket_states";
    case StatsKind::kSocketAdvanced:
      return "socket_advanced";
    case StatsKind::kFilesystem:
      return "filesystem";
    case StatsKind::kHost:
      return "host";
    case StatsKind::kLimits:
      return "limits";
    case StatsKind::kCpuset:
      return "cpuset";
    case StatsKind::kHugetlb:
      return "hugetlb";
    case StatsKind::kNuma:
      return "numa";
    case StatsKind::kCount:
      break;
  }
  return "";
}

}  // namespace tallyman
