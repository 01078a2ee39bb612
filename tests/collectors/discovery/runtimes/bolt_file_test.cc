#include "collectors/discovery/runtimes/bolt_file.h"
#include "tests/collectors/discovery/runtimes/bolt_fixture.h"
#include "tests/support/host_builder.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <random>
#include <string>

namespace tallyman {
namespace {

Result<BoltPairs> read_from(const std::string& bytes, std::initializer_list<std::string_view> path) {
  HostBuilder host;
  host.file("meta.db", bytes);
  const FileDescriptor file(open(host.path("meta.db").c_str(), O_RDONLY | O_CLOEXEC));
  return read_bolt_bucket(file, std::span(path.begin(), path.size()));
}

ErrorKind kind_of(const Result<BoltPairs>& answer) { return answer ? ErrorKind::kIo : answer.error().kind; }

const BoltPairs kLabels = {{"app", "shop"}, {"tier", ""}};

std::string small_file() {
  const BoltEntry labels = bolt_bucket("labels", {{"app", "shop"}, {"tier", ""}});
  return bolt_file({bolt_leaf({bolt_bucket("v1", {{"image", "nginx"}, labels})})});
}

TEST(BoltFile, ReadsABucketInsideOfOthers) {
  const auto pairs = read_from(small_file(), {"v1", "labels"});
  ASSERT_TRUE(pairs) << to_string(pairs.error());
  EXPECT_EQ(*pairs, kLabels);
  EXPECT_EQ(*read_from(small_file(), {"v1"}), (BoltPairs{{"image", "nginx"}})) << "without its buckets";
}

TEST(BoltFile, FollowsBranchesToPagesOfTheirOwn) {
  const std::string root = bolt_leaf({bolt_bucket_at("v1", 4)});
  const std::string branch = bolt_branch({{"a", 5}, {"m", 6}});
  const std::string first = bolt_leaf({bolt_bucket("a", {{"k", "in a"}}), bolt_bucket("b", {{"k", "in b"}})});
  const std::string second = bolt_leaf({bolt_bucket("m", {{"k", "in m"}}), bolt_bucket("z", {{"k", "in z"}})});
  const std::string file = bolt_file({root, branch, first, second});
  for (const std::string name : {"a", "b", "m", "z"}) {
    const auto pairs = read_from(file, {"v1", name});
    ASSERT_TRUE(pairs) << name << ": " << to_string(pairs.error());
    EXPECT_EQ(*pairs, (BoltPairs{{"k", "in " + name}}));
  }
  for (const std::string name : {"", "A", "aa", "l", "zz"}) {
    EXPECT_EQ(kind_of(read_from(file, {"v1", name})), ErrorKind::kUnsupported) << name;
  }
}

TEST(BoltFile, ReadsAPageThatOverflows) {
  std::vector<BoltEntry> many;
  for (int i = 100; i < 400; ++i) many.push_back({"key" + std::to_string(i), std::string(64, 'v')});
  const std::string big = bolt_leaf(many);
  ASSERT_GT(big.size(), 4 * kBoltPageBytes);
  const auto pairs = read_from(bolt_file({bolt_leaf({bolt_bucket_at("b", 4)}), big}), {"b"});
  ASSERT_TRUE(pairs) << to_string(pairs.error());
  EXPECT_EQ(pairs->size(), 300U);
  EXPECT_EQ(pairs->at("key399"), std::string(64, 'v'));
}

TEST(BoltFile, TakesTheNewerOfTheTwoRootsThatAreWhole) {
  std::string file = small_file();
  file[kBoltPageBytes + 16 + 50] ^= 1;  // within the newer one, so its checksum is wrong
  const auto older = read_from(file, {});
  ASSERT_TRUE(older) << "the older root is page 2, which is empty";
  EXPECT_TRUE(older->empty());
  file = small_file();
  file[16 + 50] ^= 1;
  EXPECT_EQ(*read_from(file, {"v1", "labels"}), kLabels);
}

TEST(BoltFile, TellsWhatIsNotThereFromWhatIsNoSuchFile) {
  EXPECT_EQ(kind_of(read_from(small_file(), {"v2"})), ErrorKind::kUnsupported);
  EXPECT_EQ(kind_of(read_from(small_file(), {"v1", "image"})), ErrorKind::kMalformed) << "a value, not a bucket";
  EXPECT_EQ(kind_of(read_from("", {"v1"})), ErrorKind::kMalformed);
  EXPECT_EQ(kind_of(read_from(std::string(100'000, 'x'), {"v1"})), ErrorKind::kMalformed);
  EXPECT_EQ(kind_of(read_from(small_file().substr(0, 3 * kBoltPageBytes), {"v1"})), ErrorKind::kMalformed) << "cut";
}

TEST(BoltFile, EndsWhereAPageIsItsOwnChild) {
  const std::string file = bolt_file({bolt_branch({{"a", 3}, {"b", 3}})});
  EXPECT_EQ(kind_of(read_from(file, {"a"})), ErrorKind::kMalformed);
  EXPECT_EQ(kind_of(read_from(file, {})), ErrorKind::kMalformed);
}

// Whatever a byte is changed to, it ends, and reads nothing outside of the file (AddressSanitizer).
TEST(BoltFile, SurvivesChangedBytes) {
  std::mt19937 random(20'261'201);
  const std::string whole = bolt_file({bolt_branch({{"a", 4}, {"v1", 5}}), bolt_leaf({{"a", "1"}}),
                                       bolt_leaf({bolt_bucket("v1", {bolt_bucket("labels", {{"app", "shop"}})})})});
  std::size_t unchanged = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string file = whole;
    for (int changes = 0; changes < 3; ++changes) {
      const std::size_t page = 3 + random() % 3;
      file[page * kBoltPageBytes + random() % 120] = static_cast<char>(random());
    }
    const auto pairs = read_from(file, {"v1", "labels"});
    if (pairs && *pairs == BoltPairs{{"app", "shop"}}) ++unchanged;
  }
  EXPECT_GT(unchanged, 0U);
  EXPECT_LT(unchanged, 2000U);
}

}  // namespace
}  // namespace tallyman
