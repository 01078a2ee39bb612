// What container runtimes use for the containers that they serve: the processes of a
// runtime (shims, proxies, monitors, daemons) are recognised, and booked and counted on the
// workloads that they serve. One thread owns it.
#pragma once

#include "collectors/kernel/process/process_files.h"
#include "collectors/sampling/processes/process_account.h"
#include "collectors/sampling/processes/runtime_process.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace tallyman {

class RuntimeFacts {
 public:
  class OfProcess {
   public:
    bool is_of_runtime() const { return process_.has_value(); }
    // Where it runs: what is inside a container serves nobody outside of it.
    void follow(const ProcessAccount* home) { inside_container_ = home != nullptr && home->inside_container; }

   private:
    friend class RuntimeFacts;
    std::optional<RuntimeProcess> process_;  // if it belongs to a container runtime
    ProcessAccount* served_ = nullptr;       // the workload it runs for; null while unknown
    bool inside_container_ = false;
    std::uint64_t booked_cpu_nsec_ = 0;  // the part of its CPU time booked there
  };

  // Both outlive it.
  RuntimeFacts(ProcessFiles& files, const ProcessAccounts& accounts) : files_(files), accounts_(accounts) {}

  // Call it again while the process is unknown: LXC's monitor is recognised by the cgroup
  // that it moves to.
  void recognise(OfProcess& process, ProcessFiles::Pid pid, const std::string& executable,
                 std::span<const CgroupMembership> cgroups) const;
  // Looks the served workload up again, after the workloads have changed.
  void find_served(OfProcess& process) const;

  // A child of the process is in `home`: the container's, or one below it. Only a container's own shim is the parent
  // of its processes, whatever another process says.
  static void confirm(OfProcess& process, ProcessAccount* home);

  // `cpu_nsec` is the total: what the process used before its workload was known is included.
  static void book(OfProcess& process, std::uint64_t cpu_nsec);
  // As one of the processes that run now.
  static void count(const OfProcess& process, std::uint64_t resident_bytes);

 private:
  ProcessFiles& files_;
  const ProcessAccounts& accounts_;
};

}  // namespace tallyman
