#include "collectors/sampling/lifecycle/cpu_balance.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

class Balance : public ::testing::Test {
 protected:
  void pass(std::map<std::string, std::uint64_t> usage) {
    std::vector<CpuBalance::Reading> readings;
    for (const auto& [id, nsec] : usage) readings.push_back({&id, inodes_[id], nsec});
    balance_.pass(readings, std::exchange(first_, false));
  }
  // -1: no row.
  std::int64_t unattributed(const std::string& id) const {
    for (const UnattributedCpu& row : balance_.rows()) {
      if (row.id == id) return static_cast<std::int64_t>(row.nsec);
    }
    return -1;
  }

  bool first_ = true, has_processes_ = false;
  std::map<std::string, std::uint64_t> inodes_;
  CpuBalance balance_{[this](const std::string&) { return has_processes_; }};
};

TEST_F(Balance, IsWhatNoChildAccountsFor) {
  pass({{"/", 900}, {"/docker", 500}, {"/docker/a", 100}, {"/docker/b", 200}});  // 200 are of the time before
  balance_.ended("/docker/b", 220);
  for (int i = 0; i < 3; ++i) pass({{"/", 990}, {"/docker", 570}, {"/docker/a", 110}});
  EXPECT_EQ(unattributed("/docker"), 40);
  for (int i = 0; i < 3; ++i) pass({{"/", 990}, {"/docker", 590}, {"/docker/a", 130}});
  EXPECT_EQ(unattributed("/docker"), 40) << "what the living use is theirs";
  EXPECT_EQ(unattributed("/docker/a"), -1);
}

TEST_F(Balance, AGroupOfProcessesHasNoParent) {
  pass({{"/", 0}, {"process:nginx", 0}});
  pass({{"/", 100}});
  balance_.ended("process:nginx", 40);
  balance_.ended("process:/odd/name", 40);
  for (int i = 0; i < 3; ++i) pass({{"/", 200}, {"process:nginx", 100}});
  EXPECT_TRUE(balance_.rows().empty());
}

TEST_F(Balance, CountsUnseenChildren) {
  pass({{"/", 10}});
  pass({{"/", 10}, {"/jobs", 0}});
  balance_.ended("/jobs/1", 0);
  for (int i = 0; i < 3; ++i) pass({{"/", 60}, {"/jobs", 50}});
  EXPECT_EQ(unattributed("/jobs"), 50);
}

TEST_F(Balance, WaitsForWhatIsKnownALittleLater) {
  pass({{"/", 0}, {"/jobs", 0}});
  balance_.ended("/jobs/1", 10);
  pass({{"/", 100}, {"/jobs", 100}});
  pass({{"/", 100}, {"/jobs", 100}});
  balance_.ended("/jobs/1", 90);
  for (int i = 0; i < 5; ++i) pass({{"/", 100}, {"/jobs", 100}});
  EXPECT_EQ(unattributed("/jobs"), 0);
}

TEST_F(Balance, NeverFalls) {
  pass({{"/", 0}, {"/jobs", 0}});
  balance_.ended("/jobs/1", 0);
  for (int i = 0; i < 3; ++i) pass({{"/", 100}, {"/jobs", 100}});
  for (int i = 0; i < 3; ++i) pass({{"/", 100}, {"/jobs", 100}, {"/jobs/2", 30}});  // read later than its parent
  EXPECT_EQ(unattributed("/jobs"), 100);
}

TEST_F(Balance, LeavesOutParentsWithProcessesOfTheirOwn) {
  has_processes_ = true;
  pass({{"/", 0}, {"/jobs", 0}});
  balance_.ended("/jobs/1", 0);
  for (int i = 0; i < 3; ++i) pass({{"/", 100}, {"/jobs", 100}});
  EXPECT_EQ(unattributed("/jobs"), -1);
}

TEST_F(Balance, RestartsForARecreatedParent) {
  pass({{"/", 0}, {"/jobs", 0}});
  balance_.ended("/jobs/1", 0);
  for (int i = 0; i < 3; ++i) pass({{"/", 100}, {"/jobs", 100}});
  inodes_["/jobs"] = 7;
  pass({{"/", 100}, {"/jobs", 0}});
  EXPECT_EQ(unattributed("/jobs"), -1);
  balance_.ended("/jobs/2", 5);
  for (int i = 0; i < 3; ++i) pass({{"/", 110}, {"/jobs", 10}});
  EXPECT_EQ(unattributed("/jobs"), 5);
}

TEST_F(Balance, GivesTheOrphanToTheNearestExistingAncestor) {
  pass({{"/", 0}, {"/a", 0}});
  balance_.ended("/a/gone/child", 30);
  for (int i = 0; i < 3; ++i) pass({{"/", 40}, {"/a", 40}});
  EXPECT_EQ(unattributed("/a"), 10);
}

}  // namespace
}  // namespace tallyman
