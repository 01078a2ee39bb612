#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/filesystem_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

constexpr std::uint64_t kMeasured = 1'700'000'000'000'000'000;

TreeStats tree(std::uint64_t bytes, std::uint64_t inodes, const std::string& device = "/dev/vda1") {
  TreeStats stats;
  stats.device = device;
  stats.bytes = bytes;
  stats.inodes = inodes;
  stats.capacity_bytes = 1'000'000;
  stats.measured_nsec = kMeasured;
  return stats;
}

SeriesValues of(const WorkloadFilesystems& filesystems) {
  ObservationContext context;
  context.filesystems = &filesystems;
  return observe("filesystem", {}, context);
}

TEST(FilesystemCollector, GivesTheHostItsDisks) {
  WorkloadFilesystems host;
  host.disks.push_back({"/dev/vda1", "/", "ext4", 1000, 600, 350, 64, 50});
  host.disks.push_back({"/dev/vdb", "/data", "btrfs", 5000, 10, 4990, {}, {}});
  EXPECT_EQ(of(host), (SeriesValues{
                          {"container_fs_usage_bytes{device=\"/dev/vda1\"}", 600},
                          {"container_fs_limit_bytes{device=\"/dev/vda1\"}", 1000},
                          {"container_fs_available_bytes{device=\"/dev/vda1\"}", 350},
                          {"container_fs_inodes_total{device=\"/dev/vda1\"}", 64},
                          {"container_fs_inodes_free{device=\"/dev/vda1\"}", 50},
                          {"container_fs_usage_bytes{device=\"/dev/vdb\"}", 10},
                          {"container_fs_limit_bytes{device=\"/dev/vdb\"}", 5000},
                          {"container_fs_available_bytes{device=\"/dev/vdb\"}", 4990},
                      }));
}

TEST(FilesystemCollector, GivesALayerWithItsLimitWhereItHasOne) {
  WorkloadFilesystems container;
  container.layer = tree(0, 1);
  EXPECT_EQ(of(container), (SeriesValues{
                               {"container_fs_usage_bytes{device=\"/dev/vda1\"}", 0},
                               {"container_fs_limit_bytes{device=\"/dev/vda1\"}", 1'000'000},
                               {"container_fs_layer_bytes{device=\"/dev/vda1\",source=\"walk\"}", 0},
                               {"container_fs_layer_inodes{device=\"/dev/vda1\",source=\"walk\"}", 1},
                               {"container_fs_layer_measured_timestamp_seconds", kMeasured},
                           }));
  container.layer->limit_bytes = 500'000;
  container.layer->source = UsageSource::kQuota;
  const SeriesValues limited = of(container);
  EXPECT_EQ(limited.at("container_fs_limit_bytes{device=\"/dev/vda1\"}"), 500'000U);
  EXPECT_EQ(limited.at("container_fs_layer_limit_bytes{device=\"/dev/vda1\"}"), 500'000U);
  EXPECT_EQ(limited.count("container_fs_layer_bytes{device=\"/dev/vda1\",source=\"quota\"}"), 1U);
}

TEST(FilesystemCollector, AddsVolumesThatCountHereDiskByDisk) {
  WorkloadFilesystems container;
  container.layer = tree(100, 2);
  container.volumes.push_back({"data", 1, true, tree(50, 3)});
  container.volumes.push_back({"far", 1, true, tree(7, 1, "/dev/vdb")});
  container.volumes.push_back({"shared", 3, false, {}});
  const SeriesValues series = of(container);
  EXPECT_EQ(series.at("container_fs_usage_bytes{device=\"/dev/vda1\"}"), 150U);
  EXPECT_EQ(series.at("container_fs_usage_bytes{device=\"/dev/vdb\"}"), 7U);
  EXPECT_EQ(series.at("container_fs_limit_bytes{device=\"/dev/vdb\"}"), 1'000'000U);
  EXPECT_EQ(series.at("container_fs_layer_bytes{device=\"/dev/vda1\",source=\"walk\"}"), 100U);
  EXPECT_EQ(series.at("container_fs_volume_usage_bytes{volume=\"data\",device=\"/dev/vda1\",source=\"walk\"}"), 50U);
  EXPECT_EQ(series.at("container_fs_volume_inodes{volume=\"data\",device=\"/dev/vda1\",source=\"walk\"}"), 3U);
  EXPECT_EQ(series.at("container_fs_volume_users{volume=\"shared\"}"), 3U);
  EXPECT_EQ(series.count("container_fs_volume_measured_timestamp_seconds{volume=\"shared\"}"), 0U);
}

TEST(FilesystemCollector, GivesNoSumAsLongAsAPartIsMissing) {
  WorkloadFilesystems container;
  container.layer = tree(100, 2);
  container.volumes.push_back({"data", 1, true, {}});
  const SeriesValues waiting = of(container);
  EXPECT_EQ(waiting.count("container_fs_usage_bytes{device=\"/dev/vda1\"}"), 0U);
  EXPECT_EQ(waiting.at("container_fs_layer_bytes{device=\"/dev/vda1\",source=\"walk\"}"), 100U);
  container.layer.reset();
  container.volumes[0].usage = tree(50, 3);
  EXPECT_EQ(of(container).count("container_fs_usage_bytes{device=\"/dev/vda1\"}"), 0U);
}

TEST(FilesystemCollector, GivesNothingWhereNothingIsKnown) {
  EXPECT_EQ(observe("filesystem", {}), SeriesValues{});
  EXPECT_EQ(of({}), SeriesValues{});
}

}  // namespace
}  // namespace tallyman
