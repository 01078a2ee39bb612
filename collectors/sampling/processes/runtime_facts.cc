#include "collectors/sampling/processes/runtime_facts.h"

namespace tallyman {

void RuntimeFacts::recognise(OfProcess& process, ProcessFiles::Pid pid, const std::string& executable,
                             std::span<const CgroupMembership> cgroups) const {
  process.process_.reset();
  if (is_runtime_program(executable)) {
    const auto command = files_.command_line(pid);
    for (const CgroupMembership& membership : cgroups) {
      process.process_ = recognise_runtime_process(executable, command ? *command : std::string(), membership.path);
      if (process.process_) {
        break;
      }
    }
  }
  find_served(process);
}

void RuntimeFacts::find_served(OfProcess& process) const {
  process.served_ = process.process_ && !process.inside_container_ ? accounts_.served_by(*process.process_) : nullptr;
}

void RuntimeFacts::confirm(OfProcess& process, ProcessAccount* home) {
  if (process.inside_container_ || process.process_->serves != RuntimeProcess::Serves::kContainer) {
    return;
  }
  for (ProcessAccount* account = home; account != nullptr; account = account->parent) {
    const Workload& workload = *account->workload;
    if (workload.kind == WorkloadKind::kContainer && workload.container_id == process.process_->of) {
      process.served_ = account;
      return;
    }
  }
}

void RuntimeFacts::book(OfProcess& process, std::uint64_t cpu_nsec) {
  if (process.served_ != nullptr) {
    process.served_->runtime[process.process_->component].cpu_nsec += cpu_nsec - process.booked_cpu_nsec_;
    process.booked_cpu_nsec_ = cpu_nsec;
  }
}

void RuntimeFacts::count(const OfProcess& process, std::uint64_t resident_bytes) {
  if (process.served_ != nullptr) {
    ProcessAccount::RuntimeSum& sum = process.served_->runtime[process.process_->component];
    ++sum.processes;
    sum.rss_bytes += resident_bytes;
  }
}

}  // namespace tallyman
