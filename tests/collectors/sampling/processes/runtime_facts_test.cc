#include "collectors/sampling/processes/runtime_facts.h"

#include "tests/collectors/sampling/processes/process_parts_fixture.h"

namespace tallyman {
namespace {

class RuntimeFactsTest : public ProcessPartsTest {
 protected:
  void recognise(const std::string& executable, const std::string& command) {
    processes_.host.file("proc/20/cmdline", command);
    const std::vector<CgroupMembership> in = {{0, "/system.slice"}};
    facts_.recognise(process_, 20, executable, in);
  }
  const ProcessAccount::RuntimeSum& shim() { return account("/docker/web").runtime.at("containerd-shim"); }

  const std::string kShim = "containerd-shim-runc-v2";
  const std::string kShimsCommand = kShim + std::string(
                                                "\0-id\0"
                                                "0a1b\0",
                                                10);
  RuntimeFacts facts_{files_, accounts_};
  RuntimeFacts::OfProcess process_;
};

TEST_F(RuntimeFactsTest, AShimIsBookedAndCountedOnItsContainer) {
  add_workload("/docker/web", WorkloadKind::kContainer, "0a1b");
  recognise(kShim, kShimsCommand);
  ASSERT_TRUE(process_.is_of_runtime());
  RuntimeFacts::confirm(process_, &account("/docker/web"));
  RuntimeFacts::book(process_, 50);
  RuntimeFacts::book(process_, 70);
  RuntimeFacts::count(process_, 4096);
  EXPECT_EQ(shim().cpu_nsec, 70U);
  EXPECT_EQ(shim().processes, 1U);
  EXPECT_EQ(shim().rss_bytes, 4096U);
  EXPECT_TRUE(account("/").runtime.empty());
}

TEST_F(RuntimeFactsTest, ADaemonIsTheHosts) {
  recognise("dockerd", "dockerd");
  RuntimeFacts::book(process_, 50);
  EXPECT_EQ(account("/").runtime.at("dockerd").cpu_nsec, 50U);
}

TEST_F(RuntimeFactsTest, WhatItUsedBeforeItsContainerIsKnownIsBookedLater) {
  recognise(kShim, kShimsCommand);
  RuntimeFacts::book(process_, 50);
  RuntimeFacts::count(process_, 4096);
  EXPECT_TRUE(account("/docker/web").runtime.empty());
  add_workload("/docker/web", WorkloadKind::kContainer, "0a1b");
  facts_.find_served(process_);
  RuntimeFacts::confirm(process_, &account("/docker/web"));
  RuntimeFacts::book(process_, 60);
  EXPECT_EQ(shim().cpu_nsec, 60U);
}

TEST_F(RuntimeFactsTest, OnlyTheParentOfItsProcessesServesAContainer) {
  add_workload("/docker/web", WorkloadKind::kContainer, "0a1b");
  add_workload("/docker/web/below", WorkloadKind::kCgroup);
  add_workload("/docker/other", WorkloadKind::kContainer, "2c3d");
  recognise(kShim, kShimsCommand);
  RuntimeFacts::confirm(process_, &account("/docker/other"));
  RuntimeFacts::book(process_, 50);
  EXPECT_TRUE(account("/docker/web").runtime.empty()) << "it only says whose it is";
  RuntimeFacts::confirm(process_, &account("/docker/web/below"));
  RuntimeFacts::book(process_, 50);
  EXPECT_EQ(shim().cpu_nsec, 50U);
}

// A user's cgroup may be named like another's container.
TEST_F(RuntimeFactsTest, ASecondCgroupOfTheSameIdTakesNothingAway) {
  add_workload("/docker/web", WorkloadKind::kContainer, "0a1b");
  add_workload("/user.slice/docker-0a1b.scope", WorkloadKind::kContainer, "0a1b");
  recognise(kShim, kShimsCommand);
  RuntimeFacts::confirm(process_, &account("/docker/web"));
  RuntimeFacts::book(process_, 50);
  EXPECT_EQ(shim().cpu_nsec, 50U);
}

TEST_F(RuntimeFactsTest, WhatRunsInsideAContainerServesNobody) {
  add_workload("/docker/web", WorkloadKind::kContainer, "0a1b");
  process_.follow(&account("/docker/web"));
  recognise("dockerd", "dockerd");
  RuntimeFacts::book(process_, 50);
  EXPECT_TRUE(account("/").runtime.empty());
  recognise(kShim, kShimsCommand);
  RuntimeFacts::confirm(process_, &account("/docker/web"));
  RuntimeFacts::book(process_, 50);
  EXPECT_TRUE(account("/docker/web").runtime.empty());
}

TEST_F(RuntimeFactsTest, AnotherProgramInTheSameProcessServesNobody) {
  add_workload("/docker/web", WorkloadKind::kContainer, "0a1b");
  recognise(kShim, kShimsCommand);
  RuntimeFacts::confirm(process_, &account("/docker/web"));
  RuntimeFacts::book(process_, 50);
  recognise("sleep", kShimsCommand);
  EXPECT_FALSE(process_.is_of_runtime());
  RuntimeFacts::book(process_, 90);
  EXPECT_EQ(shim().cpu_nsec, 50U);
}

}  // namespace
}  // namespace tallyman
