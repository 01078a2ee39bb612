#include "collectors/discovery/discovery.h"
#include "collectors/discovery/runtimes/all_runtimes.h"
#include "tests/collectors/discovery/discovery_fixture.h"
#include "tests/support/eventually.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// One valid Docker container, among everything else that is broken.
class BadRuntimeDirectories : public DiscoveryTest {
 protected:
  BadRuntimeDirectories() {
    files(1, config("web"));
    start_cgroup(1);
    for (const std::string& path :
         {"/machine.slice/libpod-" + id_of(2) + ".scope", "/system.slice/crio-" + id_of(3) + ".scope",
          std::string("/lxc.payload.box"), std::string("/machine.slice/machine-vm.scope"),
          std::string("/machine.slice/machine-qemu\\x2d1\\x2dwin.scope"), std::string("/system.slice/cron.service"),
          std::string("/machine.slice/machine-rkt\\x2d5bc080ca\\x2d4b8e\\x2d4f0f\\x2d9f0d\\x2d6d1c9b6a7e31.scope"),
          "/kubepods/besteffort/pod0f1e2d3c4b5a69788796a5b4c3d2e1f0/" + id_of(4)})
      host_.dir("sys/fs/cgroup/memory" + path);
  }
  void expect_nothing_else_is_lost() {
    Discovery discovery(options(), all_runtimes({host_.root(), "", ""}));
    discovery.refresh();
    const auto list = discovery.current();
    EXPECT_EQ(find(list, "/docker/" + id_of(1))->workload, "web");
    EXPECT_EQ(find(list, "/lxc.payload.box")->workload, "box");
    EXPECT_EQ(find(list, "/machine.slice/machine-vm.scope")->workload, "vm");
    EXPECT_EQ(find(list, "/machine.slice/machine-qemu\\x2d1\\x2dwin.scope")->workload, "win");
    EXPECT_EQ(find(list, "/system.slice/cron.service")->kind, WorkloadKind::kService);
    EXPECT_EQ(find(list, "/machine.slice/libpod-" + id_of(2) + ".scope")->kind, WorkloadKind::kContainer);
  }
  static inline const std::vector<std::string> kDirectories = {"run/containers/storage",
                                                               "var/lib/containers/storage",
                                                               "var/lib/lxc",
                                                               "run/systemd/machines",
                                                               "run/systemd/units",
                                                               "run/systemd/transient",
                                                               "run/user",
                                                               "run/libvirt/qemu",
                                                               "var/lib/rkt/pods/run",
                                                               "run/fleet/units",
                                                               "run/containerd"};
};

TEST_F(BadRuntimeDirectories, ThatAreLinksInACircleCostNothingElse) {
  for (const std::string& directory : kDirectories) {
    const std::filesystem::path path = host_.path(directory);
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::create_symlink(path.filename(), path);
  }
  expect_nothing_else_is_lost();
}

TEST_F(BadRuntimeDirectories, ThatAreFilesCostNothingElse) {
  for (const std::string& directory : kDirectories) host_.file(directory, "{");
  expect_nothing_else_is_lost();
}

TEST_F(BadRuntimeDirectories, WithHalfWrittenFilesCostNothingElse) {
  const std::string userdata = "/overlay-containers/" + id_of(2) + "/userdata/";
  host_.file("var/lib/containers/storage" + userdata + "config.json", R"({"annotations":{"a)")
      .file("var/lib/containers/storage/overlay-containers/containers.json", "[{")
      .file("run/containers/storage/overlay-containers/" + id_of(3) + "/userdata/config.json", "")
      .file("run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id_of(4) + "/config.json", "{\"mounts\":[")
      .file("run/systemd/machines/vm", "NAME=v")
      .file("run/libvirt/qemu/win.xml", "<domstatus><domain")
      .file("var/lib/rkt/pods/run/5bc080ca-4b8e-4f0f-9f0d-6d1c9b6a7e31/pod", "{\"apps\":[{")
      .file("var/lib/lxc/box/config", "lxc.net.0");
  expect_nothing_else_is_lost();
}

TEST_F(BadRuntimeDirectories, ThatAreClosedCostNothingElse) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become someone else";
  for (const std::string& directory : kDirectories) {
    host_.dir(directory);
    ASSERT_EQ(chmod(host_.path(directory).c_str(), 0), 0);
  }
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(99);
    expect_nothing_else_is_lost();
    _exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// A runtime with files that hang.
class HangingRuntime final : public Runtime {
 public:
  explicit HangingRuntime(std::atomic<bool>& hangs, std::atomic<int>& waiting) : hangs_(hangs), waiting_(waiting) {}
  std::string_view name() const override { return "hanging"; }
  std::optional<ContainerMatch> match(std::string_view path) const override {
    if (!path.starts_with("/docker/")) return {};
    return ContainerMatch{std::string(path.substr(8)), true};
  }
  std::uint64_t revision(const ContainerRef&) override { return 1; }
  Result<ContainerDescription> describe(const ContainerRef&) override {
    ++waiting_;
    while (hangs_) std::this_thread::sleep_for(1ms);
    return ContainerDescription{};
  }

 private:
  std::atomic<bool>& hangs_;
  std::atomic<int>& waiting_;
};

TEST_F(DiscoveryTest, AnswersWhileARuntimeHangs) {
  std::atomic<bool> hangs{true};
  std::atomic<int> waiting{0};
  std::vector<std::unique_ptr<Runtime>> runtimes;
  runtimes.push_back(std::make_unique<HangingRuntime>(hangs, waiting));
  Discovery discovery(options(), std::move(runtimes));
  discovery.refresh();
  discovery.start();
  start_cgroup(1);
  ASSERT_TRUE(eventually([&] { return waiting > 0; }));
  const auto start = Clock::now();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(discovery.current()->size(), 2U);
    EXPECT_TRUE(discovery.status().tree.watching);
  }
  EXPECT_LT(Clock::now() - start, 1s);
  hangs = false;
  EXPECT_TRUE(eventually([&] { return discovery.current()->size() == 3; }));
}

TEST_F(DiscoveryTest, SurvivesContainersThatStartAndEndWhileOthersRead) {
  Discovery discovery(options(), docker());
  discovery.start();
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  std::atomic<std::uint64_t> reads{0}, unsorted{0};
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const auto list = discovery.current();
        const auto by_id = [](const WorkloadPtr& a, const WorkloadPtr& b) { return a->id < b->id; };
        if (!std::is_sorted(list->begin(), list->end(), by_id)) ++unsorted;
        reads += 1 + (discovery.status().tree.watches & 0);
        std::this_thread::sleep_for(100us);
      }
    });
  }
  for (unsigned round = 0; round < 30; ++round) {
    for (unsigned number = 0; number < 10; ++number) {
      files(number, config("web" + std::to_string(round)));
      start_cgroup(number);
    }
    for (unsigned number = 0; number < 10; ++number) {
      host_.remove("var/lib/docker/containers/" + id_of(number));  // the files first: in the middle of everything
      end_cgroup(number);
    }
  }
  files(1, config("last"));
  start_cgroup(1);
  EXPECT_TRUE(eventually([&] {
    const auto list = discovery.current();
    return list->size() == 3 && (*list)[2]->workload == "last";
  }));
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_GT(reads, 0U);
  EXPECT_EQ(unsorted, 0U);
  EXPECT_THAT(errors(), testing::Each(testing::HasSubstr("malformed")));  // a file met half-written, at most
}

}  // namespace
}  // namespace tallyman
