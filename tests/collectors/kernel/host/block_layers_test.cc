#include "collectors/kernel/host/block_layers.h"

#include "tests/support/host_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace tallyman {
namespace {

using ::testing::ElementsAre;

class BlockLayersTest : public ::testing::Test {
 protected:
  // As sysfs has it: /sys/class/block is full of links. `of`: the disk of a partition.
  void device(const std::string& name, const std::vector<std::string>& slaves = {}, const std::string& of = {}) {
    const std::string directory = "sys/devices/block/" + (of.empty() ? "" : of + "/") + name;
    host_.file(directory + "/size", "1000\n").dir("sys/class/block");
    if (!of.empty()) {
      host_.file(directory + "/partition", "1\n");
    }
    std::filesystem::create_symlink("../../devices/block/" + (of.empty() ? "" : of + "/") + name,
                                    host_.path("sys/class/block/" + name));
    for (const std::string& slave : slaves) {
      host_.dir(directory + "/slaves/" + slave);
    }
  }
  // "dm-0 > sda counted", "sda stack 1"
  std::vector<std::string> read() {
    layers_.read();
    std::vector<std::string> lines;
    for (const BlockDevice& one : layers_.devices()) {
      std::string line = one.path.substr(5);
      for (const std::string& below : one.lies_on) {
        line += " > " + below.substr(5);
      }
      line += one.stack == 0 ? "" : " stack " + std::to_string(one.stack);
      lines.push_back(line + (one.is_counted() ? " counted" : ""));
    }
    return lines;
  }

  HostBuilder host_;
  BlockLayers layers_{host_.root()};
};

TEST_F(BlockLayersTest, ADiskAloneIsCounted) {
  device("sda");
  device("sda1", {}, "sda");
  device("cciss!c0d0");
  device("cciss!c0d0p1", {}, "cciss!c0d0");
  EXPECT_THAT(read(), ElementsAre("cciss/c0d0 counted", "sda counted"));
  EXPECT_TRUE(layers_.is_partition("sda1"));
  EXPECT_TRUE(layers_.is_partition("cciss/c0d0p1")) << "as /proc/diskstats names it";
  EXPECT_FALSE(layers_.is_partition("cciss/c0d0"));
}

TEST_F(BlockLayersTest, AnyStackingIsFollowedToTheDisks) {
  device("sda");
  device("sda3", {}, "sda");
  device("dm-0", {"sda3"});  // LUKS
  device("dm-1", {"dm-0"});  // volumes
  device("dm-2", {"dm-0"});
  device("vdb");
  EXPECT_THAT(read(), ElementsAre("dm-0 > sda stack 1", "dm-1 > dm-0 stack 1", "dm-2 > dm-0 stack 1",
                                  "sda stack 1 counted", "vdb counted"));
}

TEST_F(BlockLayersTest, AMirrorIsCountedAtItsTopAndStripesAtTheBottom) {
  for (const char* disk : {"sda", "sdb", "sdc", "sdd"}) {
    device(disk);
  }
  device("md0", {"sda", "sdb"});
  host_.file("sys/devices/block/md0/md/level", "raid1\n");
  device("md1", {"sdc", "sdd"});
  host_.file("sys/devices/block/md1/md/level", "raid0\n");
  EXPECT_THAT(read(), ElementsAre("md0 > sda > sdb stack 1 counted", "md1 > sdc > sdd stack 2", "sda stack 1",
                                  "sdb stack 1", "sdc stack 2 counted", "sdd stack 2 counted"));
}

TEST_F(BlockLayersTest, SeveralPathsToOneDiskAndVolumesOverSeveralDisksHaveNothingTwice) {
  for (const char* disk : {"sda", "sdb", "sdc", "sdd"}) {
    device(disk);
  }
  device("dm-0", {"sda", "sdb"});
  host_.file("sys/devices/block/dm-0/dm/uuid", "mpath-3600\n");
  device("dm-1", {"sdc", "sdd"});
  host_.file("sys/devices/block/dm-1/dm/uuid", "LVM-abc\n");
  device("dm-2", {"dm-3", "dm-4"});  // LVM's own mirror
  host_.file("sys/devices/block/dm-2/dm/uuid", "LVM-def\n");
  device("dm-3", {"sdc"});
  device("dm-4", {"sdd"});
  layers_.read();
  for (const BlockDevice& one : layers_.devices()) {
    const bool multipath = one.path == "/dev/dm-0" || one.path == "/dev/sda" || one.path == "/dev/sdb";
    EXPECT_EQ(one.in_redundant_stack, !multipath) << one.path;
  }
}

TEST_F(BlockLayersTest, HoldersSayTheSame) {
  device("sda");
  device("dm-0");
  host_.dir("sys/devices/block/sda/holders/dm-0");
  EXPECT_THAT(read(), ElementsAre("dm-0 > sda stack 1", "sda stack 1 counted"));
}

TEST_F(BlockLayersTest, ALoopDeviceLiesOnTheDiskOfItsFile) {
  device("vda");
  device("vda1", {}, "vda");
  device("loop0");
  device("loop1");
  device("loop2");
  host_.file("sys/devices/block/loop0/loop/backing_file", "/var/lib/image\n");
  host_.file("sys/devices/block/loop1/loop/backing_file", "/run/image\n");
  host_.file("sys/devices/block/loop2/size", "0\n");  // unused
  host_.file("proc/1/mountinfo",
             "24 1 254:1 / / rw - ext4 /dev/vda1 rw\n25 24 0:22 / /run rw - tmpfs tmpfs rw\n"
             "26 24 0:23 / /var/libx rw - tmpfs tmpfs rw\n");
  EXPECT_THAT(read(), ElementsAre("loop0 > vda stack 1", "loop1 counted", "vda stack 1 counted"));
}

TEST_F(BlockLayersTest, ACacheIsPartOfItsStack) {
  device("sda");
  device("nvme0n1");
  device("bcache0", {"sda"});
  host_.dir("sys/devices/block/nvme0n1/bcache").dir("sys/devices/block/bcache0/bcache/cache");
  std::filesystem::create_symlink("../../../nvme0n1/bcache",
                                  host_.path("sys/devices/block/bcache0/bcache/cache/cache0"));
  EXPECT_THAT(read(), ElementsAre("bcache0 > nvme0n1 > sda stack 1 counted", "nvme0n1 stack 1", "sda stack 1"));
}

TEST_F(BlockLayersTest, AHiddenPathIsNoDevice) {
  device("nvme0n1");
  device("nvme0c0n1");
  host_.file("sys/devices/block/nvme0c0n1/hidden", "1\n");
  EXPECT_THAT(read(), ElementsAre("nvme0n1 counted"));
  EXPECT_TRUE(layers_.is_hidden("nvme0c0n1"));
}

TEST_F(BlockLayersTest, AHostWithoutSysfsHasNone) { EXPECT_THAT(read(), ElementsAre()); }

}  // namespace
}  // namespace tallyman
