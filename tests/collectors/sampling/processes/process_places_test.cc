#include "collectors/sampling/processes/process_places.h"

#include "tests/collectors/sampling/processes/fake_taskstats.h"
#include "tests/collectors/sampling/processes/process_parts_fixture.h"

namespace tallyman {
namespace {

class ProcessPlacesTest : public ProcessPartsTest {
 protected:
  void make(std::vector<ProcessRule> rules, bool groups = true) {
    places_ =
        std::make_unique<ProcessPlaces>(files_, accounts_, ProcessGrouping::make(std::move(rules)).value(), groups);
  }
  // As a scan does with a new process.
  ProcessPlaces::OfProcess& put(const FakeProcess& process) {
    processes_.set(process);
    stat_ = files_.stat(process.pid).value();
    places_->read_program(place_, stat_, next_scan());
    places_->read_cgroups(place_, stat_, scan_);
    return place_;
  }

  ProcessPlaces::OfProcess place_;
  PidStat stat_;
  std::unique_ptr<ProcessPlaces> places_ =
      std::make_unique<ProcessPlaces>(files_, accounts_, ProcessGrouping::make({}).value(), true);
};

TEST_F(ProcessPlacesTest, TheDeepestKnownCgroupIsTheHome) {
  put({.pid = 10, .cgroup = "/docker/web/unknown/below"});
  EXPECT_EQ(place_.home, &account("/docker/web"));
  EXPECT_EQ(place_.cgroup, "/docker/web/unknown/below");
  EXPECT_EQ(place_.cgroups.size(), 1U);  // two hierarchies, one path
  EXPECT_FALSE(place_.is_bare());
}

TEST_F(ProcessPlacesTest, ABareProcessIsBookedOnItsHomeAndItsGroup) {
  put({.pid = 10, .cgroup = "/docker"});
  ASSERT_TRUE(place_.is_bare());
  EXPECT_EQ(place_.group->workload->workload, "nginx");
  place_.book(cpu(7), scan_.time);
  EXPECT_EQ(cpu_nsec("/docker"), 7U);
  EXPECT_EQ(cpu_nsec("/"), 7U);
  EXPECT_EQ(cpu_nsec_of_group("nginx"), 7U);
}

TEST_F(ProcessPlacesTest, WithoutGroupsNoneIsBare) {
  make({}, false);
  put({.pid = 10});
  EXPECT_EQ(place_.home, &account("/"));
  EXPECT_FALSE(place_.is_bare());
}

TEST_F(ProcessPlacesTest, SettlingReadsNoFiles) {
  put({.pid = 10, .cgroup = "/docker"});
  processes_.end(10);
  add_workload("/docker", WorkloadKind::kContainer);
  places_->settle(place_, stat_, scan_.time);
  EXPECT_FALSE(place_.is_bare());
  add_workload("/docker", WorkloadKind::kCgroup);
  places_->settle(place_, stat_, scan_.time);
  EXPECT_EQ(place_.group->workload->workload, "nginx");
}

TEST_F(ProcessPlacesTest, CgroupsThatCannotBeReadStayAsTheyWere) {
  put({.pid = 10, .cgroup = "/docker/web"});
  processes_.host.remove("proc/10/cgroup").dir("proc/10/cgroup");
  places_->read_cgroups(place_, stat_, next_scan());
  EXPECT_EQ(scan_.report.faults(), 1U);
  EXPECT_EQ(place_.home, &account("/docker/web"));
}

TEST_F(ProcessPlacesTest, UserNamesAreKeptUntilTheyAreForgotten) {
  make({{"web", "", "", "^www-data$", ""}});
  processes_.host.file("etc/passwd", "www-data:x:33:33::/:/bin/false\n");
  EXPECT_EQ(put({.pid = 10}).group->workload->workload, "web");
  processes_.host.file("etc/passwd", "other:x:33:33::/:/bin/false\n");
  EXPECT_EQ(put({.pid = 10}).group->workload->workload, "web");
  places_->forget_users();
  EXPECT_EQ(put({.pid = 10}).group->workload->workload, "nginx");
}

TEST_F(ProcessPlacesTest, AnUnseenProcessHasTheNameOfTheExecutableThatWasSeen) {
  put({.pid = 10, .comm = "worker", .executable = "/usr/bin/python3.11"});
  places_->learn_program(place_, {8, 4711});
  places_->learn_program(place_, {});  // unknown: no file has the number 0
  TaskExit exit = exit_of(11, 1, "worker-2", 5);
  places_->book_unseen(exit, "/", cpu(5), scan_.time);
  EXPECT_EQ(cpu_nsec_of_group("worker-2"), 5U);
  exit.executable = {8, 4711};
  places_->book_unseen(exit, "/", cpu(6), scan_.time);
  EXPECT_EQ(cpu_nsec_of_group("python3.11"), 6U);
  EXPECT_EQ(cpu_nsec("/"), 11U);
}

TEST_F(ProcessPlacesTest, AnUnseenProcessOfAContainerIsInNoGroup) {
  places_->book_unseen(exit_of(11, 10, "sh", 5), "/docker/web", cpu(5), next_scan().time);
  EXPECT_EQ(cpu_nsec("/docker/web"), 5U);
  EXPECT_TRUE(accounts_.groups().empty());
}

TEST_F(ProcessPlacesTest, AnUnseenChildOfKthreaddIsTheKernels) {
  places_->book_unseen(exit_of(11, kKernelThreads, "kworker/1:2", 5), "/", cpu(5), next_scan().time);
  EXPECT_EQ(cpu_nsec_of_group("[kernel]"), 5U);
}

TEST_F(ProcessPlacesTest, AGroupThatComesBackHasTheTimesOfThisLife) {
  const auto now = at_second(1).steady;
  accounts_.group("touch", now, 100)->totals = cpu(5);
  accounts_.retire_idle_groups(now + std::chrono::minutes(11));
  EXPECT_TRUE(accounts_.groups().empty());
  const ProcessAccount& again = *accounts_.group("touch", now + std::chrono::minutes(12), 900);
  EXPECT_EQ(again.workload->seen_nsec, 900U);
  EXPECT_EQ(again.workload->cgroup_created_nsec, std::nullopt);
  EXPECT_EQ(again.totals[Tally::kCpu], 5U) << "its totals continue";
}

}  // namespace
}  // namespace tallyman
