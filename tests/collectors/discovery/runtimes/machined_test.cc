// State files as systemd-machined 252 writes them (src/machine/machine.c); tests/vm
// has real ones.
#include "collectors/discovery/runtimes/machined.h"
#include "collectors/discovery/runtimes/machine_state.h"
#include "tests/support/host_builder.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace tallyman {
namespace {

const std::string kMachines = "run/systemd/machines/";

std::string state(const std::string& name, const std::string& unit, const std::string& kind) {
  return "# This is private data. Do not parse.\nNAME=" + name + "\nSCOPE=" + unit +
         "\nSERVICE=systemd-nspawn\nROOT=/var/lib/machines/a\\x20tree\nID=5bc080ca4b8e4f0f9f0d6d1c9b6a7e31\n"
         "LEADER=4242\nCLASS=" +
         kind + "\nREALTIME=1795479929500000\nMONOTONIC=98765\nNETIF=3 4\n";
}

HostBuilder& machine(HostBuilder& host, const std::string& name, const std::string& unit, const std::string& kind) {
  host.file(kMachines + name, state(name, unit, kind));
  if (symlink(name.c_str(), host.path(kMachines + "unit:" + unit).c_str()) != 0) throw std::runtime_error("symlink");
  return host;
}

TEST(MachinedMatch, KnowsItsScopesAndNspawnsUnits) {
  HostBuilder host;
  const auto runtime = make_machined_runtime(host.root());
  const auto scope = runtime->match("/machine.slice/machine-my\\x2dbox.scope");
  ASSERT_TRUE(scope);
  EXPECT_EQ(scope->container_id, "my-box");
  EXPECT_TRUE(scope->certain);
  EXPECT_EQ(scope->kind, WorkloadKind::kMachine);
  const auto unit = runtime->match("/machine.slice/systemd-nspawn@my\\x2dbox.service");
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->container_id, "my-box");
  EXPECT_TRUE(unit->certain);
  EXPECT_EQ(unit->kind, WorkloadKind::kContainer);
}

TEST(MachinedMatch, AsksItsFilesAboutOtherUnitsOfTheHost) {
  HostBuilder host;
  const auto runtime = make_machined_runtime(host.root());
  const auto match = runtime->match("/system.slice/my-vm.service");
  ASSERT_TRUE(match);
  EXPECT_FALSE(match->certain);
  EXPECT_EQ(runtime->revision(match->container_id), 0U);
}

TEST(MachinedMatch, LeavesEverythingElseAlone) {
  HostBuilder host;
  const auto runtime = make_machined_runtime(host.root());
  for (const char* path :
       {"/", "/machine.slice", "/machine.slice/machine-.slice", "/docker/a/machine.slice/machine-a.scope/x",
        "/machine.slice/machine-a.scope/payload", "/machine.slice/systemd-nspawn@a.service/payload/init.scope",
        "/lxc.payload.a/system.slice/cron.service",
        "/user.slice/user-1000.slice/user@1000.service/app.slice/a.service"}) {
    EXPECT_FALSE(runtime->match(path)) << path;
  }
}

TEST(MachinedMatch, TakesNoNameThatLeadsOutOfItsDirectory) {
  HostBuilder host;
  const auto runtime = make_machined_runtime(host.root());
  for (const char* name : {"..", ".", "..\\x2f..\\x2fetc\\x2fshadow", "a\\x2fb"}) {
    const auto match = runtime->match("/machine.slice/machine-" + std::string(name) + ".scope");
    EXPECT_TRUE(!match || !match->certain) << name;
  }
}

TEST(Machined, DistinguishesContainersAndVirtualMachines) {
  HostBuilder host;
  machine(host, "box", "systemd-nspawn@box.service", "container");
  machine(host, "win", "machine-win.scope", "vm");
  const auto runtime = make_machined_runtime(host.root());
  const auto box = runtime->describe("box");
  ASSERT_TRUE(box);
  EXPECT_EQ(box->kind, WorkloadKind::kContainer);
  EXPECT_EQ(box->metadata.name, "box");
  EXPECT_EQ(box->metadata.init_pid, 4242U);
  EXPECT_EQ(box->metadata.started_nsec, 1'795'479'929'500'000'000U);
  ASSERT_EQ(box->metadata.mounts.size(), 1U);
  EXPECT_EQ(box->metadata.mounts[0].source, "/var/lib/machines/a tree");
  EXPECT_EQ(box->metadata.mounts[0].destination, "/");
  EXPECT_EQ(runtime->describe("win")->kind, WorkloadKind::kMachine);
}

TEST(Machined, FindsAMachineThatRegisteredItsOwnUnit) {
  HostBuilder host;
  machine(host, "my.vm", "my-vm.service", "vm");
  const auto runtime = make_machined_runtime(host.root());
  const std::string id = runtime->match("/system.slice/my-vm.service")->container_id;
  EXPECT_NE(runtime->revision(id), 0U);
  EXPECT_EQ(runtime->describe(id)->metadata.name, "my.vm");
  EXPECT_EQ(runtime->revision(runtime->match("/system.slice/cron.service")->container_id), 0U);
}

TEST(Machined, IsNamedByThePathWhereItsFilesAreNot) {
  HostBuilder host;
  const auto runtime = make_machined_runtime(host.root());
  EXPECT_NE(runtime->revision("box"), 0U);
  const auto description = runtime->describe("box");
  ASSERT_TRUE(description);
  EXPECT_EQ(description->metadata.name, "box");
  EXPECT_FALSE(description->incomplete);
  EXPECT_FALSE(description->kind);
}

TEST(Machined, ALinkThatTurnsInACircleCostsThatMachineAlone) {
  HostBuilder host;
  machine(host, "box", "systemd-nspawn@box.service", "container");
  ASSERT_EQ(symlink("loop", host.path(kMachines + "loop").c_str()), 0);
  const auto runtime = make_machined_runtime(host.root());
  const auto loop = runtime->describe("loop");
  ASSERT_TRUE(loop);
  EXPECT_EQ(loop->metadata.name, "loop") << "the path has said so";
  ASSERT_TRUE(loop->incomplete);
  EXPECT_EQ(loop->incomplete->where, "/run/systemd/machines/loop");
  EXPECT_EQ(runtime->describe("box")->metadata.init_pid, 4242U);
}

TEST(MachineState, TakesWhatIsWholeOfAHalfWrittenFile) {
  const std::string text = state("box", "machine-box.scope", "container");
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const MachineState machine = parse_machine_state(std::string_view(text).substr(0, size));
    EXPECT_TRUE(machine.name.empty() || machine.name == "box") << size;
    EXPECT_TRUE(!machine.leader || *machine.leader == 4242) << size << ": no pid that is cut off";
    EXPECT_TRUE(!machine.started_nsec || *machine.started_nsec == 1'795'479'929'500'000'000U) << size;
  }
}

TEST(MachineState, LosesAValueThatIsNoneAlone) {
  const MachineState machine = parse_machine_state(
      "NAME=a\nLEADER=-1\nCLASS=vm\nREALTIME=18446744073709551615\nROOT=\"/a\\\\b\"\n=\n\nno equals\n#NAME=b\n");
  EXPECT_EQ(machine.name, "a");
  EXPECT_FALSE(machine.leader);
  EXPECT_FALSE(machine.started_nsec) << "it would overflow";
  EXPECT_EQ(machine.is_vm, true);
  EXPECT_EQ(machine.root, "/a\\b");
}

}  // namespace
}  // namespace tallyman
