#include "collectors/model/workload_id.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

using Type = WorkloadId::Type;

TEST(WorkloadIds, SayWhatTheyReferTo) {
  struct Row {
    std::string_view id;
    Type type;
    std::string_view group;
  };
  for (const auto& [id, type, group] :
       {Row{"/", Type::kHost, ""}, Row{"/docker", Type::kCgroup, ""}, Row{"/process:x", Type::kCgroup, ""},
        Row{"process:nginx", Type::kProcessGroup, "nginx"}, Row{"process:a/b", Type::kProcessGroup, "a/b"}}) {
    EXPECT_EQ(WorkloadId(id).type(), type) << id;
    EXPECT_EQ(WorkloadId(id).is_host(), type == Type::kHost) << id;
    EXPECT_EQ(WorkloadId(id).process_group(), group) << id;
    EXPECT_EQ(WorkloadId(id).cgroup().has_value(), type != Type::kProcessGroup) << id;
    EXPECT_EQ(WorkloadId(id).text(), id);
  }
  EXPECT_EQ(WorkloadId(WorkloadId::of_process_group("nginx")).process_group(), "nginx");
}

TEST(WorkloadIds, OfCgroupsAloneAreBelowEachOther) {
  EXPECT_TRUE(WorkloadId("/").contains(WorkloadId("/docker")));
  EXPECT_TRUE(WorkloadId("/docker").contains(WorkloadId("/docker/1")));
  EXPECT_FALSE(WorkloadId("/docker/1").contains(WorkloadId("/docker")));
  EXPECT_FALSE(WorkloadId("/").contains(WorkloadId("process:nginx")));
  EXPECT_FALSE(WorkloadId("process:a").contains(WorkloadId("process:a/b")));
}

}  // namespace
}  // namespace tallyman
