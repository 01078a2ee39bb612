#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kCpuSome, kCpuFull, kMemorySome, kMemoryFull, kIoSome, kIoFull, kIrqFull };

constexpr MetricDefinition definition(std::string_view name, std::string_view help, std::string_view file) {
  return {name, MetricType::kCounter, "seconds", Scale::kMicroseconds, help, "", file, file};
}

constexpr MetricDefinition kMetrics[] = {
    definition("container_pressure_cpu_waiting_seconds_total", "Time that at least one task waited for a CPU.",
               "cpu.pressure some (v2 tree)"),
    definition("container_pressure_cpu_stalled_seconds_total", "Time that all tasks waited for a CPU.",
               "cpu.pressure full (v2 tree)"),
    definition("container_pressure_memory_waiting_seconds_total", "Time that at least one task waited for memory.",
               "memory.pressure some (v2 tree)"),
    definition("container_pressure_memory_stalled_seconds_total", "Time that all tasks waited for memory.",
               "memory.pressure full (v2 tree)"),
    definition("container_pressure_io_waiting_seconds_total", "Time that at least one task waited for I/O.",
               "io.pressure some (v2 tree)"),
    definition("container_pressure_io_stalled_seconds_total", "Time that all tasks waited for I/O.",
               "io.pressure full (v2 tree)"),
    definition("container_pressure_irq_stalled_seconds_total", "Time lost to interrupts while tasks could have run.",
               "irq.pressure full (v2 tree, Linux 6.1 with IRQ time accounting)"),
};

void collect(const Observation& observation, SeriesWriter& writer) {
  const CgroupStats& stats = observation.stats;
  writer.put(kCpuSome, stats.cpu_pressure.some_usec);
  writer.put(kCpuFull, stats.cpu_pressure.full_usec);
  writer.put(kMemorySome, stats.memory_pressure.some_usec);
  writer.put(kMemoryFull, stats.memory_pressure.full_usec);
  writer.put(kIoSome, stats.io_pressure.some_usec);
  writer.put(kIoFull, stats.io_pressure.full_usec);
  writer.put(kIrqFull, stats.irq_pressure.full_usec);
}

}  // namespace

extern const Collector pressure_collector{"pressure", "pressure stall information (PSI), on hybrid hosts too",
                                          true,       Scope::kWorkload,
                                          kMetrics,   CgroupStatsKind::kPressure,
                                          false,      collect};

}  // namespace tallyman
