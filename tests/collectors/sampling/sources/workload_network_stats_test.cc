#include "collectors/sampling/sources/workload_network_stats.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(WorkloadNetworkStats, TakesTheModeFromWhatTheRuntimeWrites) {
  EXPECT_EQ(network_mode_of(""), NetworkMode::kUnknown);
  EXPECT_EQ(network_mode_of("host"), NetworkMode::kHost);
  EXPECT_EQ(network_mode_of("container:0123456789ab"), NetworkMode::kJoined);
  EXPECT_EQ(network_mode_of("bridge"), NetworkMode::kOwn);
  EXPECT_EQ(network_mode_of("none"), NetworkMode::kOwn);
  EXPECT_EQ(network_mode_of("hosts_of_a_project"), NetworkMode::kOwn);
}

}  // namespace
}  // namespace tallyman
