#include "collectors/sampling/lifecycle/restarts.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kStart = 1'700'000'000 * kSecond;

class RestartsTest : public ::testing::Test {
 protected:
  // Each run has a cgroup of its own.
  Workload run_of(const std::string& name) {
    Workload made;
    made.kind = WorkloadKind::kContainer;
    made.id = "/kubepods/" + std::to_string(++runs_);
    made.inode = runs_;
    made.runtime = "containerd";
    made.workload = name;
    made.container.kubernetes = KubernetesIdentity{name, "oom-vm", "shop", "11aa"};
    return made;
  }
  void live(const Workload& run, std::uint64_t from, std::uint64_t to, const std::optional<ContainerExit>& exit) {
    restarts_.report_start(run, kStart + from * kSecond, false);
    restarts_.ended(run, kStart + to * kSecond, exit);
  }
  static ContainerExit with_code(std::int64_t code) {
    ContainerExit exit;
    exit.code = code;
    return exit;
  }
  std::vector<std::string> messages() {
    std::vector<std::string> found;
    for (const EventPtr& event : log_.select({})) found.push_back(event->message);
    return found;
  }
  const Event& last() {
    events_ = log_.select({});
    return *events_.back();
  }

  EventLog log_{10'000};
  Restarts restarts_{log_};
  std::uint64_t runs_ = 0;
  std::vector<EventPtr> events_;
};

TEST_F(RestartsTest, AreCountedThoughEachRunHasAnotherId) {
  live(run_of("crash"), 0, 5, with_code(3));
  live(run_of("crash"), 10, 12, with_code(3));
  live(run_of("crash"), 20, 22, with_code(3));
  live(run_of("crash"), 45, 46, with_code(3));
  EXPECT_THAT(messages(), ElementsAre("crash in shop/oom-vm started", "crash in shop/oom-vm restarted (exit 3)",
                                      "crash in shop/oom-vm restarted 2 times in 20 s (exit 3)",
                                      "crash in shop/oom-vm restarted 3 times in 45 s (exit 3)"));
  EXPECT_EQ(last().type, EventType::kRestarted);
  EXPECT_EQ(number_in(last(), "restarts"), 3);
  EXPECT_EQ(number_in(last(), "seconds"), 45);
  EXPECT_EQ(number_in(last(), "exit_code"), 3);
  EXPECT_EQ(weight_of(last()), EventWeight::kGrave);
  EXPECT_EQ(last().pod, "oom-vm");
  EXPECT_EQ(last().name_space, "shop");
}

TEST_F(RestartsTest, SayHowTheRunBeforeEnded) {
  ContainerExit exit = with_code(139);
  exit.signal = 11;
  live(run_of("crash"), 0, 5, exit);
  exit = with_code(137);
  exit.oom_killed = true;
  live(run_of("crash"), 6, 7, exit);
  live(run_of("crash"), 8, 9, {});
  live(run_of("crash"), 10, 11, {});
  EXPECT_THAT(messages(), ElementsAre("crash in shop/oom-vm started", "crash in shop/oom-vm restarted (SIGSEGV)",
                                      "crash in shop/oom-vm restarted 2 times in 8 s (OOM-killed)",
                                      "crash in shop/oom-vm restarted 3 times in 10 s"));
}

TEST_F(RestartsTest, OfOneThatIsOlderThanTheAgentAreSeen) {
  const Workload old = run_of("web");
  restarts_.existed(old);
  EXPECT_THAT(messages(), IsEmpty());
  restarts_.ended(old, kStart, with_code(0));
  live(run_of("web"), 1, 2, {});
  EXPECT_THAT(messages(), ElementsAre("web in shop/oom-vm restarted (exit 0)"));
}

TEST_F(RestartsTest, AfterALongPauseItIsAStart) {
  live(run_of("job"), 0, 5, with_code(0));
  live(run_of("job"), 5 + 601, 700, with_code(0));
  EXPECT_THAT(messages(), ElementsAre("job in shop/oom-vm started", "job in shop/oom-vm started"));
}

TEST_F(RestartsTest, AServiceOfATimerIsInNoLoop) {
  Workload service;
  service.kind = WorkloadKind::kService;
  service.workload = "report.service";
  service.id = "/system.slice/report.service";
  for (std::uint64_t minute = 0; minute < 5; ++minute) {
    service.inode = ++runs_;
    live(service, 60 * minute, 60 * minute + 1, {});
  }
  EXPECT_EQ(last().type, EventType::kStarted);
  for (std::uint64_t second = 300; second < 303; ++second) {
    service.inode = ++runs_;
    live(service, second, second, {});
  }
  EXPECT_EQ(last().message, "report.service restarted 2 times in 2 s");
}

TEST_F(RestartsTest, TwoAtATimeAreNoRunsOfOne) {
  const Workload one = run_of("web"), other = run_of("web");
  restarts_.report_start(one, kStart, false);
  restarts_.report_start(other, kStart + kSecond, false);
  restarts_.ended(other, kStart + 2 * kSecond, {});
  live(run_of("web"), 3, 4, {});
  EXPECT_THAT(messages(),
              ElementsAre("web in shop/oom-vm started", "web in shop/oom-vm started", "web in shop/oom-vm started"));
}

TEST_F(RestartsTest, ARunThatIsRenamedIsStillOne) {
  Workload run;
  run.kind = WorkloadKind::kContainer;
  run.runtime = "docker";
  run.id = "/docker/1";
  run.workload = run.container.name = "new_web";
  restarts_.report_start(run, kStart, false);
  run.workload = run.container.name = "web";
  restarts_.ended(run, kStart + kSecond, {});
  run.inode = 2;
  live(run, 2, 3, {});
  EXPECT_EQ(last().message, "web restarted");
}

TEST_F(RestartsTest, WhatHasNoLastingIdentityIsKnownByItsIdAlone) {
  Workload cgroup;
  cgroup.id = cgroup.workload = "/jobs/1";
  live(cgroup, 0, 1, {});
  live(cgroup, 2, 3, {});
  restarts_.report_start(cgroup, kStart + 4 * kSecond, true);
  EXPECT_THAT(messages(), ElementsAre("/jobs/1 started", "/jobs/1 started", "/jobs/1 restarted"));
}

TEST_F(RestartsTest, OldOnesAreForgottenInAFloodOfNames) {
  live(run_of("first"), 0, 1, {});
  for (std::size_t i = 0; i < Restarts::kMaxKnown; ++i) live(run_of("x" + std::to_string(i)), 2, 3, {});
  live(run_of("first"), 4, 5, {});
  EXPECT_EQ(last().type, EventType::kStarted);
  live(run_of("first"), 6, 7, {});
  EXPECT_EQ(last().type, EventType::kRestarted);
}

}  // namespace
}  // namespace tallyman
