#include "collectors/kernel/host/host_source.h"

#include "collectors/kernel/cgroup/block_devices.h"
#include "tests/support/host_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tallyman {
namespace {

constexpr auto kAbsentField = std::nullopt;

constexpr std::string_view kDiskstats =
    " 254       0 vda 10 20 30 40 50 60 70 80 1 90 100 0 0 0 0 0 0\n"
    " 254       1 vda1 1 2 3 4 5 6 7 8 0 9 10 0 0 0 0 0 0\n"
    "   7       0 loop0 1 0 8 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    " 253       0 dm-0 5 0 40 1 6 0 48 2 0 3 3 0 0 0 0 0 0\n";

class Host : public ::testing::Test {
 protected:
  Host() {
    host_.file("proc/meminfo",
               "MemTotal:        8148664 kB\nMemFree:          123456 kB\nMemAvailable:    6000000 kB\n"
               "SwapTotal:       1048572 kB\nSwapFree:        1048000 kB\nHugePages_Total:       0\n");
    host_.file("proc/diskstats", kDiskstats).file("sys/class/block/vda1/partition", "1\n");
    host_.file("proc/loadavg", "0.20 1.08 12.12 1/80 11206\n");
    host_.file("proc/stat", "cpu  1 2 3 4\nbtime 1764000000\n");
    host_.file("proc/cpuinfo",
               "processor\t: 0\nphysical id\t: 0\ncore id\t\t: 0\n\nprocessor\t: 1\nphysical id\t: 0\n"
               "core id\t\t: 0\n\nprocessor\t: 2\nphysical id\t: 1\ncore id\t\t: 0\n");
    host_.file("sys/devices/system/cpu/online", "0-2\n");
    host_.file("proc/sys/kernel/osrelease", "6.1.0-28-amd64\n").file("proc/sys/kernel/random/boot_id", "b00t\n");
    host_.file("etc/hostname", "web-1\n").file("proc/sys/kernel/hostname", "1f2e3d4c5b6a\n");
    host_.file("etc/machine-id", "4c4c4544\n").file("sys/class/dmi/id/product_uuid", "UU-ID\n");
    host_.file("etc/os-release",
               "NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n");
  }

  HostBuilder host_;
};

TEST_F(Host, ReportsItsMemoryDisksAndFacts) {
  HostSource source(host_.root());
  const ReadReport report = source.read(true);
  EXPECT_EQ(report.faults(), 0U) << report.first_fault;
  const HostStats& stats = source.stats();
  EXPECT_EQ(stats.memory.total, 8'148'664ULL * 1'024);
  EXPECT_EQ(stats.memory.swap_total, 1'048'572ULL * 1'024);
  EXPECT_EQ(stats.memory.swap_free, 1'048'000ULL * 1'024);
  EXPECT_EQ(stats.load_average, (LoadAverage{0.2, 1.08, 12.12}));
  ASSERT_EQ(stats.disks.size(), 2U) << "no partition, no loop device";
  EXPECT_EQ(stats.disks[0].device, "vda");
  EXPECT_EQ(stats.disks[0].reads, 10U);
  EXPECT_EQ(stats.disks[0].reads_merged, 20U);
  EXPECT_EQ(stats.disks[0].sectors_read, 30U);
  EXPECT_EQ(stats.disks[0].read_msec, 40U);
  EXPECT_EQ(stats.disks[0].writes, 50U);
  EXPECT_EQ(stats.disks[0].sectors_written, 70U);
  EXPECT_EQ(stats.disks[0].write_msec, 80U);
  EXPECT_EQ(stats.disks[0].in_flight, 1U);
  EXPECT_EQ(stats.disks[0].io_msec, 90U);
  EXPECT_EQ(stats.disks[0].weighted_io_msec, 100U);
  EXPECT_EQ(stats.disks[1].device, "dm-0");
  EXPECT_EQ(stats.machine.machine_id, "4c4c4544");
  EXPECT_EQ(stats.machine.system_uuid, "UU-ID");
  EXPECT_EQ(stats.machine.boot_id, "b00t");
  EXPECT_EQ(stats.machine.kernel_version, "6.1.0-28-amd64");
  EXPECT_EQ(stats.machine.hostname, "web-1");
  EXPECT_EQ(stats.machine.os_version, "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(stats.machine.boot_time_seconds, 1'764'000'000U);
  EXPECT_EQ(stats.machine.cpu_cores, 3U);
  EXPECT_EQ(stats.machine.physical_cores, 2U);
  EXPECT_EQ(stats.machine.sockets, 2U);
}

TEST_F(Host, ReadsItsFactsSlowlyAndItsFiguresEachTime) {
  HostSource source(host_.root());
  source.read(false);
  EXPECT_EQ(source.stats().machine.cpu_cores, 3U) << "the first time, in any pass";
  host_.file("sys/devices/system/cpu/online", "0\n").file("proc/meminfo", "MemTotal: 1 kB\n");
  source.read(false);
  EXPECT_EQ(source.stats().machine.cpu_cores, 3U);
  EXPECT_EQ(source.stats().memory.total, 1'024U);
  EXPECT_EQ(source.stats().memory.swap_total, kAbsentField);
  source.read(true);
  EXPECT_EQ(source.stats().machine.cpu_cores, 1U);
}

TEST_F(Host, AddsUpMemoryModulesByType) {
  for (const char* module : {"mc0/dimm0", "mc0/dimm1", "mc1/dimm0"}) {
    const std::string path = std::string("sys/devices/system/edac/mc/") + module;
    host_.file(path + "/dimm_mem_type", "Registered-DDR4\n").file(path + "/size", "16384\n");
  }
  host_.file("sys/devices/system/edac/mc/mc1/dimm1/dimm_mem_type", "Unbuffered-DDR4\n");
  host_.file("sys/devices/system/edac/mc/mc1/dimm1/size", "0\n");  // an empty slot
  HostSource source(host_.root());
  source.read(true);
  ASSERT_EQ(source.stats().machine.dimms.size(), 1U);
  EXPECT_EQ(source.stats().machine.dimms[0].type, "Registered-DDR4");
  EXPECT_EQ(source.stats().machine.dimms[0].count, 3U);
  EXPECT_EQ(source.stats().machine.dimms[0].bytes, 3ULL * 16'384 * 1'024 * 1'024);
}

TEST(HostWithoutFiles, ReportsNothingAndIsNoFault) {
  HostBuilder host;
  HostSource source(host.root());
  EXPECT_EQ(source.read(true).faults(), 0U);
  EXPECT_EQ(source.stats().memory.total, kAbsentField);
  EXPECT_TRUE(source.stats().disks.empty());
  EXPECT_EQ(source.stats().load_average, std::nullopt);
  EXPECT_EQ(source.stats().machine.cpu_cores, 0U);
  EXPECT_EQ(source.stats().machine.boot_time_seconds, kAbsentField);
  EXPECT_EQ(source.stats().machine.os_version, "");
}

TEST_F(Host, CountsModulesByNumberAlone) {
  for (const char* module : {"mc0/dimm0", "mc0/dimm_is_fake", "mc_fake/dimm0"}) {
    const std::string path = std::string("sys/devices/system/edac/mc/") + module;
    host_.file(path + "/dimm_mem_type", "DDR5\n").file(path + "/size", "1\n");
  }
  HostSource source(host_.root());
  source.read(true);
  ASSERT_EQ(source.stats().machine.dimms.size(), 1U);
  EXPECT_EQ(source.stats().machine.dimms[0].count, 1U);
}

// ARM: /proc/cpuinfo has neither sockets nor cores.
TEST_F(Host, TakesTheTopologyOfSysfsWhereCpuinfoHasNone) {
  host_.file("proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 50\n\nprocessor\t: 1\nBogoMIPS\t: 50\n");
  for (int cpu = 0; cpu < 4; ++cpu) {
    const std::string topology = "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    host_.file(topology + "physical_package_id", "0\n").file(topology + "core_id", std::to_string(cpu / 2) + "\n");
  }
  host_.file("sys/devices/system/cpu/cpufreq/boost", "1\n");
  HostSource source(host_.root());
  source.read(true);
  EXPECT_EQ(source.stats().machine.sockets, 1U);
  EXPECT_EQ(source.stats().machine.physical_cores, 2U);
  host_.remove("sys/devices/system/cpu/cpu3/topology/core_id");
  source.read(true);
  EXPECT_EQ(source.stats().machine.physical_cores, 0U) << "a part would be a wrong number";
}

// The kernel counts on the head, on the path, or on both.
TEST_F(Host, CountsANvmeNamespaceWithSeveralPathsOnce) {
  for (const char* name : {"nvme0n1", "nvme0c0n1", "nvme0c1n1"}) {
    host_.file(std::string("sys/class/block/") + name + "/hidden", name == std::string("nvme0n1") ? "0\n" : "1\n");
  }
  const auto sectors = [&](int head, int path) {
    const auto row = [](const char* name, int read) {
      return std::string("259 1 ") + name + ' ' + std::to_string(read) + " 0 " + std::to_string(read) +
             " 0 0 0 0 0 0 0 0\n";
    };
    host_.file("proc/diskstats", row("nvme0n1", head) + row("nvme0c0n1", path) + row("nvme0c1n1", path));
    HostSource source(host_.root());
    source.read(true);
    EXPECT_EQ(source.stats().disks.size(), 1U);
    return source.stats().disks.at(0).sectors_read;
  };
  EXPECT_EQ(sectors(8, 4), 8U);
  EXPECT_EQ(sectors(8, 0), 8U);
  EXPECT_EQ(sectors(0, 4), 8U);
}

TEST_F(Host, CountsWhatItCannotUnderstand) {
  host_.file("proc/meminfo", "MemTotal: much kB\nSwapTotal: 1 kB\n");
  host_.remove("proc/diskstats").dir("proc/diskstats");
  HostSource source(host_.root());
  const ReadReport report = source.read(true);
  EXPECT_EQ(report.malformed, 1U);
  EXPECT_EQ(report.io, 1U);
  EXPECT_EQ(report.first_fault, host_.path("proc/meminfo") + ": not as the kernel documents it");
  EXPECT_EQ(source.stats().memory.total, kAbsentField);
  EXPECT_EQ(source.stats().memory.swap_total, 1'024U);
}

TEST_F(Host, TakesTheKernelsHostNameWithoutTheFile) {
  host_.remove("etc/hostname");
  HostSource source(host_.root());
  source.read(true);
  EXPECT_EQ(source.stats().machine.hostname, "1f2e3d4c5b6a");
}

TEST_F(Host, TakesTheOtherPlaceOfOsRelease) {
  host_.remove("etc/os-release").file("usr/lib/os-release", "PRETTY_NAME='Alpine Linux v3.20'\nID=alpine\n");
  HostSource source(host_.root());
  source.read(true);
  EXPECT_EQ(source.stats().machine.os_version, "Alpine Linux v3.20");
}

TEST(BlockDevices, RemembersNamesAndForgetsWhatItDidNotKnow) {
  HostBuilder host;
  host.file("sys/dev/block/254:0/uevent", "MAJOR=254\nMINOR=0\nDEVNAME=vda\nDEVTYPE=disk\n");
  host.file("sys/dev/block/259:1/uevent", "DEVNAME=nvme0n1\n").file("sys/dev/block/9:9/uevent", "MAJOR=9\n");
  BlockDevices devices(host.root());
  EXPECT_EQ(devices.path(254, 0), "/dev/vda");
  EXPECT_EQ(devices.path(259, 1), "/dev/nvme0n1");
  EXPECT_EQ(devices.path(9, 9), "");
  EXPECT_EQ(devices.path(8, 0), "");
  host.file("sys/dev/block/8:0/uevent", "DEVNAME=sda\n").remove("sys/dev/block/254:0");
  EXPECT_EQ(devices.path(8, 0), "") << "not asked every second";
  EXPECT_EQ(devices.path(254, 0), "/dev/vda");
  devices.forget_unknown();
  EXPECT_EQ(devices.path(8, 0), "/dev/sda");
}

}  // namespace
}  // namespace tallyman
