#include "collectors/sampling/processes/child_book.h"

#include "collectors/sampling/processes/proc_table.h"
#include "tests/collectors/sampling/processes/process_parts_fixture.h"

namespace tallyman {
namespace {

class ChildBookTest : public ProcessPartsTest {
 protected:
  // As a scan does: each process is at home in "/", and has the totals of its stat.
  void walk() {
    std::vector<ProcessReading> readings;
    table_.walk(next_scan(), true, [&](ScannedProcess& process, bool) {
      process.place.executable = process.stat.comm;
      process.place.home = &account("/");
      process.totals = cpu(process.stat.utime_ticks * kNsecPerTick);
      readings.push_back({&process, process.totals});
    });
    book_.book(readings, scan_);
    table_.remove_vanished(scan_);
  }
  // What this book has added, by program.
  std::uint64_t ticks(const std::string& program) {
    for (const ExecutableStats& one : account("/").programs.facts()) {
      if (one.name == program) {
        return one.cpu_nsec / kNsecPerTick;
      }
    }
    return 0;
  }

  ProcTable table_{files_};
  ChildBook book_{table_};
};

TEST_F(ChildBookTest, UnseenChildrenAreTheirParentsButNotThoseOfLongAgo) {
  processes_.set({.pid = 10, .comm = "bash", .cutime = 500});
  walk();
  EXPECT_EQ(ticks("bash"), 0U);
  processes_.set({.pid = 10, .comm = "bash", .cutime = 520, .cstime = 3});
  walk();
  EXPECT_EQ(ticks("bash"), 23U);
}

TEST_F(ChildBookTest, OfASeenChildOnlyTheRestIsBookedAndOnItsProgram) {
  processes_.set({.pid = 10, .comm = "bash"});
  processes_.set({.pid = 11, .ppid = 10, .comm = "make", .utime = 40});
  walk();
  processes_.end(11);
  processes_.set({.pid = 10, .comm = "bash", .cutime = 45});
  walk();
  EXPECT_EQ(ticks("make"), 5U);
  EXPECT_EQ(ticks("bash"), 0U);
}

TEST_F(ChildBookTest, TheNextScanStillKnowsAChildThatIsWaitedForLate) {
  processes_.set({.pid = 10, .comm = "bash"});
  processes_.set({.pid = 11, .ppid = 10, .comm = "make", .utime = 40});
  walk();
  processes_.end(11);
  walk();
  processes_.set({.pid = 10, .comm = "bash", .cutime = 45});
  walk();
  EXPECT_EQ(ticks("make") + ticks("bash"), 5U);
  processes_.set({.pid = 10, .comm = "bash", .cutime = 55});
  walk();
  EXPECT_EQ(ticks("make") + ticks("bash"), 15U);
}

TEST_F(ChildBookTest, AnEndedParentHandsItsChildrenOn) {
  processes_.set({.pid = 10, .comm = "bash"});
  processes_.set({.pid = 11, .ppid = 10, .comm = "make", .utime = 5});
  processes_.set({.pid = 12, .ppid = 11, .comm = "cc1", .utime = 40});
  walk();
  processes_.end(11);
  processes_.end(12);
  processes_.set({.pid = 10, .comm = "bash", .cutime = 47});
  walk();
  EXPECT_EQ(ticks("bash") + ticks("make") + ticks("cc1"), 2U);
}

}  // namespace
}  // namespace tallyman
