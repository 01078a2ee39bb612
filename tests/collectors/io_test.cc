#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tallyman {
namespace {

IoDeviceStats row(std::uint32_t major, std::uint32_t minor, std::string device) {
  IoDeviceStats one;
  one.major = major;
  one.minor = minor;
  one.device = std::move(device);
  return one;
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

TEST(IoCollector, GivesNothingWhereNothingWasAccounted) { EXPECT_EQ(observe("io", {}), SeriesValues{}); }

}  // namespace
}  // namespace tallyman
