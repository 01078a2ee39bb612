#include "collectors/kernel/formats/process_text.h"

#include "collectors/kernel/stats/process_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tallyman::formats {
namespace {

using testing::ElementsAre;
using testing::Field;

// Of Linux 6.18, with the figures at places of interest made to differ.
std::string line(const std::string& name) {
  return "1234 (" + name +
         ") S 77 1234 1234 0 -1 4194560 11 12 13 14 15 16 17 18 20 0 3 0 4242 12345678 99 18446744073709551615 1 1 0 0 "
         "0 0 0 0 0 0 0 0 17 1 0 0 5 0 0 0 0 0 0 0 0 0 0\n";
}

TEST(PidStat, TakesEveryField) {
  PidStat stat;
  ASSERT_TRUE(parse_pid_stat(line("nginx"), stat));
  EXPECT_EQ(stat.pid, 1234U);
  EXPECT_EQ(stat.comm, "nginx");
  EXPECT_EQ(stat.state, 'S');
  EXPECT_EQ(stat.ppid, 77U);
  EXPECT_EQ(stat.minflt, 11U);
  EXPECT_EQ(stat.cminflt, 12U);
  EXPECT_EQ(stat.majflt, 13U);
  EXPECT_EQ(stat.cmajflt, 14U);
  EXPECT_EQ(stat.utime_ticks, 15U);
  EXPECT_EQ(stat.stime_ticks, 16U);
  EXPECT_EQ(stat.cutime_ticks, 17U);
  EXPECT_EQ(stat.cstime_ticks, 18U);
  EXPECT_EQ(stat.threads, 3U);
  EXPECT_EQ(stat.start_ticks, 4242U);
  EXPECT_EQ(stat.rss_pages, 99U);
  EXPECT_FALSE(stat.is_kernel_thread());
}

TEST(PidStat, TakesAnyName) {
  for (const std::string name : {"", "a b", ") S 1 (", "a)\n(b", "((", "))", "\x01\xff"}) {
    PidStat stat;
    EXPECT_TRUE(parse_pid_stat(line(name), stat)) << name;
    EXPECT_EQ(stat.comm, name);
    EXPECT_EQ(stat.start_ticks, 4242U);
  }
}

TEST(PidStat, RefusesWhatIsCutOffOrNoNumber) {
  const std::string whole = line("nginx");
  PidStat stat;
  stat.pid = 7;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_pid_stat(whole.substr(0, size), stat)) << size;
  }
  EXPECT_FALSE(parse_pid_stat("x (nginx) S 1\n", stat));
  EXPECT_FALSE(parse_pid_stat("1 (nginx) S 77 1 1 0 -1 0 11 12 13 14 x 16 17 18 20 0 3 0 4242 1 99 0\n", stat));
  EXPECT_EQ(stat.pid, 7U);
}

TEST(PidStat, AResidentSetBelowZeroIsNone) {
  PidStat stat;
  ASSERT_TRUE(parse_pid_stat("1 (x) S 0 1 1 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 20 0 -3 0\n", stat));
  EXPECT_EQ(stat.rss_pages, 0U);
  EXPECT_TRUE(stat.is_kernel_thread());
}

TEST(PidStat, TimesBelowZeroAreNone) {
  PidStat stat;
  ASSERT_TRUE(
      parse_pid_stat("26232 (ata_sff) S 2 0 0 0 -1 69238880 0 0 0 0 1 -2 -9223372036854775808 "
                     "9223372036854775807 0 -20 1 0 5 0 18446744073709551615 0\n",
                     stat));
  EXPECT_EQ(stat.utime_ticks, 1U);
  EXPECT_EQ(stat.stime_ticks, 0U);
  EXPECT_EQ(stat.cutime_ticks, 0U);
  EXPECT_EQ(stat.cstime_ticks, 0U) << "times 10 ms is no number of nanoseconds";
  EXPECT_EQ(stat.rss_pages, 0U);
}

TEST(InitLevels, AreThoseOfTheFirstProcessOfItsNamespace) {
  EXPECT_EQ(parse_init_levels("Name:\tsystemd\nNSpid:\t1234\t1\nNSsid:\t1\n"), 2U);
  EXPECT_EQ(parse_init_levels("NSpid:\t1234\t55\t1\n"), 3U);
  EXPECT_EQ(parse_init_levels("NSpid:\t1\n"), 0U) << "the reader's own";
  EXPECT_EQ(parse_init_levels("NSpid:\t1234\t11\n"), 0U);
  EXPECT_EQ(parse_init_levels("Name:\tx\n"), 0U) << "before Linux 4.1";
}

TEST(Statm, TakesResidentAndShared) {
  PidMemory memory;
  ASSERT_TRUE(parse_statm("5000 300 120 50 0 400 0\n", memory));
  EXPECT_EQ(memory.resident, 300U);
  EXPECT_EQ(memory.shared, 120U);
  EXPECT_FALSE(parse_statm("5000 300", memory));
  EXPECT_FALSE(parse_statm("", memory));
}

TEST(Schedstat, TakesThreeNumbers) {
  SchedStat sched;
  ASSERT_TRUE(parse_schedstat("4650528 28650431 3\n", sched));
  EXPECT_EQ(sched.run_nsec, 4650528U);
  EXPECT_EQ(sched.runqueue_nsec, 28650431U);
  EXPECT_EQ(sched.timeslices, 3U);
  EXPECT_FALSE(parse_schedstat("1 2\n", sched));
}

TEST(PidIo, TakesWhatReachedDevices) {
  PidIo io;
  EXPECT_EQ(parse_pid_io("rchar: 9\nwchar: 8\nsyscr: 1\nsyscw: 1\nread_bytes: 4096\nwrite_bytes: 67108864\n"
                         "cancelled_write_bytes: 5\n",
                         io),
            0U);
  EXPECT_EQ(io.read_bytes, 4096U);
  EXPECT_EQ(io.write_bytes, 67108864U);
  PidIo torn;
  EXPECT_EQ(parse_pid_io("read_bytes: 4096\nwrite_bytes: 6710", torn), 1U);
  EXPECT_EQ(torn.read_bytes, 4096U);
  EXPECT_FALSE(torn.write_bytes);
}

TEST(PidStatus, TakesUserSwapAndSwitches) {
  PidStatus status;
  EXPECT_EQ(parse_pid_status("Name:\tnginx\nUid:\t33\t34\t35\t36\nVmSwap:\t      12 kB\n"
                             "voluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t545\n",
                             status),
            0U);
  EXPECT_EQ(status.uid, 33U);
  EXPECT_EQ(status.swap_bytes, 12 * 1024U);
  EXPECT_EQ(status.voluntary_switches, 150U);
  EXPECT_EQ(status.involuntary_switches, 545U);
}

TEST(PidCgroup, TakesPathsWithColonsAndCutsOffDeleted) {
  std::vector<CgroupMembership> rows;
  EXPECT_EQ(parse_pid_cgroup("9:name=systemd:/\n4:cpu,cpuacct:/docker/a:b\n0::/gone (deleted)\n", rows), 0U);
  EXPECT_THAT(rows, ElementsAre(Field(&CgroupMembership::path, "/"), Field(&CgroupMembership::path, "/docker/a:b"),
                                Field(&CgroupMembership::path, "/gone")));
  EXPECT_EQ(rows[1].hierarchy, 4U);
  EXPECT_EQ(parse_pid_cgroup("4:memory\nx::/a\n4:memory:a\n0::/b\n", rows), 3U);
  EXPECT_THAT(rows, ElementsAre(Field(&CgroupMembership::path, "/b")));
}

TEST(SmapsRollup, TakesOnlyTheShare) {
  EXPECT_EQ(
      parse_smaps_rollup_pss("55d0-7ffd ---p 00000000 00:00 0                    [rollup]\n"
                             "Rss:                2040 kB\nPss:                 512 kB\nPss_Dirty:      100 kB\n"),
      512 * 1024U);
  EXPECT_FALSE(parse_smaps_rollup_pss("Pss:                 51"));
  EXPECT_FALSE(parse_smaps_rollup_pss(""));
}

TEST(Limits, TakesTheSoftLimitOfOpenFiles) {
  EXPECT_EQ(parse_open_files_limit("Limit                     Soft Limit           Hard Limit           Units     \n"
                                   "Max open files            1024                 1048576              files     \n"),
            1024U);
  EXPECT_EQ(parse_open_files_limit("Max open files            unlimited            unlimited            files     \n"),
            kUnlimited);
  EXPECT_FALSE(parse_open_files_limit("Max open files            10"));
}

TEST(Passwd, FindsANameByNumber) {
  const std::string text = "root:x:0:0:root:/root:/bin/sh\n# a comment\nwww-data:x:33:33::/var/www:/bin/false\nodd\n";
  EXPECT_EQ(user_of_passwd(text, 33), "www-data");
  EXPECT_EQ(user_of_passwd(text, 0), "root");
  EXPECT_EQ(user_of_passwd(text, 1), "");
}

}  // namespace
}  // namespace tallyman::formats
