// The part of the scan that books the usage of container runtimes on the containers they serve.
#include "collectors/sampling/processes/process_scan_state.h"

namespace tallyman {

// Called again while it is unknown: LXC's monitor is recognised by the cgroup that it moves to.
void ProcessScan::recognise_runtime(Process& process) {
  process.runtime.reset();
  if (is_runtime_program(process.executable)) {
    const auto command = files_.command_line(process.stat.pid);
    for (const CgroupMembership& membership : process.cgroups) {
      process.runtime =
          recognise_runtime_process(process.executable, command ? *command : std::string(), membership.path);
      if (process.runtime) {
        break;
      }
    }
  }
  process.served = process.runtime ? accounts_.served_by(*process.runtime) : nullptr;
}

// The usage before its container was known is included.
void ProcessScan::book_served(Process& process) {
  if (process.served != nullptr) {
    const std::uint64_t now = process.totals[Tally::kCpu];
    process.served->runtime[process.runtime->component].cpu_nsec += now - process.served_cpu_nsec;
    process.served_cpu_nsec = now;
  }
}

void ProcessScan::add_to_served(const Process& process) {
  if (process.served != nullptr && !process.stat.is_dead()) {
    ProcessAccount::Executable& sum = process.served->runtime[process.runtime->component];
    ++sum.processes;
    sum.rss_bytes += process.resident_bytes;
  }
}

}  // namespace tallyman
