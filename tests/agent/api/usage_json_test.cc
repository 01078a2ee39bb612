#include "agent/api/usage_json.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace tallyman {
namespace {

using ::testing::Optional;

UsageRow web() {
  auto workload = std::make_shared<Workload>();
  workload->id = "/docker/a";
  workload->kind = WorkloadKind::kContainer;
  workload->workload = "shop-web-1";
  workload->runtime = "docker";
  workload->container_id = "abc";
  workload->container.image = "shop/web:1";
  workload->container.labels = {{"com.docker.compose.project", "shop"}, {"com.docker.compose.service", "web"}};
  UsageRow row;
  row.workload = std::move(workload);
  row.cpu_cores = 1.5;
  row.memory_bytes = std::uint64_t{3} << 30;
  row.threads = 0;
  return row;
}

UsageAnswer answer_with(std::vector<UsageRow> rows) {
  UsageAnswer answer;
  answer.sequence = 7;
  answer.time_seconds = 1795542904.5;
  answer.interval_seconds = 2;
  answer.measured_seconds = 2.25;
  answer.boot_id = "6f5f0a36";
  answer.unnamed_containers = 3;
  answer.rows = std::move(rows);
  return answer;
}

TEST(UsageJson, ComesBackAsItWas) {
  const UsageAnswer answer = usage_from_json(to_json(answer_with({web()}))).value();
  EXPECT_EQ(answer.sequence, 7U);
  EXPECT_EQ(answer.time_seconds, 1795542904.5);
  EXPECT_EQ(answer.interval_seconds, 2);
  EXPECT_THAT(answer.measured_seconds, Optional(2.25));
  EXPECT_EQ(answer.boot_id, "6f5f0a36");
  EXPECT_EQ(answer.unnamed_containers, 3U);
  ASSERT_EQ(answer.rows.size(), 1U);
  const UsageRow& row = answer.rows[0];
  EXPECT_EQ(row.workload->id, "/docker/a");
  EXPECT_EQ(row.workload->kind, WorkloadKind::kContainer);
  EXPECT_EQ(row.workload->workload, "shop-web-1");
  EXPECT_EQ(row.workload->runtime, "docker");
  EXPECT_THAT(row.cpu_cores, Optional(1.5));
  EXPECT_THAT(row.memory_bytes, Optional(std::uint64_t{3} << 30));
  EXPECT_THAT(row.threads, Optional(std::uint64_t{0})) << "0 is a measurement";
  EXPECT_FALSE(row.memory_limit_bytes);
  EXPECT_EQ(to_json(answer), to_json(answer_with({web()})));
}

TEST(UsageJson, GroupsAreThoseThatTheAgentNamed) {
  const UsageAnswer answer = usage_from_json(to_json(answer_with({web()}))).value();
  const auto groups = grouped(answer.rows, GroupBy::kService);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].name, "shop/web");
  EXPECT_THAT(groups[0].cpu_cores, Optional(1.5));
  EXPECT_EQ(group_name(answer.rows[0], GroupBy::kImage), "shop/web:1");
  EXPECT_EQ(group_name(answer.rows[0], GroupBy::kPod), "");
}

TEST(UsageJson, WhatIsUnknownIsLeftOut) {
  UsageAnswer without = answer_with({web()});
  without.measured_seconds.reset();
  without.boot_id.clear();
  const auto object = boost::json::parse(to_json(without)).as_object();
  EXPECT_FALSE(object.contains("measured_seconds"));
  EXPECT_FALSE(object.contains("boot_id"));
  const auto& row = object.at("workloads").as_array()[0].as_object();
  EXPECT_FALSE(row.contains("io_bytes_per_second"));
  EXPECT_FALSE(row.at("groups").as_object().contains("pod"));
  boost::json::object all;
  set_all_figures(all, web());
  EXPECT_TRUE(all.at("io_bytes_per_second").is_null());
  EXPECT_EQ(all.size(), 13U);
}

TEST(UsageJson, EveryKindIsReadAndANewOneIsACgroup) {
  for (auto kind = WorkloadKind::kHost;; kind = static_cast<WorkloadKind>(static_cast<int>(kind) + 1)) {
    UsageRow row = web();
    auto workload = std::make_shared<Workload>(*row.workload);
    workload->kind = kind;
    row.workload = workload;
    EXPECT_EQ(usage_from_json(to_json(answer_with({row}))).value().rows[0].workload->kind, kind);
    if (kind == WorkloadKind::kCgroup) break;
  }
  const std::string text =
      R"({"sequence":1,"time":1,"interval_seconds":1,"workloads":[{"id":"/a","kind":"unikernel","workload":"a"}]})";
  EXPECT_EQ(usage_from_json(text).value().rows[0].workload->kind, WorkloadKind::kCgroup);
}

TEST(UsageJson, OtherAnswersAreRefused) {
  for (
      const std::string text :
      {"", "[]", "{}", "<html>", R"({"sequence":1,"time":1,"interval_seconds":1,"workloads":[5]})",
       R"({"sequence":1,"time":1,"interval_seconds":1,"workloads":[{"id":"/a","kind":"cgroup","workload":5}]})",
       R"({"sequence":1,"time":1,"interval_seconds":1,"workloads":[{"id":"/a","kind":"cgroup","workload":"a","threads":-1}]})"}) {
    const auto answer = usage_from_json(text);
    ASSERT_FALSE(answer) << text;
    EXPECT_EQ(answer.error().where, "the answer is not that of a Tallyman agent");
  }
}

}  // namespace
}  // namespace tallyman
