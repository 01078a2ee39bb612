#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector.h"

#include <string>
#include <vector>

namespace tallyman {
namespace {

enum Index { kCores, kPhysicalCores, kSockets, kMemory, kSwap, kDimms, kDimmBytes, kBlockDevice };

constexpr MetricDefinition definition(std::string_view name, std::string_view unit, std::string_view help,
                                      std::string_view labels, std::string_view source) {
  return {name, MetricType::kGauge, unit, Scale::kUnits, help, labels, source, source};
}

constexpr MetricDefinition kMetrics[] = {
    definition("machine_cpu_cores", "", "Logical CPUs online.", "", "/sys/devices/system/cpu/online"),
    definition("machine_cpu_physical_cores", "", "Physical CPU cores of all sockets.", "",
               "/proc/cpuinfo, pairs of physical id and core id; else /sys/devices/system/cpu/cpu*/topology"),
    definition("machine_cpu_sockets", "", "CPU sockets.", "",
               "/proc/cpuinfo physical id; else /sys/devices/system/cpu/cpu*/topology"),
    definition("machine_memory_bytes", "bytes", "Memory of the machine, as the kernel reports it.", "",
               "/proc/meminfo MemTotal"),
    definition("machine_swap_bytes", "bytes", "Swap space.", "", "/proc/meminfo SwapTotal"),
    definition("machine_dimm_count", "", "Memory modules. Only if the memory controller reports them.", "type",
               "/sys/devices/system/edac/mc"),
    definition("machine_dimm_capacity_bytes", "bytes",
               "Capacity of the memory modules. Only if the memory controller reports them.", "type",
               "/sys/devices/system/edac/mc"),
    definition("machine_block_device_info", "",
               "1 for each block device. lies_on names the devices directly below it. counted=\"false\": its bytes are "
               "also those of another device, so leave it out of sums.",
               "device,lies_on,counted", "/sys/class/block/*/slaves, holders"),
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text.append(text.empty() ? "" : ",").append(name);
  }
  return text;
}

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
  for (const BlockDevice& device : observation.host->block_devices) {
    const std::string lies_on = joined(device.lies_on);
    writer.put(kBlockDevice, {device.path, lies_on, device.is_counted() ? "true" : "false"}, 1);
  }
}

}  // namespace

extern const Collector machine_collector{"machine", "CPUs, memory, swap and block devices of the machine",
                                         true,      Scope::kMachine,
                                         kMetrics,  SourceKind::kHost,
                                         false,     collect};

}  // namespace tallyman
