#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/process_stats.h"
#include "collectors/model/process_facts.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(NamespacesCollector, SaysWhoHasEachNamespace) {
  ProcessFacts facts;
  facts.namespaces = {{NamespaceType::kNet, 4026531840, NamespaceSharing::kHost, {}},
                      {NamespaceType::kPid, 4026532001, NamespaceSharing::kOwn, {}},
                      {NamespaceType::kIpc, 4026532002, NamespaceSharing::kShared, {"db"}}};
  ObservationContext context;
  context.processes = &facts;
  EXPECT_EQ(observe("namespaces", {}, context),
            (SeriesValues{{R"(container_namespace_info{type="net",inode="4026531840",sharing="host"})", 1},
                          {R"(container_namespace_info{type="pid",inode="4026532001",sharing="own"})", 1},
                          {R"(container_namespace_info{type="ipc",inode="4026532002",sharing="shared"})", 1}}));
}

TEST(NamespacesCollector, HasNoSeriesWhereProcessesAreNotKnown) {
  EXPECT_EQ(observe("namespaces", {}), SeriesValues{});
}

}  // namespace
}  // namespace tallyman
