// Paths as Mesos 1.11's isolators make them.
#include "collectors/discovery/runtimes/mesos.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

const std::string kId = "53fa5e8c-9a7b-4f0a-8d3e-0b1c2d3e4f50";
const std::string kNested = "check-7c0e1d2f-3a4b-4c5d-8e6f-708192a3b4c5";

TEST(Mesos, KnowsContainersAndNestedOnes) {
  const auto runtime = make_mesos_runtime();
  for (const auto& [path, id] :
       {std::pair("/mesos/" + kId, kId), std::pair("/mesos/" + kId + "/mesos/" + kNested, kNested)}) {
    const auto match = runtime->match(path);
    ASSERT_TRUE(match) << path;
    EXPECT_EQ(match->container_id, id);
    EXPECT_TRUE(match->certain);
    EXPECT_EQ(runtime->describe(match->container_id)->metadata.name, id);
  }
}

TEST(Mesos, LeavesEverythingElseAlone) {
  const auto runtime = make_mesos_runtime();
  for (const std::string& path : {std::string("/mesos"), "/mesos/" + kId + "/mesos", std::string("/mesos/slave"),
                                  "/other/" + kId, "/other/mesos/" + kId, "/mesos/" + kId + "/system.slice"}) {
    EXPECT_FALSE(runtime->match(path)) << path;
  }
}

}  // namespace
}  // namespace tallyman
