// The runner with real probes, where neither root nor a runtime is needed.
#include "agent/overhead/runner.h"

#include "tests/support/cgroup_trees.h"
#include "tests/support/host_builder.h"

#include <gmock/gmock.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>

namespace tallyman::overhead {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

template <class Thing>
const Thing* named(std::span<const Thing> things, std::string_view name) {
  return &*std::find_if(things.begin(), things.end(), [&](const Thing& thing) { return thing.name == name; });
}

class OverheadRunner : public ::testing::Test {
 protected:
  OverheadRunner() {
    mount_v2(host_);
    choice_.workloads = {named(workloads(), "integer"), named(workloads(), "start")};
    choice_.modes = {named(modes(), "bare")};
    choice_.baseline = choice_.modes[0];
    choice_.extent = {"quick", 5, milliseconds(5), 1 << 20, milliseconds(0), false};
    choice_.seed = 1;
  }

  Record run() {
    const std::string state = host_.path("state");
    host_.dir("state");
    auto cleanup_log = CleanupLog::begin(state, "r", undo_with(interrupt_, seconds(5))).value();
    Session session{interrupt_, *cleanup_log,     host_.root(), CgroupMounts::detect(host_.root()).value(),
                    "r",        state + "/work-r"};
    session.limit = limit_;
    Progress progress(progress_text_, false);
    cleanup_log->about_to_make({"directory", session.work, {}}).value();
    make_directory(session.work).value();
    return Runner(session, choice_, progress).run().value();
  }

  const CellRecord& cell(const Record& record, const std::string& workload, const std::string& mode) const {
    return *std::find_if(record.cells.begin(), record.cells.end(),
                         [&](const CellRecord& one) { return one.workload == workload && one.mode == mode; });
  }

  HostBuilder host_;
  Interrupt interrupt_;
  Choice choice_;
  milliseconds limit_ = seconds(60);
  std::ostringstream progress_text_;
};

TEST_F(OverheadRunner, MeasuresEachCellOnceARoundAndTheControlToo) {
  const Record record = run();
  EXPECT_EQ(record.rounds, 5U);
  EXPECT_THAT(record.remarks, IsEmpty());
  ASSERT_THAT(record.cells, SizeIs(4));
  for (const CellRecord& one : record.cells) {
    ASSERT_THAT(one.samples, SizeIs(5)) << one.workload << " in " << one.label << ": " << one.reason;
    for (unsigned i = 0; i < 5; ++i) {
      EXPECT_EQ(one.samples[i].round, i + 1);
      EXPECT_LE(one.samples[i].began_ns, one.samples[i].ended_ns);
    }
  }
  EXPECT_FALSE(cell(record, "start", "bare").samples[0].cpu_ns);
  EXPECT_TRUE(cell(record, "integer", "control").samples[0].cpu_ns);
}

TEST_F(OverheadRunner, TheMachinesCpuTimeIsReadAroundEachOrder) {
  EXPECT_FALSE(busy_ns(host_.root()));
  host_.file("proc/stat", "cpu  100 10 50 1000 5 3 2 1 7 0\ncpu0 9 9 9 9 9 9 9 9 0 0\n");
  EXPECT_EQ(busy_ns(host_.root()), 166 * 1'000'000'000ULL / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK)));
  const Record record = run();
  EXPECT_EQ(cell(record, "integer", "bare").samples[0].busy_ns, 0U);
  EXPECT_FALSE(cell(record, "start", "bare").samples[0].busy_ns);
}

TEST_F(OverheadRunner, TheFactsNameTheNiceness) {
  const Facts facts = machine_facts(host_.root(), CgroupMounts::detect(host_.root()).value(), host_.path("."));
  EXPECT_EQ(facts.at("niceness"), std::to_string(getpriority(PRIO_PROCESS, 0)));
}

// Independent of the machine's speed: a round takes at least 6 ms per cell, so four
// seconds have room for fewer than 200 of a thousand rounds, and for a start of the
// probes on a busy machine.
TEST_F(OverheadRunner, ItsTimeIsKeptWithAnyNumberOfRounds) {
  choice_.extent.rounds = 1'000;
  choice_.extent.time_limit = milliseconds(4'000);
  const auto began = Clock::now();
  const Record record = run();
  EXPECT_LT(record.rounds, 200U);
  EXPECT_LT(Clock::now() - began, seconds(30));  // time to end the probes on a busy machine
  ASSERT_THAT(record.remarks, Not(IsEmpty()));
  EXPECT_THAT(record.remarks.back(), AllOf(HasSubstr("The time of --quick ended"), HasSubstr("of 1000")));
}

// A runtime that does not answer may take at most a fifth of the time.
TEST_F(OverheadRunner, ARuntimeThatHangsLeavesTimeForTheOthers) {
  host_.file("bin/docker", "#!/bin/sh\nexec sleep 1000\n");
  ASSERT_EQ(chmod(host_.path("bin/docker").c_str(), 0755), 0);
  const std::string before = std::getenv("PATH");
  ASSERT_EQ(setenv("PATH", (host_.path("bin") + ":" + before).c_str(), 1), 0);
  choice_.modes.push_back(named(modes(), "docker"));
  choice_.extent.time_limit = milliseconds(20'000);
  const Record record = run();
  setenv("PATH", before.c_str(), 1);
  EXPECT_THAT(record.modes[1].reason, HasSubstr("docker info did not end within 4 s"));
  EXPECT_THAT(cell(record, "integer", "bare").samples, SizeIs(5));
  EXPECT_THAT(cell(record, "integer", "docker").samples, IsEmpty());
}

}  // namespace
}  // namespace tallyman::overhead
