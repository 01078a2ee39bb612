#include "collectors/discovery/runtimes/user_files.h"
#include "tests/support/eventually.h"
#include "tests/support/host_builder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;

using Answer = Result<std::string>;

TEST(UserFiles, AreThoseBelowTheHomeAndTheRunDirectoryAlone) {
  HostBuilder host;
  host.file("etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\n").file("home/ann/a", "1").file("run/user/1000/b", "2");
  host.file("home/bob/c", "3").file("home/anna", "4").file("etc/d", "5");
  UserFiles users(host.root());
  const auto read = [&users](const std::string& path) {
    const Answer answer = users.call<std::string>(
        1000, [path](RootedFiles& files, const UserFiles::Place&) { return files.read(path, 100); });
    return answer ? *answer : std::string("-");
  };
  EXPECT_EQ(read("/home/ann/a"), "1");
  EXPECT_EQ(read("/run/user/1000/b"), "2");
  for (const char* path : {"/home/bob/c", "/home/anna", "/etc/d", "/home/ann/../bob/c", "/home/ann/none", "/"})
    EXPECT_EQ(read(path), "-") << path;
}

// A home on a server that is gone: the others go on, and it is asked again when it answers.
TEST(UserFiles, ThatHangKeepNobodyWaitingASecondTime) {
  HostBuilder host;
  UserFiles users(host.root(), 20ms);
  const auto hangs = std::make_shared<std::atomic<bool>>(true);
  const auto job = [hangs](RootedFiles&, const UserFiles::Place&) -> Answer {
    while (*hangs) std::this_thread::sleep_for(1ms);
    return std::string("here");
  };
  const auto asked = std::make_shared<std::atomic<int>>(0);
  const auto counted = [asked](RootedFiles&, const UserFiles::Place&) -> Answer {
    ++*asked;
    return std::string("here");
  };
  const Answer hanging = users.call<std::string>(1000, job);
  ASSERT_FALSE(hanging);
  EXPECT_EQ(hanging.error().kind, ErrorKind::kIo);
  EXPECT_NE(hanging.error().where.find("user 1000"), std::string::npos);
  EXPECT_FALSE(users.call<std::string>(1000, counted));
  EXPECT_EQ(*asked, 0) << "not even begun";
  EXPECT_TRUE(eventually([&] { return users.call<std::string>(1001, counted).has_value(); })) << "another user";
  *hangs = false;
  EXPECT_TRUE(eventually([&] { return users.call<std::string>(1000, counted).has_value(); }));
}

TEST(HomeOf, IsTheSixthFieldOfTheRowWithTheNumber) {
  const std::string passwd =
      "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbad:x:7\nx:x:8:8::rel:\n";
  EXPECT_EQ(home_of(passwd, "1000"), "/home/ann");
  for (const char* uid : {"7", "8", "9", ""}) EXPECT_EQ(home_of(passwd, uid), "") << uid;
}

}  // namespace
}  // namespace tallyman
