#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/catalogue.h"
#include "collectors/model/process_facts.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {
namespace {

IoDeviceStats row(std::uint32_t major, std::uint32_t minor, std::string device) {
  IoDeviceStats one;
  one.major = major;
  one.minor = minor;
  one.device = std::move(device);
  return one;
}

TEST(IoCollector, WhereTheKernelCountsNothingTheProcessesDo) {
  ProcessFacts facts;
  facts.read_bytes = 4'096;
  facts.written_bytes = 0;
  ObservationContext context;
  context.processes = &facts;
  EXPECT_EQ(observe("io", {}, context), (SeriesValues{{"container_fs_reads_bytes_total{device=\"all\"}", 4'096},
                                                      {"container_fs_writes_bytes_total{device=\"all\"}", 0}}));
  CgroupStats counted;
  counted.io.emplace_back(row(254, 0, "/dev/vda")).rbytes = 7;
  EXPECT_EQ(observe("io", counted, context).count("container_fs_reads_bytes_total{device=\"all\"}"), 0U);
}

TEST(IoCollector, GivesTheRowOfADeviceOnV2) {
  CgroupStats stats;
  IoDeviceStats& vda = stats.io.emplace_back(row(254, 0, "/dev/vda"));
  vda.rbytes = 4'096;
  vda.wbytes = 67'108'864;
  vda.dbytes = 0;
  vda.rios = 1;
  vda.wios = 130;
  vda.dios = 0;
  EXPECT_EQ(
      observe("io", stats),
      (SeriesValues{
          {"container_fs_reads_bytes_total{device=\"/dev/vda\"}", 4'096},
          {"container_fs_reads_total{device=\"/dev/vda\"}", 1},
          {"container_fs_writes_bytes_total{device=\"/dev/vda\"}", 67'108'864},
          {"container_fs_writes_total{device=\"/dev/vda\"}", 130},
          {R"(container_blkio_device_usage_total{device="/dev/vda",major="254",minor="0",operation="Read"})", 4'096},
          {R"(container_blkio_device_usage_total{device="/dev/vda",major="254",minor="0",operation="Write"})",
           67'108'864},
          {R"(container_blkio_device_usage_total{device="/dev/vda",major="254",minor="0",operation="Discard"})", 0},
      }));
}

TEST(IoCollector, GivesTheOperationsThatOnlyV1Reports) {
  CgroupStats stats;
  IoDeviceStats& dm = stats.io.emplace_back(row(253, 12, "/dev/dm-12"));
  dm.sync_bytes = 1;
  dm.async_bytes = 2;
  dm.total_bytes = 3;
  EXPECT_EQ(
      observe("io", stats),
      (SeriesValues{
          {R"(container_blkio_device_usage_total{device="/dev/dm-12",major="253",minor="12",operation="Sync"})", 1},
          {R"(container_blkio_device_usage_total{device="/dev/dm-12",major="253",minor="12",operation="Async"})", 2},
          {R"(container_blkio_device_usage_total{device="/dev/dm-12",major="253",minor="12",operation="Total"})", 3},
      }));
}

TEST(IoCollector, GivesTheCostControllersTimesInMicroseconds) {
  CgroupStats stats;
  IoDeviceStats& vda = stats.io.emplace_back(row(254, 0, "/dev/vda"));
  vda.cost_usage_usec = 1;
  vda.cost_wait_usec = 2;
  vda.cost_indebt_usec = 3;
  vda.cost_indelay_usec = 4;
  EXPECT_EQ(observe("io", stats), (SeriesValues{
                                      {"container_fs_io_cost_usage_seconds_total{device=\"/dev/vda\"}", 1},
                                      {"container_fs_io_cost_wait_seconds_total{device=\"/dev/vda\"}", 2},
                                      {"container_fs_io_cost_indebt_seconds_total{device=\"/dev/vda\"}", 3},
                                      {"container_fs_io_cost_indelay_seconds_total{device=\"/dev/vda\"}", 4},
                                  }));
  const auto metrics = collector_named("io").metrics;
  const auto cost = std::find_if(metrics.begin(), metrics.end(), [](const MetricDefinition& metric) {
    return metric.name == "container_fs_io_cost_wait_seconds_total";
  });
  ASSERT_NE(cost, metrics.end());
  EXPECT_EQ(cost->scale, Scale::kMicroseconds);
}

TEST(IoCollector, LeavesOutADeviceThatNobodyCanName) {
  CgroupStats stats;
  stats.io.push_back(row(7, 3, ""));
  stats.io.back().rbytes = 512;
  stats.io.push_back(row(254, 0, "/dev/vda"));
  stats.io.back().rios = 9;
  EXPECT_EQ(observe("io", stats), (SeriesValues{{"container_fs_reads_total{device=\"/dev/vda\"}", 9}}));
}

TEST(IoCollector, GivesTheHostTheFiguresOfItsDisksAlone) {
  HostStats host;
  DiskStats& vda = host.disks.emplace_back();
  vda.device = "vda";
  vda.reads = 1;
  vda.reads_merged = 2;
  vda.sectors_read = 3;
  vda.read_msec = 4;
  vda.writes = 5;
  vda.writes_merged = 6;
  vda.sectors_written = 7;
  vda.write_msec = 8;
  vda.in_flight = 9;
  vda.io_msec = 10;
  vda.weighted_io_msec = 11;
  CgroupStats root;  // v2's root repeats the disks' values: they are not reported twice
  root.io.push_back(row(254, 0, "/dev/vda"));
  root.io.back().rbytes = 99;
  ObservationContext context;
  context.host = &host;
  EXPECT_EQ(observe("io", root, context), (SeriesValues{
                                              {"container_fs_reads_bytes_total{device=\"/dev/vda\"}", 3 * 512},
                                              {"container_fs_reads_total{device=\"/dev/vda\"}", 1},
                                              {"container_fs_writes_bytes_total{device=\"/dev/vda\"}", 7 * 512},
                                              {"container_fs_writes_total{device=\"/dev/vda\"}", 5},
                                              {"container_fs_sector_reads_total{device=\"/dev/vda\"}", 3},
                                              {"container_fs_reads_merged_total{device=\"/dev/vda\"}", 2},
                                              {"container_fs_read_seconds_total{device=\"/dev/vda\"}", 4},
                                              {"container_fs_sector_writes_total{device=\"/dev/vda\"}", 7},
                                              {"container_fs_writes_merged_total{device=\"/dev/vda\"}", 6},
                                              {"container_fs_write_seconds_total{device=\"/dev/vda\"}", 8},
                                              {"container_fs_io_current{device=\"/dev/vda\"}", 9},
                                              {"container_fs_io_time_seconds_total{device=\"/dev/vda\"}", 10},
                                              {"container_fs_io_time_weighted_seconds_total{device=\"/dev/vda\"}", 11},
                                          }));
}

TEST(IoCollector, WritesTheDisksTimesFromMilliseconds) {
  unsigned times = 0;
  for (const MetricDefinition& metric : collector_named("io").metrics) {
    if (metric.unit == "seconds" && metric.name.find("cost") == std::string_view::npos) {
      EXPECT_EQ(metric.scale, Scale::kMilliseconds) << metric.name << ": /proc/diskstats counts in milliseconds";
      ++times;
    }
  }
  EXPECT_EQ(times, 4U);
}

// As BlockLayers finds them: bottom, top, whether bytes are written more than once.
HostStats machine_with(std::vector<BlockDevice> devices) {
  HostStats machine;
  machine.block_devices = std::move(devices);
  return machine;
}
BlockDevice device(std::string path, std::vector<std::string> lies_on, bool is_top, bool redundant = false,
                   std::uint32_t stack = 1) {
  BlockDevice one;
  one.path = std::move(path);
  one.lies_on = std::move(lies_on);
  one.is_top = is_top;
  one.in_redundant_stack = redundant;
  one.stack = stack;
  return one;
}

std::optional<std::uint64_t> summed(std::string_view metric, const HostStats& machine, bool is_host,
                                    std::vector<std::pair<std::string, std::uint64_t>> written) {
  CgroupStats stats;
  HostStats host = machine;
  for (const auto& [name, bytes] : written) {
    stats.io.push_back(row(8, static_cast<std::uint32_t>(stats.io.size()), "/dev/" + name));
    stats.io.back().wbytes = bytes;
    host.disks.emplace_back().device = name;
    host.disks.back().sectors_written = bytes / 512;
  }
  ObservationContext context;
  context.machine = &host;
  context.host = is_host ? &host : nullptr;
  const Snapshot snapshot = snapshot_of("io", stats, context);
  EXPECT_EQ(snapshot.layout->blocks.front().plan->series.size(), is_host ? written.size() * 13 : written.size() * 2)
      << "each device is shown, and nothing else";
  return sum_of(snapshot, snapshot.layout->blocks.front(), *find_metric(metric));
}

TEST(IoCollector, CountsEachByteOnceInSums) {
  const HostStats lvm = machine_with({device("/dev/dm-0", {"/dev/sda"}, true), device("/dev/sda", {}, false)});
  const HostStats luks = machine_with({device("/dev/dm-0", {"/dev/sda"}, false),
                                       device("/dev/dm-1", {"/dev/dm-0"}, true), device("/dev/sda", {}, false)});
  const HostStats mirror = machine_with({device("/dev/md0", {"/dev/sda", "/dev/sdb"}, true, true),
                                         device("/dev/sda", {}, false, true), device("/dev/sdb", {}, false, true)});
  const HostStats striped = machine_with({device("/dev/md0", {"/dev/sda", "/dev/sdb"}, true),
                                          device("/dev/sda", {}, false), device("/dev/sdb", {}, false)});
  const HostStats two =
      machine_with({device("/dev/dm-0", {"/dev/sda"}, true), device("/dev/dm-1", {"/dev/sdb"}, true, false, 2),
                    device("/dev/sda", {}, false), device("/dev/sdb", {}, false, false, 2)});
  constexpr std::uint64_t kMiB = 1 << 20;
  struct Case {
    const char* of;
    const HostStats& machine;
    std::vector<std::pair<std::string, std::uint64_t>> written;
    std::uint64_t sum;
  };
  const Case cases[] = {
      {"a volume on a disk", lvm, {{"sda", kMiB}, {"dm-0", kMiB}}, kMiB},
      {"and a partition that is used directly", lvm, {{"sda", 3 * kMiB}, {"dm-0", kMiB}}, 3 * kMiB},
      {"the kernel does not say whose the disk's are", lvm, {{"dm-0", kMiB}}, kMiB},
      {"an encrypted disk below a volume", luks, {{"sda", kMiB}, {"dm-0", kMiB}, {"dm-1", kMiB}}, kMiB},
      {"the middle one alone", luks, {{"dm-0", kMiB}}, kMiB},
      {"a mirror", mirror, {{"sda", kMiB}, {"sdb", kMiB}, {"md0", kMiB}}, kMiB},
      {"stripes", striped, {{"sda", kMiB / 2}, {"sdb", kMiB / 2}, {"md0", kMiB}}, kMiB},
      {"two stacks and a disk",
       two,
       {{"sda", kMiB}, {"dm-0", kMiB}, {"sdb", 2 * kMiB}, {"dm-1", 2 * kMiB}, {"sdc", kMiB}},
       4 * kMiB},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(summed("container_fs_writes_bytes_total", one.machine, false, one.written), one.sum) << one.of;
    EXPECT_EQ(summed("container_fs_writes_bytes_total", one.machine, true, one.written), one.sum) << "host: " << one.of;
  }
}

TEST(IoCollector, GivesNothingWhereNothingWasAccounted) { EXPECT_EQ(observe("io", {}), SeriesValues{}); }

}  // namespace
}  // namespace tallyman
