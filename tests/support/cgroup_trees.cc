#include "tests/support/cgroup_trees.h"

#include "collectors/kernel/cgroup/file_stats_source.h"

#include <filesystem>

namespace tallyman {
namespace {

constexpr std::string_view kV1Controllers[] = {"cpu", "cpuacct", "memory", "blkio", "pids", "cpuset"};

std::string joined(std::string base, std::string_view cgroup, std::string_view file) {
  if (cgroup != "/") {
    base += cgroup;
  }
  return file.empty() ? base : base.append("/").append(file);
}

std::string mount_row(std::string_view directory, std::string_view type, std::string_view controller) {
  std::string row = "31 23 0:27 / ";
  row.append(directory).append(" rw,nosuid,nodev,noexec,relatime shared:8 - ").append(type);
  row.append(" ").append(type).append(" rw");
  return controller.empty() ? row + "\n" : row.append(",").append(controller).append("\n");
}

std::string v1_rows(HostBuilder& host) {
  std::string rows;
  for (const std::string_view controller : kV1Controllers) {
    host.file(v1_path(controller, "/", "cgroup.procs"), "1\n");
    rows += mount_row("/sys/fs/cgroup/" + std::string(controller), "cgroup", controller);
  }
  return rows;
}

constexpr std::string_view kV1MemoryStat =
    "cache 520192\nrss 61440\nrss_huge 0\nshmem 0\nmapped_file 188416\ndirty 0\nwriteback 0\n"
    "workingset_refault_anon 0\nworkingset_refault_file 127\nswap 0\nswapcached 0\npgpgin 1169\npgpgout 1027\n"
    "pgfault 1359\npgmajfault 1\ninactive_anon 57344\nactive_anon 4096\ninactive_file 462848\nactive_file 57344\n"
    "unevictable 0\nhierarchical_memory_limit 67108864\nhierarchical_memsw_limit 134217728\ntotal_cache 520192\n"
    "total_rss 61440\ntotal_rss_huge 0\ntotal_shmem 0\ntotal_mapped_file 188416\ntotal_dirty 0\n"
    "total_writeback 0\ntotal_workingset_refault_anon 0\ntotal_workingset_refault_file 127\ntotal_swap 0\n"
    "total_swapcached 0\ntotal_pgpgin 1169\ntotal_pgpgout 1027\ntotal_pgfault 1359\ntotal_pgmajfault 1\n"
    "total_inactive_anon 57344\ntotal_active_anon 4096\ntotal_inactive_file 462848\ntotal_active_file 57344\n"
    "total_unevictable 0\n";

constexpr std::string_view kV2MemoryStat =
    "anon 57344\nfile 0\nkernel 57344\nkernel_stack 0\npagetables 40960\nsec_pagetables 0\npercpu 48\nsock 0\n"
    "vmalloc 0\nshmem 0\nfile_mapped 0\nfile_dirty 0\nfile_writeback 0\nswapcached 0\nanon_thp 0\nfile_thp 0\n"
    "shmem_thp 0\ninactive_anon 0\nactive_anon 57344\ninactive_file 0\nactive_file 0\nunevictable 0\n"
    "slab_reclaimable 1824\nslab_unreclaimable 4968\nslab 6792\nworkingset_refault_anon 0\n"
    "workingset_refault_file 0\nworkingset_activate_anon 0\nworkingset_activate_file 0\n"
    "workingset_restore_anon 0\nworkingset_restore_file 0\nworkingset_nodereclaim 0\npgdemote_kswapd 0\n"
    "pgdemote_direct 0\npgdemote_khugepaged 0\npgpromote_success 0\npgscan 0\npgsteal 0\npgscan_kswapd 0\n"
    "pgscan_direct 0\npgscan_khugepaged 0\npgsteal_kswapd 0\npgsteal_direct 0\npgsteal_khugepaged 0\npgfault 44\n"
    "pgmajfault 0\npgrefill 0\npgactivate 0\npgdeactivate 0\npglazyfree 0\npglazyfreed 0\nswpin_zero 0\n"
    "swpout_zero 0\nthp_fault_alloc 0\nthp_collapse_alloc 0\nthp_swpout 0\nthp_swpout_fallback 0\n"
    "numa_pages_migrated 0\nnuma_pte_updates 0\nnuma_hint_faults 0\n";

constexpr std::string_view kQuiet =
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";

}  // namespace

std::string v1_path(std::string_view controller, std::string_view cgroup, std::string_view file) {
  return joined("sys/fs/cgroup/" + std::string(controller), cgroup, file);
}

std::string v2_path(std::string_view cgroup, std::string_view file) { return joined("sys/fs/cgroup", cgroup, file); }

std::string unified_path(std::string_view cgroup, std::string_view file) { return v1_path("unified", cgroup, file); }

void mount_v1(HostBuilder& host) { host.file("proc/1/mountinfo", v1_rows(host)); }

void mount_hybrid(HostBuilder& host) {
  host.file(unified_path("/", "cgroup.controllers"), "hugetlb\n").file(unified_path("/", "cgroup.procs"), "1\n");
  host.file("proc/1/mountinfo", v1_rows(host) + mount_row("/sys/fs/cgroup/unified", "cgroup2", ""));
}

void mount_v2(HostBuilder& host) {
  host.file(v2_path("/", "cgroup.controllers"), "cpuset cpu io memory hugetlb pids rdma misc\n");
  host.file(v2_path("/", "cgroup.procs"), "1\n");
  host.file("proc/1/mountinfo", mount_row("/sys/fs/cgroup", "cgroup2", ""));
}

void record_v1_container(HostBuilder& host, std::string_view cgroup) {
  for (const std::string_view controller : kV1Controllers) {
    host.file(v1_path(controller, cgroup, "cgroup.procs"), "9838\n");
  }
  const auto put = [&](std::string_view controller, std::string_view file, std::string_view text) {
    host.file(v1_path(controller, cgroup, file), text);
  };
  put("cpuacct", "cpuacct.usage", "1331340699\n");
  put("cpuacct", "cpuacct.stat", "user 127\nsystem 4\n");
  put("cpuacct", "cpuacct.usage_percpu", "1217989539 94229350 \n");
  put("cpu", "cpu.stat", "nr_periods 38\nnr_throttled 35\nthrottled_time 2095329639\nnr_bursts 0\nburst_time 0\n");
  put("cpu", "cpu.shares", "1024\n");
  put("cpu", "cpu.cfs_quota_us", "30000\n");
  put("cpu", "cpu.cfs_period_us", "100000\n");
  put("memory", "memory.stat", kV1MemoryStat);
  put("memory", "memory.usage_in_bytes", "1290240\n");
  put("memory", "memory.max_usage_in_bytes", "5132288\n");
  put("memory", "memory.failcnt", "0\n");
  put("memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
  put("memory", "memory.kmem.usage_in_bytes", "266240\n");
  put("memory", "memory.limit_in_bytes", "67108864\n");
  put("memory", "memory.memsw.limit_in_bytes", "134217728\n");
  put("memory", "memory.soft_limit_in_bytes", "9223372036854771712\n");
  put("memory", "memory.numa_stat",
      "total=142 N0=142\nfile=127 N0=127\nanon=15 N0=15\nunevictable=0 N0=0\nhierarchical_total=142 N0=142\n"
      "hierarchical_file=127 N0=127\nhierarchical_anon=15 N0=15\nhierarchical_unevictable=0 N0=0\n");
  put("blkio", "blkio.throttle.io_service_bytes_recursive", "Total 0\n");
  put("blkio", "blkio.throttle.io_serviced_recursive", "Total 0\n");
  put("pids", "pids.current", "1\n");
  put("pids", "pids.max", "50\n");
  put("cpuset", "cpuset.effective_cpus", "0-1\n");
  put("cpuset", "cpuset.memory_migrate", "0\n");
}

void record_hybrid_container(HostBuilder& host, std::string_view cgroup) {
  record_v1_container(host, cgroup);
  const auto put = [&](std::string_view file, std::string_view text) { host.file(unified_path(cgroup, file), text); };
  put("cgroup.procs", "9838\n");
  put("cgroup.events", "populated 1\nfrozen 0\n");
  put("cpu.stat", "usage_usec 2337284\nuser_usec 2284327\nsystem_usec 52956\nnice_usec 0\n");
  put("cpu.pressure",
      "some avg10=22.52 avg60=4.82 avg300=1.03 total=4429840\n"
      "full avg10=22.40 avg60=4.79 avg300=1.03 total=4422240\n");
  put("io.pressure",
      "some avg10=0.00 avg60=0.00 avg300=0.00 total=289\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=289\n");
  put("memory.pressure", kQuiet);
}

void record_v2_container(HostBuilder& host, std::string_view cgroup) {
  const auto put = [&](std::string_view file, std::string_view text) { host.file(v2_path(cgroup, file), text); };
  put("cgroup.procs", "155\n");
  put("cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
  put("cgroup.events", "populated 1\nfrozen 0\n");
  put("cpu.stat",
      "usage_usec 2038282\nuser_usec 2007502\nsystem_usec 30779\nnice_usec 0\nnr_periods 101\nnr_throttled 101\n"
      "throttled_usec 6170797\nnr_bursts 0\nburst_usec 0\n");
  put("cpu.max", "20000 100000\n");
  put("cpu.weight", "100\n");
  put("memory.stat", kV2MemoryStat);
  put("memory.current", "114688\n");
  put("memory.peak", "311296\n");
  put("memory.swap.current", "0\n");
  put("memory.swap.max", "max\n");
  put("memory.max", "67108864\n");
  put("memory.high", "max\n");
  put("memory.low", "0\n");
  put("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n");
  put("memory.numa_stat", "anon N0=57344\nfile N0=0\nkernel_stack N0=0\npagetables N0=40960\nunevictable N0=0\n");
  put("io.stat", "");
  put("pids.current", "1\n");
  put("pids.max", "50\n");
  put("cpuset.cpus.effective", "0\n");
  put("cpu.pressure",
      "some avg10=49.80 avg60=12.04 avg300=2.65 total=8234251\n"
      "full avg10=49.80 avg60=12.04 avg300=2.65 total=8234251\n");
  put("memory.pressure", kQuiet);
  put("io.pressure", kQuiet);
  put("hugetlb.2MB.current", "0\n");
  put("hugetlb.2MB.events", "max 0\n");
}

void remove_v1_cgroup(HostBuilder& host, std::string_view cgroup) {
  for (const std::string_view controller : kV1Controllers) {
    host.remove(v1_path(controller, cgroup));
  }
  if (std::filesystem::exists(host.path(unified_path(cgroup)))) {
    host.remove(unified_path(cgroup));
  }
}

std::unique_ptr<StatsSource> source_on(const HostBuilder& host, std::size_t files_kept_open) {
  return make_file_stats_source(host.root(), CgroupMounts::detect(host.root()).value(), files_kept_open);
}

ReadReport pass(StatsSource& source, bool slow) {
  constexpr CgroupStatsKind kOrder[] = {
      CgroupStatsKind::kLimits, CgroupStatsKind::kCpuset,    CgroupStatsKind::kHugetlb, CgroupStatsKind::kNuma,
      CgroupStatsKind::kCpu,    CgroupStatsKind::kCpuPerCpu, CgroupStatsKind::kMemory,  CgroupStatsKind::kMemoryEvents,
      CgroupStatsKind::kIo,     CgroupStatsKind::kPressure,  CgroupStatsKind::kPids};
  ReadReport all;
  source.begin_pass(slow);
  for (const CgroupStatsKind kind : kOrder) {
    const ReadReport one = source.read(kind);
    all.denied += one.denied;
    all.malformed += one.malformed;
    all.io += one.io;
    if (all.first_fault.empty()) {
      all.first_fault = one.first_fault;
    }
  }
  source.end_pass();
  return all;
}

}  // namespace tallyman
