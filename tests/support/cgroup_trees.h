// Cgroup trees for a HostBuilder, with text as real kernels wrote it.
#pragma once

#include "collectors/kernel/cgroup/stats_source.h"
#include "tests/support/host_builder.h"

#include <memory>
#include <string>
#include <string_view>

namespace tallyman {

// Mounts as the kernel lists them, and the root cgroup's cgroup.procs. v1: each
// of cpu, cpuacct, memory, blkio, pids, cpuset by itself; hybrid: also the
// unified tree, which has hugetlb.
void mount_v1(HostBuilder& host);
void mount_hybrid(HostBuilder& host);
void mount_v2(HostBuilder& host);

// Below sys/fs/cgroup: v1_path("memory", "/docker/x", "memory.stat").
std::string v1_path(std::string_view controller, std::string_view cgroup, std::string_view file = {});
std::string v2_path(std::string_view cgroup, std::string_view file = {});
std::string unified_path(std::string_view cgroup, std::string_view file = {});

// A busybox container with a CPU quota and a memory limit, recorded on Linux
// 6.18 (hybrid) and 6.12 (v2).
void record_v1_container(HostBuilder& host, std::string_view cgroup);
void record_hybrid_container(HostBuilder& host, std::string_view cgroup);
void record_v2_container(HostBuilder& host, std::string_view cgroup);
// Removes the cgroup from all v1 hierarchies (and from the unified tree, if there is one), or from v2.
void remove_v1_cgroup(HostBuilder& host, std::string_view cgroup);

// A source on this host; throws if it has no cgroups.
std::unique_ptr<StatsSource> source_on(const HostBuilder& host, std::size_t files_kept_open = 10'000);
// One pass over all kinds, the reports in one.
ReadReport pass(StatsSource& source, bool slow);

}  // namespace tallyman
