// The same workload written down as v1, as hybrid and as v2: the same series
// with the same values, except what is listed here version by version.
#include "collectors/kernel/cgroup/file_stats_source.h"
#include "collectors/model/collector_table.h"
#include "collectors/sampling/sampler.h"
#include "tests/support/cgroup_trees.h"
#include "tests/support/observe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace tallyman {
namespace {

constexpr std::string_view kCgroup = "/docker/12f5";

std::uint64_t page_size() { return static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)); }

void write_v1(HostBuilder& host) {
  const auto put = [&](std::string_view controller, std::string_view file, std::string_view text) {
    host.file(v1_path(controller, kCgroup, file), text);
  };
  record_v1_container(host, kCgroup);
  put("cpuacct", "cpuacct.usage", "2500000000\n");
  put("cpuacct", "cpuacct.stat", "user 190\nsystem 60\n");
  put("cpu", "cpu.cfs_quota_us", "30000\n");
  put("cpu", "cpu.cfs_period_us", "100000\n");
  put("cpu", "cpu.shares", "1024\n");
  put("cpu", "cpu.stat", "nr_periods 38\nnr_throttled 35\nthrottled_time 2095329000\nnr_bursts 4\nburst_time 5000\n");
  put("memory", "memory.stat",
      "cache 1\nrss 1\npgfault 1000\npgmajfault 10\ntotal_cache 520192\ntotal_rss 61440\ntotal_shmem 4096\n"
      "total_mapped_file 188416\ntotal_dirty 8192\ntotal_writeback 12288\ntotal_workingset_refault_anon 3\n"
      "total_workingset_refault_file 127\ntotal_swap 16384\ntotal_pgfault 1359\ntotal_pgmajfault 11\n"
      "total_inactive_file 462848\ntotal_active_file 57344\n");
  put("memory", "memory.usage_in_bytes", "1290240\n");
  put("memory", "memory.max_usage_in_bytes", "5132288\n");
  put("memory", "memory.kmem.usage_in_bytes", "266240\n");
  put("memory", "memory.failcnt", "9\n");
  put("memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  put("memory", "memory.limit_in_bytes", "67108864\n");
  put("memory", "memory.memsw.limit_in_bytes", "100663296\n");
  put("memory", "memory.soft_limit_in_bytes", "9223372036854771712\n");
  put("memory", "memory.numa_stat",
      "total=3 N0=3\nfile=1 N0=1\nhierarchical_total=142 N0=140 N1=2\nhierarchical_file=127 N0=126 N1=1\n"
      "hierarchical_anon=15 N0=14 N1=1\n");
  put("blkio", "blkio.throttle.io_service_bytes_recursive",
      "254:0 Read 4096\n254:0 Write 67108864\n254:0 Discard 512\n254:0 Sync 4608\n254:0 Async 67108864\n"
      "254:0 Total 67113472\nTotal 67113472\n");
  put("blkio", "blkio.throttle.io_serviced_recursive", "254:0 Read 1\n254:0 Write 130\nTotal 131\n");
  put("pids", "pids.current", "7\n");
  put("pids", "pids.max", "max\n");
  put("cpuset", "cpuset.effective_cpus", "0-1,4\n");
}

void write_pressure(HostBuilder& host, const std::function<std::string(std::string_view)>& path) {
  const auto put = [&](std::string_view file, std::string_view some, std::string_view full) {
    std::string text = "some avg10=1.00 avg60=0.50 avg300=0.10 total=";
    text.append(some).append("\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=").append(full).append("\n");
    host.file(path(file), text);
  };
  put("cpu.pressure", "4429840", "4422240");
  put("memory.pressure", "30", "20");
  put("io.pressure", "289", "288");
  host.file(path("irq.pressure"), "full avg10=0.00 avg60=0.00 avg300=0.00 total=17\n");
}

void build_v1(HostBuilder& host) {
  mount_v1(host);
  write_v1(host);
}

void build_hybrid(HostBuilder& host) {
  mount_hybrid(host);
  record_hybrid_container(host, kCgroup);
  write_v1(host);
  write_pressure(host, [](std::string_view file) { return unified_path(kCgroup, file); });
  host.file(unified_path(kCgroup, "hugetlb.2MB.current"), "4194304\n");
  host.file(unified_path(kCgroup, "hugetlb.2MB.events"), "max 6\n");
}

void build_v2(HostBuilder& host) {
  mount_v2(host);
  record_v2_container(host, kCgroup);
  const auto put = [&](std::string_view file, std::string_view text) { host.file(v2_path(kCgroup, file), text); };
  put("cpu.stat",
      "usage_usec 2500000\nuser_usec 1900000\nsystem_usec 600000\nnr_periods 38\nnr_throttled 35\n"
      "throttled_usec 2095329\nnr_bursts 4\nburst_usec 5\n");
  put("cpu.max", "30000 100000\n");
  put("cpu.weight", "100\n");
  put("memory.stat",
      "anon 61440\nfile 520192\nkernel 266240\nsock 4\nshmem 4096\nfile_mapped 188416\nfile_dirty 8192\n"
      "file_writeback 12288\ninactive_file 462848\nactive_file 57344\nslab_reclaimable 5\nslab_unreclaimable 6\n"
      "workingset_refault_anon 3\nworkingset_refault_file 127\npgscan 7\npgsteal 8\npgfault 1359\npgmajfault 11\n");
  put("memory.current", "1290240\n");
  put("memory.peak", "5132288\n");
  put("memory.swap.current", "16384\n");
  put("memory.events", "low 0\nhigh 1\nmax 9\noom 2\noom_kill 2\n");
  put("memory.max", "67108864\n");
  put("memory.swap.max", "33554432\n");
  put("memory.low", "0\n");
  const std::string page = std::to_string(page_size());
  put("memory.numa_stat", "anon N0=" + std::to_string(14 * page_size()) + " N1=" + page +
                              "\nfile N0=" + std::to_string(126 * page_size()) + " N1=" + page + "\n");
  put("io.stat", "254:0 rbytes=4096 wbytes=67108864 rios=1 wios=130 dbytes=512 dios=1\n");
  put("pids.current", "7\n");
  put("pids.max", "max\n");
  put("cpuset.cpus.effective", "0-1,4\n");
  put("hugetlb.2MB.current", "4194304\n");
  put("hugetlb.2MB.events", "max 6\n");
  write_pressure(host, [](std::string_view file) { return v2_path(kCgroup, file); });
}

const SeriesValues& on_all() {
  static const SeriesValues kSeries{
      {"container_last_seen", 1'700'000'000'000'000'000},
      {"container_cpu_usage_seconds_total{cpu=\"total\"}", 2'500'000'000},
      {"container_cpu_user_seconds_total", 1'900'000'000},
      {"container_cpu_system_seconds_total", 600'000'000},
      {"container_cpu_cfs_periods_total", 38},
      {"container_cpu_cfs_throttled_periods_total", 35},
      {"container_cpu_cfs_throttled_seconds_total", 2'095'329'000},
      {"container_cpu_cfs_burst_periods_total", 4},
      {"container_cpu_cfs_burst_seconds_total", 5'000},
      {"container_memory_usage_bytes", 1'290'240},
      {"container_memory_working_set_bytes", 1'290'240 - 462'848},
      {"container_memory_rss", 61'440},
      {"container_memory_cache", 520'192},
      {"container_memory_swap", 16'384},
      {"container_memory_max_usage_bytes", 5'132'288},
      {"container_memory_mapped_file", 188'416},
      {"container_memory_kernel_usage", 266'240},
      {"container_memory_failcnt", 9},
      {"container_memory_events_max_total", 9},
      {"container_memory_total_active_file_bytes", 57'344},
      {"container_memory_total_inactive_file_bytes", 462'848},
      {"container_memory_failures_total{failure_type=\"pgfault\",scope=\"hierarchy\"}", 1'359},
      {"container_memory_failures_total{failure_type=\"pgmajfault\",scope=\"hierarchy\"}", 11},
      {"container_memory_file_dirty_bytes", 8'192},
      {"container_memory_file_writeback_bytes", 12'288},
      {"container_memory_workingset_refault_file_total", 127},
      {"container_memory_workingset_refault_anon_total", 3},
      {"container_memory_shmem_bytes", 4'096},
      {"container_fs_reads_bytes_total{device=\"/dev/vda\"}", 4'096},
      {"container_fs_reads_total{device=\"/dev/vda\"}", 1},
      {"container_fs_writes_bytes_total{device=\"/dev/vda\"}", 67'108'864},
      {"container_fs_writes_total{device=\"/dev/vda\"}", 130},
      {R"(container_blkio_device_usage_total{device="/dev/vda",major="254",minor="0",operation="Read"})", 4'096},
      {R"(container_blkio_device_usage_total{device="/dev/vda",major="254",minor="0",operation="Write"})", 67'108'864},
      {R"(container_blkio_device_usage_total{device="/dev/vda",major="254",minor="0",operation="Discard"})", 512},
      {"container_threads", 7},
      {"container_threads_max", 0},
      {"container_spec_cpu_period", 100'000},
      {"container_spec_cpu_quota", 30'000},
      {"container_spec_cpu_shares", 1'024},
      {"container_spec_memory_limit_bytes", 67'108'864},
      {"container_spec_memory_swap_limit_bytes", 33'554'432},
      {"container_spec_memory_reservation_limit_bytes", 0},
      {"container_cpuset_effective_cpus", 3},
      {R"(container_memory_numa_pages{type="anon",scope="hierarchy",node="0"})", 14},
      {R"(container_memory_numa_pages{type="anon",scope="hierarchy",node="1"})", 1},
      {R"(container_memory_numa_pages{type="file",scope="hierarchy",node="0"})", 126},
      {R"(container_memory_numa_pages{type="file",scope="hierarchy",node="1"})", 1},
      {"container_oom_events_total", 2},
  };
  return kSeries;
}

// Plain v1 has neither the unified tree's pressure nor (here) a hugetlb hierarchy.
const SeriesValues kWithUnifiedTree{
    {"container_pressure_cpu_waiting_seconds_total", 4'429'840},
    {"container_pressure_cpu_stalled_seconds_total", 4'422'240},
    {"container_pressure_memory_waiting_seconds_total", 30},
    {"container_pressure_memory_stalled_seconds_total", 20},
    {"container_pressure_io_waiting_seconds_total", 289},
    {"container_pressure_io_stalled_seconds_total", 288},
    {"container_pressure_irq_stalled_seconds_total", 17},
    {"container_hugetlb_usage_bytes{pagesize=\"2MB\"}", 4'194'304},
    {"container_hugetlb_failcnt{pagesize=\"2MB\"}", 6},
};

// v1 separates the cgroup from its descendants, and synchronous from asynchronous I/O.
const SeriesValues kOnV1Alone{
    {"container_memory_failures_total{failure_type=\"pgfault\",scope=\"container\"}", 1'000},
    {"container_memory_failures_total{failure_type=\"pgmajfault\",scope=\"container\"}", 10},
    {R"(container_memory_numa_pages{type="file",scope="container",node="0"})", 1},
    {R"(container_blkio_device_usage_total{device="/dev/vda",major="254",minor="0",operation="Sync"})", 4'608},
    {R"(container_blkio_device_usage_total{device="/dev/vda",major="254",minor="0",operation="Async"})", 67'108'864},
    {R"(container_blkio_device_usage_total{device="/dev/vda",major="254",minor="0",operation="Total"})", 67'113'472},
    {"container_memory_migrate", 0},
};

// v2 has one figure for both scopes, and counts reclaim by cgroup.
const SeriesValues kOnV2Alone{
    {"container_memory_failures_total{failure_type=\"pgfault\",scope=\"container\"}", 1'359},
    {"container_memory_failures_total{failure_type=\"pgmajfault\",scope=\"container\"}", 11},
    {"container_memory_events_high_total", 1},
    {"container_memory_pgscan_total", 7},
    {"container_memory_pgsteal_total", 8},
    {"container_memory_sock_bytes", 4},
    {"container_memory_slab_reclaimable_bytes", 5},
    {"container_memory_slab_unreclaimable_bytes", 6},
};

struct Version {
  std::string name;
  void (*build)(HostBuilder&);
  std::vector<SeriesValues> also;  // besides on_all()
};

void PrintTo(const Version& version, std::ostream* out) { *out << version.name; }

class SameWorkload : public ::testing::TestWithParam<Version> {};

TEST_P(SameWorkload, GivesTheSameSeriesWithTheSameValues) {
  HostBuilder host;
  host.file("sys/dev/block/254:0/uevent", "MAJOR=254\nMINOR=0\nDEVNAME=vda\n");
  host.dir("sys/kernel/mm/hugepages/hugepages-2048kB");
  GetParam().build(host);
  SamplerOptions options;
  options.collectors.assign(all_collectors().begin(), all_collectors().end());
  SampledSourcesOptions sources;
  sources.needs = needs_of(options.collectors);
  Sampler sampler(options, host.root(), make_sampled_sources(host.root(), source_on(host), std::move(sources)),
                  LabelPolicy::make({}).value());
  auto workload = std::make_shared<Workload>();
  workload->id = kCgroup;
  const auto workloads = std::make_shared<const WorkloadList>(WorkloadList{workload});
  const std::chrono::system_clock::time_point wall{std::chrono::seconds(1'700'000'000)};
  const SnapshotPtr snapshot = sampler.sample(workloads, {wall, std::chrono::steady_clock::time_point{}});
  for (const CollectorStatistics& one : sampler.statistics().collectors) {
    EXPECT_EQ(one.malformed + one.denied + one.io, 0U) << one.collector << ": " << one.last_fault;
  }

  SeriesValues expected = on_all();
  for (const SeriesValues& more : GetParam().also) {
    expected.insert(more.begin(), more.end());
  }
  const SeriesValues found = series_of(*snapshot, kCgroup);
  EXPECT_THAT(found, ::testing::ContainerEq(expected));
}

INSTANTIATE_TEST_SUITE_P(Versions, SameWorkload,
                         ::testing::Values(Version{"V1", build_v1, {kOnV1Alone}},
                                           Version{"Hybrid", build_hybrid, {kOnV1Alone, kWithUnifiedTree}},
                                           Version{"V2", build_v2, {kOnV2Alone, kWithUnifiedTree}}),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace tallyman
