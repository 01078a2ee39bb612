#include "collectors/kernel/filesystem/tree_walk.h"

#include "tests/support/host_builder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <set>

namespace tallyman {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

constexpr std::uint64_t kAll = 1'000'000'000;

TreeWalk::OpenTop opening(const std::string& path) {
  return [path]() -> Result<FileDescriptor> {
    FileDescriptor opened(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.valid()) return error_from_errno(errno, path);
    return opened;
  };
}

steady_clock::time_point later() { return steady_clock::now() + std::chrono::minutes(5); }

// What coreutils says.
std::uint64_t du(const std::string& path, const char* options) {
  const std::string command = std::string("du -sx ") + options + " -- '" + path + "' | cut -f 1";
  std::array<char, 64> line{};
  FILE* pipe = popen(command.c_str(), "r");
  EXPECT_NE(fgets(line.data(), line.size(), pipe), nullptr) << command;
  pclose(pipe);
  return std::stoull(line.data());
}

class Tree : public ::testing::Test {
 public:
  Tree() { host_.dir("tree"); }
  std::string at(const std::string& path) const { return host_.path("tree/" + path); }
  Tree& file(const std::string& path, std::size_t bytes) {
    host_.file("tree/" + path, std::string(bytes, 'x'));
    return *this;
  }
  // In one go, and in the smallest ones.
  void expect_what_du_says(TreeWalkLimits limits = {}) {
    sync();  // blocks that are not allocated yet count differently from one moment to the next
    for (const std::uint64_t entries : {kAll, std::uint64_t{1}, std::uint64_t{7}}) {
      TreeWalk walk(opening(at("")), limits);
      while (walk.advance(entries, later()) == TreeWalk::State::kRunning) {
      }
      ASSERT_EQ(walk.advance(1, later()), TreeWalk::State::kDone) << to_string(walk.error());
      EXPECT_EQ(walk.usage().bytes, du(at(""), "--block-size=1")) << entries;
      EXPECT_EQ(walk.usage().inodes, du(at(""), "--inodes")) << entries;
    }
  }

  HostBuilder host_;
};

TEST_F(Tree, TakesWhatDuSaysItDoes) {
  file("a", 1).file("b", 5'000).file("d/c", 100'000).file("d/e/f", 0);
  fs::create_symlink("a", at("link"));
  mkfifo(at("pipe").c_str(), 0600);
  expect_what_du_says();
}

TEST_F(Tree, OfNothingIsADirectory) { expect_what_du_says(); }

TEST_F(Tree, CountsHardLinksOnce) {
  file("a", 100'000).file("d/x", 50'000);
  fs::create_hard_link(at("a"), at("b"));
  fs::create_hard_link(at("a"), at("d/c"));
  fs::create_hard_link(at("d/x"), host_.path("outside"));
  expect_what_du_says();
}

TEST_F(Tree, CountsLinksBeyondThoseRememberedByTheirShare) {
  for (int i = 0; i < 10; ++i) {
    const std::string name = "f" + std::to_string(i);
    file(name, 8'192);
    fs::create_hard_link(at(name), at(name + "-again"));
  }
  expect_what_du_says({8'192, 3, 512 * 1024});
}

TEST_F(Tree, CountsASparseFileByItsBlocks) {
  file("sparse", 10);
  ASSERT_EQ(truncate(at("sparse").c_str(), 1L << 40), 0);
  expect_what_du_says();
}

TEST_F(Tree, FollowsNoSymbolicLinkHoweverTheyLoop) {
  file("d/a", 3'000);
  fs::create_directory_symlink(".", at("loop"));
  fs::create_directory_symlink("..", at("d/up"));
  fs::create_directory_symlink("/", at("d/root"));
  fs::create_symlink("itself", at("itself"));
  expect_what_du_says();
}

TEST_F(Tree, MayHaveAnyNames) {
  file("new\nline", 10).file(" blank ", 10).file("-rf", 10).file("\xff\xfe", 10).file("...", 10);
  file("d\ne/\\040", 5'000).file(std::string(255, 'n'), 10);
  expect_what_du_says();
}

TEST_F(Tree, MayBeDeeperThanAPathCanBeLong) {
  FileDescriptor here(open(at("").c_str(), O_RDONLY | O_DIRECTORY));
  for (int depth = 0; depth < 3'000; ++depth) {
    ASSERT_EQ(mkdirat(here.get(), "deep", 0700), 0);
    here = FileDescriptor(openat(here.get(), "deep", O_RDONLY | O_DIRECTORY));
    ASSERT_TRUE(here.valid());
  }
  TreeWalk walk(opening(at("")));
  EXPECT_EQ(walk.advance(kAll, later()), TreeWalk::State::kDone);
  EXPECT_EQ(walk.usage().inodes, 3'001U);
  TreeWalk sliced(opening(at("")));
  while (sliced.advance(100, later()) == TreeWalk::State::kRunning) {
  }
  EXPECT_EQ(sliced.usage().inodes, 3'001U);
  EXPECT_EQ(sliced.usage().bytes, walk.usage().bytes);

  TreeWalk shallow(opening(at("")), {100, 10, 1'000});
  EXPECT_EQ(shallow.advance(kAll, later()), TreeWalk::State::kDone);
  EXPECT_EQ(shallow.usage().inodes, 101U) << "what is above the limit is counted";
  EXPECT_EQ(shallow.too_deep(), 1U);
  EXPECT_EQ(walk.too_deep(), 0U);
}

TEST_F(Tree, MayBeWiderThanItsNamesAreRemembered) {
  for (int i = 0; i < 300; ++i) {
    file("directory-with-a-long-name-" + std::to_string(i) + "/f", 10);
  }
  expect_what_du_says({8'192, 65'536, 100});
}

TEST_F(Tree, LeavesNothingOpenBetweenTwoSlices) {
  for (int i = 0; i < 50; ++i) {
    file("a/b/" + std::to_string(i), 10);
  }
  const auto open_files = [] { return std::distance(fs::directory_iterator("/proc/self/fd"), {}); };
  const auto before = open_files();
  TreeWalk walk(opening(at("")));
  ASSERT_EQ(walk.advance(20, later()), TreeWalk::State::kRunning);
  EXPECT_EQ(open_files(), before);
}

TEST_F(Tree, EndsASliceWhenItsTimeIsOver) {
  for (int i = 0; i < 100; ++i) {
    file(std::to_string(i), 1);
  }
  TreeWalk walk(opening(at("")));
  EXPECT_EQ(walk.advance(kAll, steady_clock::now()), TreeWalk::State::kRunning);
  EXPECT_LE(walk.entries(), 16U);
  EXPECT_EQ(walk.advance(kAll, later()), TreeWalk::State::kDone);
  EXPECT_EQ(walk.usage().inodes, 101U);
}

TEST_F(Tree, MayLosePartsWhileItIsWalked) {
  for (int i = 0; i < 40; ++i) {
    file("a/" + std::to_string(i) + "/f", 10);
    file("b/" + std::to_string(i) + "/f", 10);
  }
  TreeWalk walk(opening(at("")));
  ASSERT_EQ(walk.advance(20, later()), TreeWalk::State::kRunning);
  fs::remove_all(at("a"));
  fs::remove_all(at("b"));
  file("c", 10);
  EXPECT_EQ(walk.advance(kAll, later()), TreeWalk::State::kDone);
}

TEST_F(Tree, IsNotLeftWhenADirectoryIsMovedOutOfIt) {
  file("a/b/c/d/f", 10).file("a/z", 10);
  for (int i = 0; i < 20; ++i) {
    file("a/b/c/d/" + std::to_string(i), 10);
  }
  host_.file("outside/secret/f", "x");
  TreeWalk walk(opening(at("")));
  while (walk.entries() < 10) {  // somewhere in d
    ASSERT_EQ(walk.advance(1, later()), TreeWalk::State::kRunning);
  }
  fs::rename(at("a/b/c"), host_.path("outside/c"));
  EXPECT_EQ(walk.advance(kAll, later()), TreeWalk::State::kDone);
  EXPECT_LE(walk.usage().inodes, 29U) << "nothing of what is outside";
}

TEST_F(Tree, IsGoneWhenItsTopIs) {
  file("a/b", 10).file("a/c", 10);
  TreeWalk walk(opening(at("")));
  ASSERT_EQ(walk.advance(1, later()), TreeWalk::State::kRunning);
  host_.remove("tree");
  EXPECT_EQ(walk.advance(kAll, later()), TreeWalk::State::kFailed);
  EXPECT_EQ(walk.error().kind, ErrorKind::kGone);
  host_.dir("tree");
  TreeWalk another(opening(at("")));
  file("a/b", 10);
  ASSERT_EQ(another.advance(1, later()), TreeWalk::State::kRunning);
  fs::rename(at(""), host_.path("old"));
  host_.dir("tree");
  EXPECT_EQ(another.advance(kAll, later()), TreeWalk::State::kFailed) << "another directory of that name";
}

TEST_F(Tree, StaysOnItsFileSystem) {
  file("a", 10).file("mounted/under", 10);
  if (mount("tmpfs", at("mounted").c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "needs CAP_SYS_ADMIN to mount";
  }
  file("mounted/over", 100'000);
  expect_what_du_says();
  umount(at("mounted").c_str());
}

TEST_F(Tree, IsDeniedWhereAPartOfItIs) {
  file("a", 10).file("closed\n/secret", 10);
  fs::permissions(at("closed\n"), fs::perms::none);
  TreeWalk walk(opening(at("")));
  // Root may read everything: only this thread runs as somebody else.
  const bool root = geteuid() == 0;
  if (root) {
    fs::permissions(host_.path(""), fs::perms::all);
    ASSERT_EQ(seteuid(65534), 0);
  }
  const auto state = walk.advance(kAll, later());
  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_EQ(state, TreeWalk::State::kFailed);
  EXPECT_EQ(walk.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(walk.error().where, "closed?") << "no control character goes into a log";
}

}  // namespace
}  // namespace tallyman
