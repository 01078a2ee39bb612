#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kCores, kPhysicalCores, kSockets, kMemory, kSwap, kDimms, kDimmBytes };

constexpr MetricDefinition definition(std::string_view name, std::string_view unit, std::string_view help,
                                      std::string_view labels, std::string_view source) {
  return {name, MetricType::kGauge, unit, Scale::kUnits, help, labels, source, source};
}

constexpr MetricDefinition kMetrics[] = {
    definition("machine_cpu_cores", "", "Logical CPUs online.", "", "/sys/devices/system/cpu/online"),
    definition("machine_cpu_physical_cores", "", "Physical CPU cores of all sockets.", "",
               "/proc/cpuinfo, pairs of physical id and core id"),
    definition("machine_cpu_sockets", "", "CPU sockets.", "", "/proc/cpuinfo physical id"),
    definition("machine_memory_bytes", "bytes", "Memory of the machine, as the kernel reports it.", "",
               "/proc/meminfo MemTotal"),
    definition("machine_swap_bytes", "bytes", "Swap space.", "", "/proc/meminfo SwapTotal"),
    definition("machine_dimm_count", "", "Memory modules. Only if the memory controller reports them.", "type",
               "/sys/devices/system/edac/mc"),
    definition("machine_dimm_capacity_bytes", "bytes",
               "Capacity of the memory modules. Only if the memory controller reports them.", "type",
               "/sys/devices/system/edac/mc"),
};

Count where_given(unsigned number) { return number == 0 ? Count() : Count(number); }

void collect(const Observation& observation, SeriesWriter& writer) {
  const MachineInfo& machine = observation.host->machine;
  writer.put(kCores, where_given(machine.cpu_cores));
  writer.put(kPhysicalCores, where_given(machine.physical_cores));
  writer.put(kSockets, where_given(machine.sockets));
  writer.put(kMemory, observation.host->memory.total);
  writer.put(kSwap, observation.host->memory.swap_total);
  for (const DimmStats& dimm : machine.dimms) {
    writer.put(kDimms, {dimm.type}, dimm.count);
    writer.put(kDimmBytes, {dimm.type}, dimm.bytes);
  }
}

}  // namespace

extern const Collector machine_collector{
    "machine", "CPUs, memory and swap of the machine", true, Scope::kMachine, kMetrics, SourceKind::kHost, false,
    collect};

}  // namespace tallyman
