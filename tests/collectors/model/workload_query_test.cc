#include "collectors/model/workload_query.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

using Match = WorkloadQuery::Match;
using ::testing::ElementsAre;
using ::testing::SizeIs;

const std::string kContainer = "4f5e" + std::string(60, 'a');
const std::string kPath = "/docker/" + kContainer;

TEST(WorkloadQuery, MatchesByIdContainerIdAndName) {
  struct Row {
    std::string asked;
    WorkloadNames names;
    Match match;
  };
  const WorkloadNames web{kPath, kContainer, "web", "web"}, host{"/", "", "host", ""};
  const WorkloadNames group{"process:nginx", "", "nginx", ""}, box{"/lxc.payload.box", "box", "box", "box"};
  const WorkloadNames unnamed{kPath, kContainer, kContainer.substr(0, 12), ""};
  const std::vector<Row> rows = {
      {kPath, web, Match::kId},
      {kPath.substr(1), web, Match::kId},
      {"/" + kPath, web, Match::kNone},
      {kPath + "/", web, Match::kNone},
      {kContainer, web, Match::kContainerId},
      {kContainer.substr(0, 12), web, Match::kContainerId},
      {kContainer.substr(0, 11), web, Match::kNone},
      {kContainer.substr(0, 12), unnamed, Match::kContainerId},
      {kContainer + "a", web, Match::kNone},
      {"web", web, Match::kName},
      {"We", web, Match::kNone},
      {"", web, Match::kNone},
      {"", host, Match::kNone},
      {"/", host, Match::kId},
      {"host", host, Match::kName},
      {"process:nginx", group, Match::kId},
      {"nginx", group, Match::kName},
      {"rocess:nginx", group, Match::kNone},
      {"box", box, Match::kName},
      {"lxc.payload.box", box, Match::kId},
  };
  for (const auto& [asked, names, match] : rows) {
    EXPECT_EQ(WorkloadQuery(asked).match(names), match) << asked << " of " << names.id;
  }
}

// LXC's ids are names: "production-db" is no part of "production-db-2".
TEST(WorkloadQuery, TakesNoPartOfAnIdThatIsAName) {
  EXPECT_EQ(WorkloadQuery("production-db").match({"/lxc/production-db-2", "production-db-2", "x", "x"}), Match::kNone);
  EXPECT_EQ(WorkloadQuery("0f1e2d3c-4b5a").match({"/mesos/i", "0f1e2d3c-4b5a-6978", "x", ""}), Match::kContainerId);
}

WorkloadMatches matches(std::string asked, const std::vector<std::pair<WorkloadNames, bool>>& offered) {
  WorkloadMatches all{WorkloadQuery(std::move(asked))};
  for (const auto& [names, exists] : offered) all.offer(names, exists);
  // The order does not matter.
  WorkloadMatches backwards{all.query()};
  for (auto at = offered.rbegin(); at != offered.rend(); ++at) backwards.offer(at->first, at->second);
  EXPECT_EQ(all.candidates(), backwards.candidates());
  return all;
}

TEST(WorkloadMatches, TakesTheSurestAndRefusesTwoThatAreEquallySure) {
  const WorkloadNames a{"/a", "", "web", ""}, b{"/b", "", "web", ""}, web{"/web", "", "/web", ""};
  EXPECT_THAT(matches("web", {{a, true}, {b, true}}).candidates(), ElementsAre("/a", "/b"));
  EXPECT_EQ(matches("web", {{a, true}, {b, true}}).only(), nullptr);
  EXPECT_EQ(*matches("web", {{a, true}, {web, true}, {b, true}}).only(), "/web");
  EXPECT_EQ(*matches("web", {{a, true}, {a, true}}).only(), "/a");
  EXPECT_TRUE(matches("nobody", {{a, true}}).none());
  EXPECT_EQ(matches("nobody", {{a, true}}).only(), nullptr);
}

TEST(WorkloadMatches, TakesThoseThatExistBeforeThoseThatHaveEnded) {
  const WorkloadNames a{"/a", "", "web", ""}, b{"/b", "", "web", ""}, c{"/c", "", "web", ""};
  EXPECT_EQ(*matches("web", {{a, false}, {b, true}, {c, false}}).only(), "/b");
  EXPECT_THAT(matches("web", {{a, false}, {c, false}}).candidates(), ElementsAre("/a", "/c"));
  EXPECT_EQ(*matches("web", {{a, false}, {a, false}}).only(), "/a");
}

TEST(WorkloadMatches, IsBounded) {
  WorkloadMatches all{WorkloadQuery("web")};
  std::vector<std::string> ids;
  for (int i = 0; i < 1'000; ++i) ids.push_back("/" + std::to_string(i));
  for (const std::string& id : ids) all.offer({id, "", "web", ""}, true);
  EXPECT_THAT(all.candidates(), SizeIs(WorkloadMatches::kMaxCandidates));
  EXPECT_TRUE(all.more_candidates());
  EXPECT_TRUE(all.ambiguous());
  all.offer({"/web", "", "", ""}, true);
  EXPECT_FALSE(all.more_candidates());
  EXPECT_EQ(*all.only(), "/web");
}

}  // namespace
}  // namespace tallyman
