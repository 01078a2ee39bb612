#include "collectors/kernel/stats/cgroup_path.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace tallyman {
namespace {

TEST(CgroupPath, HasANameAParentAndADepth) {
  struct Row {
    std::string_view path, name, parent;
    std::size_t depth;
  };
  for (const auto& [path, name, parent, depth] :
       {Row{"/", "", "/", 0}, Row{"/docker", "docker", "/", 1}, Row{"/docker/1", "1", "/docker", 2},
        Row{"/a/b.slice/c", "c", "/a/b.slice", 3}, Row{"/..", "..", "/", 1}}) {
    EXPECT_EQ(CgroupPath(path).name(), name) << path;
    EXPECT_EQ(CgroupPath(path).parent().text(), parent) << path;
    EXPECT_EQ(CgroupPath(path).depth(), depth) << path;
    EXPECT_EQ(CgroupPath(path).is_root(), path == "/") << path;
  }
  static_assert(CgroupPath("/docker/1").parent() == CgroupPath("/docker"));
}

TEST(CgroupPath, HasComponentsFromTheTop) {
  const auto all = [](std::string_view text) {
    std::vector<std::string_view> names;
    for (const std::string_view name : CgroupPath(text).components()) names.push_back(name);
    return names;
  };
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(all("/"), Names());
  EXPECT_EQ(all("/docker"), Names{"docker"});
  EXPECT_EQ(all("/a/b.slice/c"), (Names{"a", "b.slice", "c"}));
  EXPECT_EQ(all(""), Names());
  static_assert(*++CgroupPath("/docker/1").components().begin() == "1");
}

TEST(CgroupPath, OfAChildLeadsBack) {
  for (const std::string_view parent : {"/", "/docker", "/a/b"}) {
    const std::string child = CgroupPath(parent).child("web");
    EXPECT_EQ(child, parent == "/" ? "/web" : std::string(parent) + "/web");
    EXPECT_EQ(CgroupPath(child).parent().text(), parent);
    EXPECT_EQ(CgroupPath(child).name(), "web");
  }
}

TEST(CgroupPath, ContainsWhatIsBelowItAndNothingElse) {
  struct Row {
    std::string_view path, other;
    bool contains;
  };
  for (const auto& [path, other, contains] :
       {Row{"/", "/a", true}, Row{"/", "/a/b", true}, Row{"/", "/", false}, Row{"/a", "/a/b", true},
        Row{"/a", "/a/b/c", true}, Row{"/a", "/a", false}, Row{"/a", "/ab", false}, Row{"/a", "/a-b/c", false},
        Row{"/a/b", "/a", false}, Row{"/a", "/", false}, Row{"/b", "/a/b", false}}) {
    EXPECT_EQ(CgroupPath(path).contains(CgroupPath(other)), contains) << path << " " << other;
  }
}

// "/a-b" and "/a.slice" sort between "/a" and "/a/b".
TEST(CgroupPath, ItsDescendantsAreOneRangeOfASortedSet) {
  const std::set<std::string> all = {"/", "/a", "/a-b", "/a-b/c", "/a.slice", "/a/b", "/a/b/c", "/a0", "/b"};
  const auto below = [&](std::string_view text) {
    const CgroupPath path(text);
    std::vector<std::string> found;
    for (auto at = all.upper_bound(path.prefix_of_descendants()); at != all.end() && path.contains(CgroupPath(*at));
         ++at)
      found.push_back(*at);
    return found;
  };
  EXPECT_EQ(below("/a"), (std::vector<std::string>{"/a/b", "/a/b/c"}));
  EXPECT_EQ(below("/").size(), all.size() - 1);
  EXPECT_TRUE(below("/b").empty());
}

TEST(CgroupPath, IsRelativeToTheDirectoryOfTheRoot) {
  EXPECT_EQ(CgroupPath("/").relative(), ".");
  EXPECT_EQ(CgroupPath("/docker/1").relative(), "docker/1");
  static_assert(CgroupPath("/docker").relative() == "docker");
}

TEST(CgroupPath, IsADirectoryWhereTheHierarchyIsMounted) {
  EXPECT_EQ(CgroupPath("/").directory_in("/sys/fs/cgroup"), "/sys/fs/cgroup");
  EXPECT_EQ(CgroupPath("/docker/1").directory_in("/sys/fs/cgroup"), "/sys/fs/cgroup/docker/1");
}

}  // namespace
}  // namespace tallyman
