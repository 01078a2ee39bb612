#include "collectors/kernel/formats/proc_text.h"

#include "collectors/kernel/stats/host_stats.h"
#include "collectors/kernel/stats/network_stats.h"
#include "collectors/kernel/stats/process_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace tallyman::formats {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string this_host(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(LoadAverages, AreThreeNumbers) {
  EXPECT_EQ(parse_loadavg("0.20 1.08 12.12 1/80 11206\n"), (LoadAverage{0.2, 1.08, 12.12}));
  EXPECT_EQ(parse_loadavg("0.20 1.08"), std::nullopt);
  EXPECT_EQ(parse_loadavg("0.20 -1 12.12 1/80 11206\n"), std::nullopt);
  EXPECT_EQ(parse_loadavg("nan 1 12.12 1/80 11206\n"), std::nullopt);
  EXPECT_EQ(parse_loadavg(""), std::nullopt);
}

constexpr std::string_view kNetDevHead =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
    "compressed\n";

TEST(NetDev, GivesEveryInterfaceInTheKernelsOrder) {
  std::vector<InterfaceStats> rows;
  const std::string text =
      std::string(kNetDevHead) +
      "    lo:    3267      29    0    0    0     0          0         0     3267      29    0    0    "
      "0     0       0          0\n"
      "  eth0: 117335370    2204    1    2    0     0          0         5    84942    1123    3    "
      "4    0     0       0          0\n";
  EXPECT_EQ(parse_net_dev(text, rows), 0U);
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].name, "lo");
  EXPECT_EQ(rows[1].name, "eth0");
  EXPECT_EQ(rows[1].rx_bytes, 117335370U);
  EXPECT_EQ(rows[1].rx_packets, 2204U);
  EXPECT_EQ(rows[1].rx_errors, 1U);
  EXPECT_EQ(rows[1].rx_dropped, 2U);
  EXPECT_EQ(rows[1].tx_bytes, 84942U);
  EXPECT_EQ(rows[1].tx_packets, 1123U);
  EXPECT_EQ(rows[1].tx_errors, 3U);
  EXPECT_EQ(rows[1].tx_dropped, 4U);
}

TEST(NetDev, TakesNamesThatTouchTheNumberOrHoldColonsAndBars) {
  std::vector<InterfaceStats> rows;
  const std::string tail = " 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";
  EXPECT_EQ(parse_net_dev(std::string(kNetDevHead) + "eth0:123" + tail + "eth0:1: 124" + tail + "eth0:2:125" + tail +
                              " a|b: 126" + tail,
                          rows),
            0U);
  EXPECT_THAT(rows, ElementsAre(Field(&InterfaceStats::name, "eth0"), Field(&InterfaceStats::name, "eth0:1"),
                                Field(&InterfaceStats::name, "eth0:2"), Field(&InterfaceStats::name, "a|b")));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].rx_bytes, 123 + i);
    EXPECT_EQ(rows[i].tx_bytes, 9U);
  }
}

TEST(NetDev, DropsRowsWithTooFewFiguresAndTakesMore) {
  std::vector<InterfaceStats> rows;
  EXPECT_EQ(parse_net_dev("a: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\nb: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n"
                          ": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\nc d: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
                          "e 1 2\n",
                          rows),
            4U);
  EXPECT_THAT(rows, ElementsAre(Field(&InterfaceStats::name, "b")));
}

TEST(NetDev, OfThisHostIsUnderstood) {
  std::vector<InterfaceStats> rows;
  const std::string text = this_host("/proc/self/net/dev");
  EXPECT_EQ(parse_net_dev(text, rows), 0U);
  EXPECT_EQ(static_cast<std::ptrdiff_t>(rows.size()), std::count(text.begin(), text.end(), '\n') - 2);
}

TEST(DiskStatsFile, TakesFourteenEighteenAndTwentyColumns) {
  std::vector<DiskStats> rows;
  const std::string_view text =
      "   8       0 sda 31347 7882 2458970 18674 29950 10219 2485088 17912 3 17492 37789\n"
      " 259       0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n"
      " 254       0 vda 31347 7882 2458970 18674 29950 10219 2485088 17912 0 17492 37789 5571 23 162328 978 2380 223\n"
      " 104       0 cciss/c0d0 1 2 3 4 5 6 7 8 9 10 11\n";
  EXPECT_EQ(parse_diskstats(text, rows), 0U);
  ASSERT_THAT(rows, SizeIs(4));
  EXPECT_EQ(rows[0].major, 8U);
  EXPECT_EQ(rows[0].device, "sda");
  EXPECT_EQ(rows[0].reads, 31347U);
  EXPECT_EQ(rows[0].reads_merged, 7882U);
  EXPECT_EQ(rows[0].sectors_read, 2458970U);
  EXPECT_EQ(rows[0].read_msec, 18674U);
  EXPECT_EQ(rows[0].writes, 29950U);
  EXPECT_EQ(rows[0].writes_merged, 10219U);
  EXPECT_EQ(rows[0].sectors_written, 2485088U);
  EXPECT_EQ(rows[0].write_msec, 17912U);
  EXPECT_EQ(rows[0].in_flight, 3U);
  EXPECT_EQ(rows[0].io_msec, 17492U);
  EXPECT_EQ(rows[0].weighted_io_msec, 37789U);
  EXPECT_EQ(rows[1].weighted_io_msec, 11U);
  EXPECT_EQ(rows[2].device, "vda");
  EXPECT_EQ(rows[3].device, "cciss/c0d0");
}

TEST(DiskStatsFile, DropsShortRows) {
  std::vector<DiskStats> rows;
  EXPECT_EQ(
      parse_diskstats("8 1 sda1 10 20 30 40\n8 0 sda 1 2 3 4 5 6 7 8 9 10\n\n8 2 sda2 1 2 3 4 5 6 7 8 9 10 11\n", rows),
      3U);
  EXPECT_THAT(rows, ElementsAre(Field(&DiskStats::device, "sda2")));
}

TEST(DiskStatsFile, OfThisHostIsUnderstood) {
  std::vector<DiskStats> rows;
  const std::string text = this_host("/proc/diskstats");
  EXPECT_EQ(parse_diskstats(text, rows), 0U);
  EXPECT_EQ(static_cast<std::ptrdiff_t>(rows.size()), std::count(text.begin(), text.end(), '\n'));
}

TEST(MemInfoFile, GivesBytes) {
  MemInfo info;
  EXPECT_EQ(parse_meminfo("MemTotal:       24684092 kB\nMemFree:        24457784 kB\nMemAvailable:   24391724 kB\n"
                          "Buffers:            1132 kB\nSwapTotal:             8 kB\nSwapFree:              4 kB\n"
                          "HugePages_Total:       0\n",
                          info),
            0U);
  EXPECT_EQ(info.total, 25276510208U);
  EXPECT_EQ(info.free, 25044770816U);
  EXPECT_EQ(info.available, 24977125376U);
  EXPECT_EQ(info.swap_total, 8192U);
  EXPECT_EQ(info.swap_free, 4096U);
}

TEST(MemInfoFile, DropsAnotherUnitAndWhatDoesNotFit) {
  MemInfo info;
  EXPECT_EQ(
      parse_meminfo("MemTotal: 1 MB\nMemFree: 1\nSwapTotal: 18014398509481984 kB\nSwapFree: 18014398509481983 kB\n"
                    "Nonsense\n: 1 kB\nMemAvailable: 5 kB extra\n",
                    info),
      6U);
  EXPECT_EQ(info.total, Count());
  EXPECT_EQ(info.free, Count());
  EXPECT_EQ(info.available, Count());
  EXPECT_EQ(info.swap_total, Count());
  EXPECT_EQ(info.swap_free, 18446744073709550592U);
}

TEST(MemInfoFile, OfThisHostIsUnderstood) {
  MemInfo info;
  EXPECT_EQ(parse_meminfo(this_host("/proc/meminfo"), info), 0U);
  EXPECT_EQ(info.total,
            static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
  EXPECT_LE(info.available, info.total);
}

constexpr std::string_view kStatTail =
    " R 6053 6053 3818 0 -1 4194304 99 0 0 0 0 0 0 0 20 0 1 0 199784 3133440 383 18446744073709551615 94212804087808\n";

TEST(PidStat, GivesTheStartWhateverTheCommandIsCalled) {
  for (const char* name : {"cat", "a b", "x) S 1 2 3", ")", "(", "((", ") (", "a\nb", "7 (z) R 1", "", " (",
                           "tab\there", "\r", "\xc3\xa9"}) {
    const std::string text = "6058 (" + std::string(name) + ")" + std::string(kStatTail);
    EXPECT_EQ(parse_pid_start_ticks(text), 199784U) << testing::PrintToString(name);
  }
}

TEST(PidStat, OfAPrefixHasNoStart) {
  const std::string text = "6058 (cat)" + std::string(kStatTail);
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_EQ(parse_pid_start_ticks(text.substr(0, length)), Count()) << length;
  }
}

TEST(PidStat, WithoutItsPartsHasNoStart) {
  for (const char* text : {"", "\n", "6058\n", "6058 (cat\n", "6058 cat) R\n", "(cat) R 1\n", ") (\n",
                           "6058 (cat) R 1 2\n", "6058 (cat) R 1 1 1 0 -1 1 1 0 0 0 0 0 0 0 20 0 1 0 5 1\n\n",
                           "6058 (cat) R 1 1 1 0 -1 1 1 0 0\n0 0 0 0 0 20 0 1 0 0 5 1\n",
                           "x (cat) R 1 1 1 0 -1 1 1 0 0 0 0 0 0 0 20 0 1 0 5 1\n"}) {
    EXPECT_EQ(parse_pid_start_ticks(text), Count()) << testing::PrintToString(text);
  }
}

TEST(PidStat, OfThisProcessIsAfterTheBoot) {
  const Count ticks = parse_pid_start_ticks(this_host("/proc/self/stat"));
  ASSERT_TRUE(ticks);
  double uptime_seconds = 0;
  std::ifstream("/proc/uptime") >> uptime_seconds;
  EXPECT_GT(*ticks, 0U);
  EXPECT_LE(static_cast<double>(*ticks) / 100, uptime_seconds + 0.02);
}

TEST(BootTime, IsTakenFromItsRow) {
  EXPECT_EQ(parse_boot_time("cpu  1 2 3\nintr 5 0 0\nctxt 6\nbtime 1795477738\nprocesses 6058\n"), 1795477738U);
  EXPECT_EQ(parse_boot_time("cpu 1\nxbtime 2\n"), Count());
  EXPECT_EQ(parse_boot_time("btime 1 2\n"), Count());
  EXPECT_EQ(parse_boot_time(""), Count());
  EXPECT_GT(parse_boot_time(this_host("/proc/stat")), Count(1'000'000'000U));
}

TEST(CgroupProcs, IsOneNumberARow) {
  std::vector<std::uint32_t> pids = {1, 2, 3, 4, 5};
  EXPECT_EQ(parse_pids("1\n4194304\n0\n17\n", pids), 0U);
  EXPECT_THAT(pids, ElementsAre(1U, 4194304U, 0U, 17U));
  EXPECT_EQ(parse_pids("", pids), 0U);
  EXPECT_THAT(pids, IsEmpty());
  EXPECT_EQ(parse_pids("12\n4294967296\n\n 13\n14 \n15\n16", pids), 5U);
  EXPECT_THAT(pids, ElementsAre(12U, 15U));
}

TEST(MountInfo, UndoesEscapesAndSkipsOptionalFields) {
  std::vector<Mount> mounts;
  const std::string_view text =
      "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
      "32 31 0:29 /docker/12f5 /sys/fs/cgroup/cpu,cpuacct rw shared:7 master:1 propagate_from:2 - cgroup cgroup "
      "rw,cpu,cpuacct\n"
      "33 31 8:1 /a\\040b /mnt/tab\\011new\\012line\\134slash rw unbindable - ext4 /dev/sda1 rw\n"
      "34 31 0:30 / /empty-source rw - tmpfs  rw\n"
      "35 31 0:31 - /dash rw - fuse.x none rw,name=-\n";
  EXPECT_EQ(parse_mountinfo(text, mounts), 0U);
  ASSERT_THAT(mounts, SizeIs(5));
  EXPECT_EQ(mounts[0].root, "/");
  EXPECT_EQ(mounts[0].mount_point, "/sys/fs/cgroup");
  EXPECT_EQ(mounts[0].fs_type, "tmpfs");
  EXPECT_EQ(mounts[0].super_options, "rw,mode=755");
  EXPECT_EQ(mounts[0].major, 0U);
  EXPECT_EQ(mounts[0].minor, 28U);
  EXPECT_EQ(mounts[0].source, "tmpfs");
  EXPECT_EQ(mounts[1].root, "/docker/12f5");
  EXPECT_EQ(mounts[1].mount_point, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(mounts[1].super_options, "rw,cpu,cpuacct");
  EXPECT_EQ(mounts[2].root, "/a b");
  EXPECT_EQ(mounts[2].mount_point, "/mnt/tab\tnew\nline\\slash");
  EXPECT_EQ(mounts[2].major, 8U);
  EXPECT_EQ(mounts[2].minor, 1U);
  EXPECT_EQ(mounts[2].source, "/dev/sda1");
  EXPECT_EQ(mounts[3].source, "");
  EXPECT_EQ(mounts[3].fs_type, "tmpfs");
  EXPECT_EQ(mounts[3].super_options, "rw");
  EXPECT_EQ(mounts[4].root, "-");
  EXPECT_EQ(mounts[4].fs_type, "fuse.x");
}

TEST(MountInfo, LeavesAloneWhatIsNoEscape) {
  std::vector<Mount> mounts;
  EXPECT_EQ(parse_mountinfo("1 1 0:1 / /\\04 rw - a b c\n1 1 0:1 / /\\400 rw - a b c\n1 1 0:1 / /\\08x\\ rw - a b c\n"
                            "1 1 0:1 / /\\000 rw - a b c\n1 1 0:1 / /\\377 rw - a b c\n",
                            mounts),
            0U);
  EXPECT_THAT(mounts, ElementsAre(Field(&Mount::mount_point, "/\\04"), Field(&Mount::mount_point, "/\\400"),
                                  Field(&Mount::mount_point, "/\\08x\\"), Field(&Mount::mount_point, "/\\000"),
                                  Field(&Mount::mount_point, "/\xff")));
}

TEST(MountInfo, DropsRowsWithPartsMissing) {
  std::vector<Mount> mounts;
  const std::string_view text =
      "\n1 1 0:1 / /a rw\n1 1 0:1 / /a rw - cgroup\n1 1 0:1 / /a rw - cgroup none\n1 1 0:1 / /a rw cgroup none rw\n"
      "x 1 0:1 / /a rw - a b c\n1 1 01 / /a rw - a b c\n1 1 :1 / /a rw - a b c\n1 1 0: / /a rw - a b c\n1 1 0:x / /a "
      "rw - a b c\n1 1 0:1 / a rw - a b c\n1 1 0:1 / /good rw - a b c\n";
  EXPECT_EQ(parse_mountinfo(text, mounts), 11U);
  EXPECT_THAT(mounts, ElementsAre(Field(&Mount::mount_point, "/good")));
}

TEST(MountInfo, OfThisHostIsUnderstood) {
  std::vector<Mount> mounts;
  const std::string text = this_host("/proc/self/mountinfo");
  EXPECT_EQ(parse_mountinfo(text, mounts), 0U);
  EXPECT_EQ(static_cast<std::ptrdiff_t>(mounts.size()), std::count(text.begin(), text.end(), '\n'));
  EXPECT_THAT(mounts, Each(Field(&Mount::fs_type, Not(IsEmpty()))));
}

std::string processor(int number, const std::string& ids) {
  return "processor\t: " + std::to_string(number) + "\nmodel name\t: AMD EPYC : core id\n" + ids +
         "flags\t\t: fpu vme\npower management:\n\n";
}

TEST(CpuInfo, CountsSocketsAndCoresNotThreads) {
  std::string text;
  int number = 0;
  for (const char* ids : {"physical id\t: 0\ncore id\t\t: 0\n", "physical id\t: 1\ncore id\t\t: 0\n",
                          "physical id\t: 0\ncore id\t\t: 1\n", "physical id\t: 1\ncore id\t\t: 4\n",
                          "physical id\t: 0\ncore id\t\t: 0\n", "physical id\t: 1\ncore id\t\t: 0\n"}) {
    text += processor(number++, ids);
  }
  const CpuTopology topology = parse_cpuinfo(text);
  EXPECT_EQ(topology.sockets, 2U);
  EXPECT_EQ(topology.physical_cores, 4U);
}

TEST(CpuInfo, IsNotGivenWhereAProcessorLacksItsIds) {
  const std::string whole = processor(0, "physical id\t: 0\ncore id\t\t: 0\n");
  EXPECT_EQ(parse_cpuinfo(whole).sockets, 1U);
  for (const std::string& text :
       {std::string(), std::string("processor\t: 0\nBogoMIPS\t: 50.00\nCPU part\t: 0xd0c\n\n"),
        whole + processor(1, ""), whole + processor(1, "physical id\t: 0\n"),
        whole + processor(1, "physical id\t: 0\ncore id\t\t: -1\n"), whole + "processor",
        whole + processor(1, "physical id\t: 0\ncore id\t\t: 0\r\n")}) {
    EXPECT_EQ(parse_cpuinfo(text).sockets, 0U) << text;
    EXPECT_EQ(parse_cpuinfo(text).physical_cores, 0U) << text;
  }
}

TEST(CpuInfo, OfThisHostFitsItsProcessors) {
  const CpuTopology topology = parse_cpuinfo(this_host("/proc/cpuinfo"));
  EXPECT_LE(topology.sockets, topology.physical_cores);
  EXPECT_LE(topology.physical_cores, std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace
}  // namespace tallyman::formats
