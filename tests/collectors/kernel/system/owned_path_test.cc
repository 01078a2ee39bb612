#include "collectors/kernel/system/owned_path.h"

#include "collectors/kernel/system/rooted_files.h"
#include "tests/support/host_builder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace tallyman {
namespace {

constexpr std::uint32_t kUser = 4242;

class OwnedPath : public testing::Test {
 protected:
  // 0, or the error.
  int open_error(const std::string& relative) {
    const FileDescriptor top(open(host_.path("home").c_str(), O_PATH | O_DIRECTORY));
    const FileDescriptor opened(open_as_user(top.get(), relative, O_RDONLY, kUser));
    return opened.valid() ? 0 : errno;
  }
  HostBuilder host_;
};

TEST_F(OwnedPath, LeadsToFilesThatAllMayRead) {
  host_.file("home/a/b", "x");
  EXPECT_EQ(open_error("a/b"), 0);
  EXPECT_EQ(open_error("/a//b"), 0);
  EXPECT_EQ(open_error("a"), 0);
  EXPECT_EQ(open_error(""), 0);
  EXPECT_EQ(open_error("a/none"), ENOENT);
}

TEST_F(OwnedPath, FollowsNoLinkAndNoWayUp) {
  host_.file("home/a/b", "x").file("secret/b", "y");
  std::filesystem::create_symlink("b", host_.path("home/a/link"));
  std::filesystem::create_directory_symlink(host_.path("secret"), host_.path("home/out"));
  EXPECT_EQ(open_error("a/link"), ELOOP);
  EXPECT_EQ(open_error("out/b"), ENOTDIR);
  EXPECT_EQ(open_error("../secret/b"), EACCES);
  EXPECT_EQ(open_error("a/../../secret/b"), EACCES);
}

TEST_F(OwnedPath, EndsAtWhatIsClosedToTheUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: another user's files are closed to this test too";
  host_.file("home/a/b", "x").file("home/c/d", "y");
  ASSERT_EQ(chmod(host_.path("home/a").c_str(), 0700), 0);
  ASSERT_EQ(chmod(host_.path("home/c/d").c_str(), 0600), 0);
  EXPECT_EQ(open_error("a/b"), EACCES);
  EXPECT_EQ(open_error("c/d"), EACCES);
  ASSERT_EQ(chown(host_.path("home/a").c_str(), kUser, kUser), 0);
  ASSERT_EQ(chown(host_.path("home/c/d").c_str(), kUser, kUser), 0);
  EXPECT_EQ(open_error("a/b"), 0);
  EXPECT_EQ(open_error("c/d"), 0);
}

TEST(IdsOfAUser, AreItsOwnAndThoseOfItsContainers) {
  const std::string subuid = "ann:100000:65536\nbob:165536:65536\n4242:300000:10\nbad\nann:x:y\nann:4294967295:9\n";
  EXPECT_TRUE(is_id_of_user(kUser, kUser, "", ""));
  EXPECT_FALSE(is_id_of_user(0, kUser, "ann", subuid));
  EXPECT_TRUE(is_id_of_user(100000, kUser, "ann", subuid));
  EXPECT_TRUE(is_id_of_user(165535, kUser, "ann", subuid));
  EXPECT_FALSE(is_id_of_user(165536, kUser, "ann", subuid)) << "another's";
  EXPECT_TRUE(is_id_of_user(300009, kUser, "", subuid)) << "by number";
  EXPECT_FALSE(is_id_of_user(300010, kUser, "", subuid));
  EXPECT_EQ(name_of_user("root:x:0:0::/:\nann:x:4242:1::/home/ann:\n4242:x\n", kUser), "ann");
  EXPECT_EQ(name_of_user("root:x:0:0::/:\n", kUser), "");
}

}  // namespace
}  // namespace tallyman
