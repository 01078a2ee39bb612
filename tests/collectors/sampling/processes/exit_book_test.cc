#include "collectors/sampling/processes/exit_book.h"

#include "collectors/sampling/processes/proc_table.h"
#include "tests/collectors/sampling/processes/fake_taskstats.h"
#include "tests/collectors/sampling/processes/process_parts_fixture.h"

namespace tallyman {
namespace {

class ExitBookTest : public ProcessPartsTest {
 protected:
  // As a scan does, without reading values.
  void walk() {
    table_.walk(next_scan(), true, [this](ScannedProcess& process, bool runs_another) {
      if (runs_another) {
        places_.read_program(process.place, process.stat, scan_);
        places_.read_cgroups(process.place, process.stat, scan_);
      }
    });
  }
  void book(std::vector<TaskExit> exits) {
    kernel_.exits = std::move(exits);
    book_.take(scan_.time.wall_nsec);
    book_.book(scan_.time);
    table_.remove_vanished(scan_);
  }
  static TaskExit thread_of(std::uint32_t tgid, std::uint64_t faults) {
    TaskExit exit = exit_of(tgid + 1, 1, "thread", 0);
    exit.tgid = tgid;
    exit.minflt = faults;
    exit.process.reset();
    return exit;
  }

  FakeTaskstats kernel_;
  ProcTable table_{files_};
  ProcessPlaces places_{files_, accounts_, ProcessGrouping::make({}).value(), true};
  InitExits inits_;
  ExitBook book_{table_, places_, &kernel_, &inits_};
};

TEST_F(ExitBookTest, BooksWhatAKnownProcessUsedAfterItsLastReadOnce) {
  processes_.set({.pid = 10});
  walk();
  table_.find(10)->totals = cpu(1'000);
  book({exit_of(10, 1, "nginx", 1'700), exit_of(10, 1, "nginx", 1'700)});
  EXPECT_EQ(cpu_nsec("/"), 700U + 1'700U);  // the second is another, unseen process of that id
  EXPECT_EQ(book_.exits(), 2U);
}

TEST_F(ExitBookTest, BytesAreBookedOnlyIfTheyWereReadBefore) {
  processes_.set({.pid = 10});
  processes_.set({.pid = 11});
  walk();
  table_.find(11)->totals.set(Tally::kReadBytes, 100);
  TaskExit first = exit_of(10, 1, "nginx", 5), second = exit_of(11, 1, "nginx", 5);
  first.read_bytes = second.read_bytes = 150;
  book({first, second});
  EXPECT_EQ(account("/").totals[Tally::kReadBytes], 50U);
}

TEST_F(ExitBookTest, ARecordGoesToTheFormerOwnerOfTheId) {
  processes_.set({.pid = 10, .cgroup = "/docker/web", .start_ticks = 100});
  walk();
  processes_.set({.pid = 10, .start_ticks = 900});
  walk();
  book({exit_of(10, 1, "nginx", 70)});
  EXPECT_EQ(cpu_nsec("/docker/web"), 70U);
  EXPECT_EQ(cpu_nsec_of_group("nginx"), 0U);
}

TEST_F(ExitBookTest, ThreadsThatEndedBeforeAddTheirFaultsToTheirProcess) {
  processes_.set({.pid = 10});
  walk();
  book({thread_of(10, 3), thread_of(50, 4), exit_of(10, 1, "nginx", 0), exit_of(50, 1, "sh", 0)});
  EXPECT_EQ(account("/").totals[Tally::kFaults], 7U);
  EXPECT_EQ(book_.exits(), 2U);
}

TEST_F(ExitBookTest, TheUnseenAreBookedWhereTheirNearestKnownAncestorIsOrWas) {
  processes_.set({.pid = 10, .cgroup = "/docker/web"});
  walk();
  processes_.end(10);
  walk();
  book({exit_of(10, 1, "nginx", 0)});
  walk();
  // The child of a child that was not seen either. Its record comes later.
  book({exit_of(51, 50, "grep", 30), exit_of(50, 10, "sh", 70)});
  EXPECT_EQ(cpu_nsec("/docker/web"), 100U);
  for (int i = 0; i < 2; ++i) {
    walk();
    book({});
  }
  book({exit_of(52, 10, "sh", 5)});  // its parent ended too long ago
  EXPECT_EQ(cpu_nsec("/docker/web"), 100U);
  EXPECT_EQ(cpu_nsec_of_group("sh"), 5U);
}

TEST_F(ExitBookTest, ParentsThatFormACircleEndTheSearch) {
  walk();
  book({exit_of(50, 51, "sh", 5), exit_of(51, 50, "sh", 6)});
  EXPECT_EQ(cpu_nsec_of_group("sh"), 11U);
}

TEST_F(ExitBookTest, TakesAsOftenAsItLikesAndBooksOnce) {
  walk();
  kernel_.exits = {exit_of(50, 1, "sh", 5)};
  book_.take(scan_.time.wall_nsec);
  kernel_.exits = {exit_of(51, 1, "sh", 6)};
  book_.take(scan_.time.wall_nsec);
  EXPECT_EQ(cpu_nsec_of_group("sh"), 0U);
  book_.book(scan_.time);
  book_.book(scan_.time);
  EXPECT_EQ(cpu_nsec_of_group("sh"), 11U);
  kernel_.overflow_count = 3;
  EXPECT_EQ(book_.overflows(), 3U);
}

TEST_F(ExitBookTest, KeepsHowTheFirstProcessOfAContainerEnded) {
  processes_.set({.pid = 10, .cgroup = "/docker/web"});
  processes_.set({.pid = 11, .cgroup = "/docker/web"});
  walk();
  account("/docker/web").init_pid = 10;
  TaskExit init = exit_of(10, 1, "sh", 0), child = exit_of(11, 10, "sleep", 0), thread = thread_of(10, 0);
  init.wait_status = 3 << 8;
  child.wait_status = 9;
  thread.wait_status = 4 << 8;
  kernel_.exits = {thread, child};
  book_.take(50);
  EXPECT_EQ(inits_.status_of(*account("/docker/web").workload), std::nullopt) << "neither a thread nor a child";
  kernel_.exits = {init};
  book_.take(60);
  EXPECT_EQ(inits_.status_of(*account("/docker/web").workload), 3U << 8U);
  EXPECT_EQ(inits_.status_of(*account("/docker").workload), std::nullopt);
  Workload named;
  named.container.init_pid = 11;
  EXPECT_EQ(inits_.status_of(named), 9U) << "of all processes by pid, for those that a runtime names";
  EXPECT_FALSE(inits_.may_follow(59));
  EXPECT_TRUE(inits_.may_follow(60));
}

TEST_F(ExitBookTest, IsEmptyWithoutTaskstats) {
  ExitBook none(table_, places_, nullptr);
  walk();
  none.take(1);
  none.book(scan_.time);
  EXPECT_EQ(none.exits(), 0U);
  EXPECT_EQ(none.overflows(), 0U);
  EXPECT_EQ(cpu_nsec("/"), 0U);
}

}  // namespace
}  // namespace tallyman
