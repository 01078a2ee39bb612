#include "collectors/sampling/processes/first_processes.h"

#include "collectors/kernel/formats/proc_text.h"
#include "collectors/kernel/system/kernel_file.h"
#include "collectors/sampling/processes/proc_table.h"

#include <memory>
#include <utility>

namespace tallyman {

void FirstProcesses::read(CurrentScan& scan) {
  if (scan.slow) {
    read_boot_time();
  }
  accounts_.for_each([&](ProcessAccount& account) {
    read_limit(account, scan.slow);
    follow_init(account);
    if (account.workload->kind == WorkloadKind::kProcess) {
      follow_start(account);
    }
  });
  if (scan.slow) {
    read_namespaces(scan);
  }
}

void FirstProcesses::read_boot_time() {
  ReadBuffer buffer;
  if (const auto text = read_file(root_.proc_path("stat"), buffer)) {
    boot_nsec_ = formats::parse_boot_time(*text).value_or(0) * 1'000'000'000;
  }
}

void FirstProcesses::read_limit(ProcessAccount& account, bool again) {
  const ProcessFiles::Pid first = account.now.first_pid;
  if (first == 0 || first == kKernelThreads) {
    account.open_files_limit.reset();
  } else if (again || account.limit_pid != first) {
    account.limit_pid = first;
    const auto limit = files_.open_files_limit(first);
    account.open_files_limit = limit ? *limit : Count();
  }
}

// While a container starts, its runtime's helpers are in its cgroup too, and leave it. Once it
// is known it stays: whatever is the oldest after its end is another process.
void FirstProcesses::follow_init(ProcessAccount& account) {
  const ProcessFiles::Pid oldest = account.now.first_pid;
  if (account.init_pid == 0 && oldest == account.oldest_pid) {
    account.init_pid = oldest;
  }
  account.oldest_pid = oldest;
}

void FirstProcesses::follow_start(ProcessAccount& group) const {
  if (group.now.first_pid == 0 || boot_nsec_ == 0) {
    return;
  }
  const std::uint64_t began = boot_nsec_ + group.now.first_start_ticks * kNsecPerTick;
  const std::uint64_t known = group.workload->cgroup_created_nsec.value_or(0);
  constexpr std::uint64_t kClockSteps = 2'000'000'000;  // the boot time moves with the clock's corrections
  if (began > known + kClockSteps || known > began + kClockSteps) {
    auto workload = std::make_shared<Workload>(*group.workload);
    workload->cgroup_created_nsec = began;
    group.workload = std::move(workload);
  }
}

void FirstProcesses::read_namespaces(CurrentScan& scan) {
  using Pid = ProcessFiles::Pid;
  host_namespaces_ = {};
  // Init may not be readable; the kernel's own threads are in the first namespaces too.
  const ScannedProcess* kernel = table_.find(kKernelThreads);
  const bool has_kernel = kernel != nullptr && kernel->stat.is_kernel_thread();
  for (const Pid pid : {Pid(1), kKernelThreads}) {
    if (pid == 1 || has_kernel) {
      if (const auto ids = files_.namespaces(pid)) {
        host_namespaces_ = *ids;
        break;
      }
    }
  }
  accounts_.for_each([&](ProcessAccount& account) {
    account.namespaces = {};
    const Pid pid = account.holds_processes ? account.now.first_pid : account.now.own_pid;
    if (pid == 0) {
      return;
    }
    if (const auto ids = files_.namespaces(pid)) {
      account.namespaces = *ids;
    } else {
      scan.note(ids.error());
    }
  });
}

}  // namespace tallyman
