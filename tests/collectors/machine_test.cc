#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(MachineCollector, GivesWhatTheMachineHas) {
  HostStats host;
  host.machine.cpu_cores = 16;
  host.machine.physical_cores = 8;
  host.machine.sockets = 2;
  host.machine.dimms = {{"Registered-DDR4", 4, 137'438'953'472}, {"DDR5", 1, 17'179'869'184}};
  host.memory.total = 8'344'236'032;
  host.memory.swap_total = 0;
  ObservationContext context;
  context.host = &host;
  EXPECT_EQ(observe("machine", {}, context),
            (SeriesValues{
                {"machine_cpu_cores", 16},
                {"machine_cpu_physical_cores", 8},
                {"machine_cpu_sockets", 2},
                {"machine_memory_bytes", 8'344'236'032},
                {"machine_swap_bytes", 0},
                {"machine_dimm_count{type=\"Registered-DDR4\"}", 4},
                {"machine_dimm_capacity_bytes{type=\"Registered-DDR4\"}", 137'438'953'472},
                {"machine_dimm_count{type=\"DDR5\"}", 1},
                {"machine_dimm_capacity_bytes{type=\"DDR5\"}", 17'179'869'184},
            }));
}

TEST(MachineCollector, SaysWhichBlockDevicesMayBeAdded) {
  HostStats host;
  for (const char* path : {"/dev/dm-0", "/dev/md0", "/dev/sda", "/dev/sdb"}) {
    host.block_devices.emplace_back().path = path;
  }
  host.block_devices[0].lies_on = {"/dev/sda"};
  host.block_devices[0].stack = host.block_devices[2].stack = 1;
  host.block_devices[2].is_top = false;
  host.block_devices[1].lies_on = {"/dev/sdb", "/dev/sdc"};
  host.block_devices[1].in_redundant_stack = host.block_devices[3].in_redundant_stack = true;
  host.block_devices[3].is_top = false;
  ObservationContext context;
  context.host = &host;
  EXPECT_EQ(observe("machine", {}, context),
            (SeriesValues{
                {R"(machine_block_device_info{device="/dev/dm-0",lies_on="/dev/sda",counted="false"})", 1},
                {R"(machine_block_device_info{device="/dev/md0",lies_on="/dev/sdb,/dev/sdc",counted="true"})", 1},
                {R"(machine_block_device_info{device="/dev/sda",counted="true"})", 1},
                {R"(machine_block_device_info{device="/dev/sdb",counted="false"})", 1},
            }));
}

TEST(MachineCollector, LeavesOutWhatTheMachineDoesNotReport) {
  HostStats host;
  host.machine.cpu_cores = 4;  // arm64: cpuinfo has neither sockets nor core ids
  ObservationContext context;
  context.host = &host;
  EXPECT_EQ(observe("machine", {}, context), (SeriesValues{{"machine_cpu_cores", 4}}));
}

TEST(MachineCollector, HasLabelsOfItsOwn) { EXPECT_EQ(collector_named("machine").scope, Scope::kMachine); }

}  // namespace
}  // namespace tallyman
