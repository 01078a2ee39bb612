#include "collectors/sampling/processes/proc_table.h"

#include "tests/collectors/sampling/processes/process_parts_fixture.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class ProcTableTest : public ProcessPartsTest {
 protected:
  // The ids of those that were read; "10 new" if it is new, or runs another program.
  std::vector<std::string> walk(bool all = false, bool slow = false) {
    std::vector<std::string> read;
    table_.walk(next_scan(slow), all, [&](ScannedProcess& process, bool runs_another) {
      read.push_back(std::to_string(process.stat.pid) + (runs_another ? " new" : ""));
      process.place.cgroup = "/of/" + std::to_string(process.stat.pid);
    });
    return read;
  }
  std::vector<std::uint64_t> vanished() {
    std::vector<std::uint64_t> starts;
    table_.for_each_vanished(scan_, [&](const ScannedProcess& process) { starts.push_back(process.stat.start_ticks); });
    return starts;
  }

  ProcTable table_{files_};
};

TEST_F(ProcTableTest, ReadsNewOnesAFewTimesAndThenOnlyWhenAsked) {
  processes_.set({.pid = 10});
  EXPECT_THAT(walk(), ElementsAre("10 new"));
  EXPECT_THAT(walk(), ElementsAre("10"));
  EXPECT_THAT(walk(), ElementsAre("10"));
  EXPECT_THAT(walk(), IsEmpty());  // it has settled
  EXPECT_THAT(vanished(), IsEmpty());
  EXPECT_THAT(walk(true), ElementsAre("10"));
  EXPECT_THAT(walk(false, true), ElementsAre("10"));
  EXPECT_EQ(table_.find(10)->reads, 5U);
}

TEST_F(ProcTableTest, ReadsBareOnesEachTime) {
  ProcessAccount group;
  processes_.set({.pid = 10});
  walk();
  table_.find(10)->place.group = &group;
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(walk(), ElementsAre("10"));
  }
}

TEST_F(ProcTableTest, NoticesAnotherProgramByTheName) {
  processes_.set({.pid = 10, .comm = "sh"});
  walk();
  processes_.set({.pid = 10, .comm = "nginx"});
  EXPECT_THAT(walk(), ElementsAre("10 new"));
}

TEST_F(ProcTableTest, AnIdThatIsUsedAgainIsABirthAndAnEnd) {
  processes_.set({.pid = 10, .start_ticks = 100});
  walk();
  processes_.set({.pid = 10, .start_ticks = 900});
  EXPECT_THAT(walk(), ElementsAre("10 new"));
  EXPECT_THAT(vanished(), ElementsAre(100U));
  EXPECT_EQ(table_.find_replaced(10)->stat.start_ticks, 100U);
  EXPECT_EQ(table_.find(10)->stat.start_ticks, 900U);
  table_.remove_vanished(scan_);
  EXPECT_EQ(table_.find_replaced(10), nullptr);
  EXPECT_EQ(table_.size(), 1U);
}

TEST_F(ProcTableTest, KeepsThePlaceOfAnEndedOneForOneMoreScan) {
  processes_.set({.pid = 10, .start_ticks = 100});
  processes_.set({.pid = 11});
  EXPECT_THAT(walk(), UnorderedElementsAre("10 new", "11 new"));
  processes_.end(10);
  walk();
  EXPECT_THAT(vanished(), ElementsAre(100U));
  table_.remove_vanished(scan_);
  EXPECT_EQ(table_.find(10), nullptr);
  for (int i = 0; i < 2; ++i) {
    ASSERT_NE(table_.cgroup_of(10), nullptr);
    EXPECT_EQ(*table_.cgroup_of(10), "/of/10");
    walk();
    table_.remove_vanished(scan_);
  }
  EXPECT_EQ(table_.cgroup_of(10), nullptr);
  EXPECT_EQ(*table_.cgroup_of(11), "/of/11");
}

TEST_F(ProcTableTest, OneThatCannotBeReadHasNotEnded) {
  processes_.set({.pid = 10});
  walk();
  processes_.host.remove("proc/10/stat").dir("proc/10/stat");
  EXPECT_THAT(walk(), IsEmpty());
  EXPECT_EQ(scan_.report.faults(), 1U);
  EXPECT_THAT(vanished(), IsEmpty());
}

TEST_F(ProcTableTest, WithoutAProcAllHaveEnded) {
  processes_.set({.pid = 10, .start_ticks = 100});
  walk();
  processes_.host.remove("proc");
  EXPECT_THAT(walk(), IsEmpty());
  EXPECT_THAT(vanished(), ElementsAre(100U));
}

}  // namespace
}  // namespace tallyman
