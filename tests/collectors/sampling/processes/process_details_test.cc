#include "collectors/sampling/processes/process_details.h"

#include "tests/collectors/sampling/processes/fake_taskstats.h"
#include "tests/collectors/sampling/processes/process_parts_fixture.h"

#include <unistd.h>

namespace tallyman {
namespace {

constexpr ProcessDetails::How kBare{.bare = true, .first = false};
constexpr ProcessDetails::How kContained{.bare = false, .first = false};

class ProcessDetailsTest : public ProcessPartsTest {
 protected:
  void make(ProcessDetails::Options options, Taskstats* taskstats = nullptr) {
    details_ = std::make_unique<ProcessDetails>(files_, options, taskstats);
  }
  Tallies read(std::uint32_t pid, ProcessDetails::How how, bool slow = false) {
    details_->begin_scan();
    return details_->read(of_[pid], files_.stat(pid).value(), how, next_scan(slow));
  }
  // Of a process: its directory with open files, two of them sockets.
  void open_files(std::uint32_t pid) {
    const std::string at = "proc/" + std::to_string(pid) + "/fd";
    processes_.host.dir(at);
    for (const char* target : {"socket:[1]", "socket:[2]", "/dev/null"}) {
      std::filesystem::create_symlink(target, processes_.host.path(at + "/" + std::to_string(next_file_++)));
    }
  }
  void thread(std::uint32_t pid, std::uint32_t id, std::uint64_t run_nsec) {
    const std::string at = "proc/" + std::to_string(pid) + "/task/" + std::to_string(id);
    processes_.host.file(at + "/schedstat", std::to_string(run_nsec) + " 2 3\n");
  }

  std::map<std::uint32_t, ProcessDetails::OfProcess> of_;
  std::unique_ptr<ProcessDetails> details_ =
      std::make_unique<ProcessDetails>(files_, ProcessDetails::Options{}, nullptr);
  std::uint64_t page_ = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  int next_file_ = 0;
};

TEST_F(ProcessDetailsTest, ABareProcessHasBytesAndMemory) {
  processes_.set({.pid = 10, .utime = 3, .stime = 2, .minflt = 7, .majflt = 1, .read_bytes = 512, .write_bytes = 4096});
  const Tallies now = read(10, kBare);
  EXPECT_EQ(now[Tally::kCpu], 5 * kNsecPerTick);
  EXPECT_EQ(now[Tally::kUser], 3 * kNsecPerTick);
  EXPECT_EQ(now[Tally::kFaults], 8U);
  EXPECT_EQ(now[Tally::kReadBytes], 512U);
  EXPECT_EQ(now[Tally::kWrittenBytes], 4096U);
  EXPECT_EQ(of_[10].resident_bytes, 10 * page_);
  EXPECT_EQ(of_[10].anon, 6 * page_);
}

TEST_F(ProcessDetailsTest, OneInAContainerHasOnlyWhatItsStatSays) {
  processes_.set({.pid = 10, .utime = 3, .read_bytes = 512});
  const Tallies now = read(10, kContained, true);
  EXPECT_EQ(now[Tally::kCpu], 3 * kNsecPerTick);
  EXPECT_FALSE(now.knows(Tally::kReadBytes));
  EXPECT_EQ(of_[10].resident_bytes, 10 * page_);
  EXPECT_FALSE(of_[10].anon);
  EXPECT_FALSE(of_[10].swap);
}

TEST_F(ProcessDetailsTest, SwapAndOpenFilesAreReadFirstAndInSlowScans) {
  processes_.set({.pid = 10});
  open_files(10);
  read(10, {.bare = true, .first = true});
  EXPECT_EQ(of_[10].swap, 8 * 1024U);
  EXPECT_EQ(of_[10].open_files, 3U);
  EXPECT_EQ(of_[10].sockets, 2U);
  open_files(10);
  read(10, kBare);
  EXPECT_EQ(of_[10].open_files, 3U);
  read(10, kBare, true);
  EXPECT_EQ(of_[10].open_files, 6U);
  EXPECT_EQ(of_[10].sockets, 4U);
}

TEST_F(ProcessDetailsTest, WhatMayNotBeReadIsUnknownAndReportedInSlowScans) {
  make({.open_files = false});
  processes_.set({.pid = 10});
  processes_.host.remove("proc/10/io").dir("proc/10/io");
  EXPECT_FALSE(read(10, kBare).knows(Tally::kReadBytes));
  EXPECT_EQ(scan_.report.faults(), 0U);
  read(10, kBare, true);
  EXPECT_EQ(scan_.report.faults(), 1U);
}

TEST_F(ProcessDetailsTest, AKernelThreadHasNoFiles) {
  processes_.set({.pid = 3, .executable = "", .stime = 4});
  const Tallies now = read(3, kBare, true);
  EXPECT_EQ(now[Tally::kCpu], 4 * kNsecPerTick);
  EXPECT_TRUE(now.knows(Tally::kReadBytes));
  EXPECT_EQ(of_[3].anon, 0U);
  EXPECT_EQ(of_[3].open_files, 0U);
  EXPECT_EQ(scan_.report.faults(), 0U);
}

TEST_F(ProcessDetailsTest, OfAZombieOnlyTimesAreRead) {
  processes_.set({.pid = 10});
  read(10, kBare);
  processes_.set({.pid = 10, .utime = 9, .resident_pages = 0, .state = 'Z'});
  const Tallies now = read(10, kBare);
  EXPECT_EQ(now[Tally::kCpu], 9 * kNsecPerTick);
  EXPECT_FALSE(now.knows(Tally::kReadBytes));
  EXPECT_EQ(of_[10].resident_bytes, 10 * page_);
}

TEST_F(ProcessDetailsTest, PssIsReadForTwentyAScanAndOnceAMinute) {
  make({.pss = true});
  details_->begin_scan();
  const auto read_all = [this] {
    std::size_t known = 0;
    for (std::uint32_t pid = 1; pid <= 30; ++pid) {
      details_->read(of_[pid], files_.stat(pid).value(), kBare, scan_);
      known += of_[pid].pss ? 1U : 0U;
    }
    return known;
  };
  for (std::uint32_t pid = 1; pid <= 30; ++pid) {
    processes_.set({.pid = pid});
    processes_.host.file("proc/" + std::to_string(pid) + "/smaps_rollup", "Pss:    4 kB\n");
  }
  next_scan();
  EXPECT_EQ(read_all(), 20U);
  details_->begin_scan();
  next_scan();
  EXPECT_EQ(read_all(), 30U);
  processes_.host.file("proc/1/smaps_rollup", "Pss:    8 kB\n");
  details_->begin_scan();
  scan_.time = at_second(60);
  read_all();
  EXPECT_EQ(of_[1].pss, 4 * 1024U);  // 59 s after it was read
  details_->begin_scan();
  scan_.time = at_second(61);
  read_all();
  EXPECT_EQ(of_[1].pss, 8 * 1024U);
}

TEST_F(ProcessDetailsTest, PssOfALargeProcessIsNotRead) {
  make({.pss = true});
  processes_.set({.pid = 10, .resident_pages = 512ULL * 1024 * 1024 / page_ + 1});
  processes_.host.file("proc/10/smaps_rollup", "Pss:    4 kB\n");
  read(10, kBare);
  EXPECT_FALSE(of_[10].pss);
}

TEST_F(ProcessDetailsTest, TheTimesOfThreadsStayWhenTheyEnd) {
  make({.sched = true});
  processes_.set({.pid = 10, .threads = 2});
  thread(10, 10, 100);
  thread(10, 12, 40);
  EXPECT_EQ(read(10, kContained)[Tally::kRun], 140U);
  processes_.host.remove("proc/10/task/12");
  thread(10, 10, 130);
  EXPECT_EQ(read(10, kContained)[Tally::kRun], 170U);
}

TEST_F(ProcessDetailsTest, CountsTheStatesOfThreads) {
  make({.tasks = true});
  processes_.set({.pid = 10, .threads = 2});
  processes_.host.file("proc/10/task/10/stat", ProcessHost::stat_line({.pid = 10, .state = 'R'}));
  processes_.host.file("proc/10/task/11/stat", ProcessHost::stat_line({.pid = 11, .state = 'D'}));
  read(10, kContained);
  EXPECT_EQ(of_[10].tasks.running, 1U);
  EXPECT_EQ(of_[10].tasks.uninterruptible, 1U);
  EXPECT_EQ(of_[10].tasks.sleeping, 0U);
}

TEST_F(ProcessDetailsTest, ExactTimesReplaceTheTicks) {
  FakeTaskstats kernel;
  make({}, &kernel);
  kernel.by_pid[10] = kernel.by_pid[11] = ran(1'234);
  processes_.set({.pid = 10, .utime = 3});
  processes_.set({.pid = 11, .utime = 3, .state = 'Z'});
  std::map<std::uint32_t, ScannedProcess> processes;
  std::vector<ProcessReading> readings;
  for (const std::uint32_t pid : {10U, 11U}) {
    processes[pid].stat = files_.stat(pid).value();
    readings.push_back({&processes[pid], read(pid, kBare)});
    EXPECT_FALSE(readings.back().now.knows(Tally::kCpu));
  }
  details_->add_exact_times(readings);
  EXPECT_EQ(readings[0].now[Tally::kCpu], 1'234U);
  EXPECT_EQ(readings[0].now[Tally::kRunqueue], 123U);
  EXPECT_EQ(readings[0].now[Tally::kUser], 3 * kNsecPerTick);
  EXPECT_EQ(readings[1].now[Tally::kCpu], 0U);  // the record of its exit has it
}

// While a thread ends, the kernel may report it twice: 61 ms of a process that has used 30.
TEST_F(ProcessDetailsTest, AnExactTimeIsNeverMoreThanTheTicksAllow) {
  FakeTaskstats kernel;
  make({}, &kernel);
  constexpr std::uint64_t kMsec = 1'000'000;
  kernel.by_pid = {{10, ran(61 * kMsec)}, {11, ran(61 * kMsec)}, {12, ran(50 * kMsec)}, {13, ran(61 * kMsec)}};
  std::map<std::uint32_t, ScannedProcess> processes;
  std::vector<ProcessReading> readings;
  for (const std::uint32_t pid : {10U, 11U, 12U, 13U}) {
    processes_.set({.pid = pid, .utime = 2, .stime = 1});
    processes[pid].stat = files_.stat(pid).value();
    readings.push_back({&processes[pid], read(pid, kBare)});
  }
  processes_.set({.pid = 11, .utime = 4, .stime = 1});  // it runs on before the kernel is asked
  processes_.host.remove("proc/13");
  details_->add_exact_times(readings);
  EXPECT_EQ(readings[0].now[Tally::kCpu], 30 * kMsec);
  EXPECT_EQ(readings[0].now[Tally::kRunqueue], 0U);  // its other figures are wrong, too
  EXPECT_EQ(readings[1].now[Tally::kCpu], 61 * kMsec);
  EXPECT_EQ(readings[2].now[Tally::kCpu], 50 * kMsec);
  EXPECT_EQ(readings[3].now[Tally::kCpu], 0U);  // the record of its exit has it
}

}  // namespace
}  // namespace tallyman
