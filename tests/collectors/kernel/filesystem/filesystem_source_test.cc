#include "collectors/kernel/filesystem/filesystem_source.h"

#include "tests/support/host_builder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

constexpr const char* kHostMounts =
    "26 1 254:1 / / rw - ext4 /dev/vda1 rw\n"
    "31 26 254:17 / /dead rw - xfs /dev/vdb1 rw\n"
    "33 26 0:50 / /nfs rw - nfs4 filer:/home rw\n"
    "34 26 0:51 / /auto rw - autofs /etc/auto.misc rw\n";

// The calls of the threads. Outlives the source, because its calls may hang.
struct Asked {
  std::mutex mutex;
  std::multiset<std::string> disks, directories;
  std::atomic<bool> dead_disk_hangs = false, dead_directory_hangs = false;

  void hang_while(const std::atomic<bool>& flag) const {
    while (flag) {
      std::this_thread::sleep_for(1ms);
    }
  }
};

class Filesystems : public ::testing::Test {
 protected:
  Filesystems() {
    host_.file("proc/1/mountinfo", kHostMounts);
    options_.budget = {20ms, 1'000'000};
    options_.disks_interval = 20ms;
    options_.deadline = 5min;
    options_.disk_deadline = 5min;
  }
  ~Filesystems() override {
    asked_->dead_disk_hangs = asked_->dead_directory_hangs = false;
    source_.reset();
  }

  FilesystemSource& source() {
    if (!source_) {
      FilesystemPorts ports;
      ports.ask_disk = [asked = asked_](const formats::Mount& mount) -> Result<DiskFilesystem> {
        {
          const std::lock_guard lock(asked->mutex);
          asked->disks.insert(mount.mount_point);
        }
        if (mount.minor == 17) asked->hang_while(asked->dead_disk_hangs);
        DiskFilesystem disk;
        disk.size_bytes = 1'000;
        disk.used_bytes = mount.minor;
        disk.inodes_total = 100;
        disk.inodes_free = 40;
        return disk;
      };
      ports.open_directory = [asked = asked_, root = host_.root()](
                                 const std::string& path,
                                 std::optional<std::uint32_t> owner) -> Result<FileDescriptor> {
        {
          const std::lock_guard lock(asked->mutex);
          asked->directories.insert(owner ? std::to_string(*owner) + path : path);
        }
        if (path.starts_with("/dead")) asked->hang_while(asked->dead_directory_hangs);
        FileDescriptor opened(open(root.root_path(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!opened.valid()) return error_from_errno(errno, path);
        return opened;
      };
      source_ = std::make_unique<FilesystemSource>(host_.root(), options_, std::move(ports));
    }
    return *source_;
  }

  // A container with a layer that its process shows.
  FilesystemDemand container(unsigned pid, const std::string& layer) {
    const std::string process = "proc/" + std::to_string(pid);
    host_.file(process + "/mountinfo", "400 300 0:70 / / rw - overlay overlay rw,lowerdir=/l,upperdir=" + layer + "\n");
    host_.file(process + "/cgroup", "0::/docker/c" + std::to_string(pid) + "\n");
    FilesystemDemand demand;
    demand.cgroup = "c" + std::to_string(pid);
    demand.pid = pid;
    return demand;
  }

  // Reads as the sampler does, until it is so.
  bool becomes(const std::function<bool()>& so) {
    const auto end = steady_clock::now() + 60s;
    while (steady_clock::now() < end) {
      for (const ReadReport report = source().read(); !report.first_fault.empty();) {
        faults_ += report.first_fault + "\n";
        break;
      }
      if (so()) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }
  bool layer_is_known(FilesystemSource::Handle handle) {
    return becomes([&] { return source().stats(handle) != nullptr && source().stats(handle)->layer.has_value(); });
  }
  std::size_t trees(const std::string& state) {
    for (const auto& [name, count] : source().statistics().trees) {
      if (name == state) return count;
    }
    return 0;
  }
  std::multiset<std::string> asked_directories() {
    const std::lock_guard lock(asked_->mutex);
    return asked_->directories;
  }

  HostBuilder host_;
  FilesystemOptions options_;
  std::shared_ptr<Asked> asked_ = std::make_shared<Asked>();
  std::unique_ptr<FilesystemSource> source_;
  std::string faults_;
};

FilesystemDemand the_host() {
  FilesystemDemand demand;
  demand.is_host = true;
  return demand;
}

TEST_F(Filesystems, OfTheHostAreThereAtTheFirstReadAndNoOtherIsEverAsked) {
  source().attach(0, the_host());
  source().read();
  ASSERT_NE(source().stats(0), nullptr);
  EXPECT_THAT(source().stats(0)->disks,
              ElementsAre(Field(&DiskFilesystem::device, "/dev/vda1"), Field(&DiskFilesystem::device, "/dev/vdb1")));
  EXPECT_EQ(source().stats(0)->disks[0].used_bytes, 1U);
  const std::lock_guard lock(asked_->mutex);
  EXPECT_THAT(asked_->disks, Not(Contains("/nfs")));
  EXPECT_THAT(asked_->disks, Not(Contains("/auto")));
}

TEST_F(Filesystems, ThatHangCostNoOtherAnything) {
  options_.disk_deadline = 1s;
  asked_->dead_disk_hangs = true;
  source().attach(0, the_host());
  const auto only_the_living = [&] {
    return source().stats(0) != nullptr && source().stats(0)->disks.size() == 1 &&
           source().stats(0)->disks[0].device == "/dev/vda1";
  };
  EXPECT_TRUE(becomes(only_the_living));
  EXPECT_TRUE(becomes([&] { return source().statistics().hanging == 1; }));
  EXPECT_THAT(faults_, HasSubstr("/dead: the disk does not answer"));
  std::this_thread::sleep_for(1500ms);
  EXPECT_EQ(source().statistics().hanging, 1U) << "it is not asked again as long as it hangs";
  asked_->dead_disk_hangs = false;
  EXPECT_TRUE(becomes([&] { return source().stats(0)->disks.size() == 2; })) << "it is back";
}

TEST_F(Filesystems, GiveALayerThatIsFoundByTheContainersProcess) {
  host_.file("layers/a/diff/f", std::string(100'000, 'x'));
  source().attach(3, container(70, "/layers/a/diff"));
  ASSERT_TRUE(layer_is_known(3));
  EXPECT_EQ(source().stats(3)->layer->inodes, 2U);
  EXPECT_GE(source().stats(3)->layer->bytes, 100'000U);
  EXPECT_LE(source().stats(3)->layer->bytes, 120'000U);
  EXPECT_EQ(source().stats(3)->layer->device, "/dev/vda1");
  EXPECT_GT(source().stats(3)->layer->capacity_bytes, 1'000'000U);
  EXPECT_EQ(source().stats(3)->layer->source, UsageSource::kWalk);
}

TEST_F(Filesystems, WalkALayerAgainAndSeeWhatChanged) {
  host_.file("layers/a/diff/f", "x");
  source().attach(3, container(70, "/layers/a/diff"));
  ASSERT_TRUE(layer_is_known(3));
  const std::uint64_t before = source().stats(3)->layer->bytes;
  host_.file("layers/a/diff/big", std::string(1'000'000, 'x'));
  EXPECT_TRUE(becomes([&] { return source().stats(3)->layer->bytes >= before + 1'000'000; }));
  host_.remove("layers/a/diff/big");
  EXPECT_TRUE(becomes([&] { return source().stats(3)->layer->bytes == before; }));
}

TEST_F(Filesystems, TakeTheRuntimesLayerWhereTheKernelShowsNone) {
  host_.file("layers/b/diff/f", "x");
  FilesystemDemand demand = container(70, "relative/diff");
  demand.layer_directory = "/layers/b/diff";
  source().attach(3, demand);
  EXPECT_TRUE(layer_is_known(3));
}

TEST_F(Filesystems, DoNotBelieveAProcessThatIsAnothersByNow) {
  host_.file("layers/other/diff/f", "x");
  FilesystemDemand demand = container(70, "/layers/other/diff");
  demand.cgroup = "c69";
  source().attach(3, demand);
  source().attach(4, container(71, "/layers/other/diff"));
  EXPECT_TRUE(layer_is_known(4));
  EXPECT_TRUE(source().stats(3) == nullptr || !source().stats(3)->layer);
}

TEST_F(Filesystems, MeasureASharedVolumeOnceAndGiveItToOne) {
  host_.file("volumes/data/_data/f", std::string(50'000, 'x'));
  for (const unsigned pid : {70U, 71U, 72U}) {
    host_.file("layers/" + std::to_string(pid) + "/f", "x");
    FilesystemDemand demand = container(pid, "/layers/" + std::to_string(pid));
    demand.volumes = {{"data", "/volumes/data/_data"}};
    source().attach(pid, demand);
  }
  ASSERT_TRUE(becomes([&] {
    const auto* first = source().stats(70);
    return first != nullptr && first->volumes.size() == 1 && first->volumes[0].usage;
  }));
  EXPECT_EQ(source().stats(70)->volumes[0].users, 3U);
  EXPECT_GE(source().stats(70)->volumes[0].usage->bytes, 50'000U);
  EXPECT_FALSE(source().stats(71)->volumes[0].usage);
  EXPECT_FALSE(source().stats(71)->volumes[0].counts_here);
  EXPECT_EQ(source().stats(72)->volumes[0].users, 3U);

  source().detach(70);
  EXPECT_TRUE(becomes([&] { return source().stats(71)->volumes[0].usage.has_value(); })) << "the next one has it";
  EXPECT_EQ(source().stats(70), nullptr);
  EXPECT_TRUE(becomes([&] { return source().stats(72)->volumes[0].users == 2; }));
}

TEST_F(Filesystems, GiveOnceWhatTwoPathsLeadTo) {
  host_.file("layers/a/f", std::string(50'000, 'x'));
  std::filesystem::create_directory_symlink(host_.path("layers"), host_.path("again"));
  source().attach(1, container(70, "/layers/a"));
  source().attach(2, container(71, "/again/a"));
  EXPECT_TRUE(becomes([&] { return trees("measured") == 1 && trees("same_tree") == 1; }));
}

TEST_F(Filesystems, OpenNothingOnTheNetwork) {
  FilesystemDemand demand = container(70, "/nfs/layers/a");
  demand.volumes = {{"far", "/nfs/volumes/far/_data"}, {"auto", "/auto/x"}};
  host_.file("layers/b/f", "x");
  source().attach(1, demand);
  source().attach(2, container(71, "/layers/b"));
  ASSERT_TRUE(layer_is_known(2));
  EXPECT_TRUE(becomes([&] { return trees("remote") == 3; }));
  EXPECT_THAT(asked_directories(), Each(HasSubstr("/layers/b")));
  EXPECT_FALSE(source().stats(1)->layer);
  EXPECT_FALSE(source().stats(1)->volumes[0].counts_here);
}

TEST_F(Filesystems, SayWhatCannotBeReached) {
  FilesystemDemand demand = container(70, "/layers/not-here");
  source().attach(1, demand);
  EXPECT_TRUE(becomes([&] { return trees("unreachable") == 1; }));
  EXPECT_FALSE(source().stats(1)->layer);
  host_.file("layers/not-here/f", "x");
  EXPECT_TRUE(layer_is_known(1)) << "it is located again";
}

TEST_F(Filesystems, LeaveADirectoryThatHangsBehind) {
  options_.deadline = 2s;
  asked_->dead_directory_hangs = true;
  host_.file("layers/b/f", "x");
  host_.file("dead/a/f", "x");
  source().attach(1, container(70, "/dead/a"));
  source().attach(2, container(71, "/layers/b"));
  EXPECT_TRUE(becomes([&] { return trees("hanging") == 1; }));
  EXPECT_TRUE(layer_is_known(2));
  asked_->dead_directory_hangs = false;
  EXPECT_TRUE(layer_is_known(1)) << "it is back";
}

TEST_F(Filesystems, WalkNothingWhereTheyMayNot) {
  options_.walk = false;
  host_.file("layers/a/f", "x");
  source().attach(1, container(70, "/layers/a"));
  EXPECT_TRUE(becomes([&] { return trees("not_walked") == 1; }));
  EXPECT_EQ(source().statistics().entries, 0U);
  EXPECT_FALSE(source().stats(1)->layer);
}

TEST_F(Filesystems, DropAWalkWithItsContainer) {
  options_.budget.entries_per_second = 100;  // ten in a go
  for (int i = 0; i < 200; ++i) {
    host_.file("layers/a/" + std::to_string(i), "x");
  }
  source().attach(1, container(70, "/layers/a"));
  EXPECT_TRUE(becomes([&] { return source().statistics().entries > 0; }));
  source().detach(1);
  EXPECT_TRUE(becomes([&] { return source().statistics().walks_aborted == 1; }));
  EXPECT_EQ(source().statistics().walks_complete, 0U);
  EXPECT_LT(source().statistics().entries, 200U);
}

TEST_F(Filesystems, GiveAHandleToAnotherWithoutWhatTheFirstHad) {
  host_.file("layers/a/f", std::string(90'000, 'x')).file("layers/b/f", "x");
  source().attach(1, container(70, "/layers/a"));
  ASSERT_TRUE(layer_is_known(1));
  source().detach(1);
  source().attach(1, container(71, "/layers/b"));
  EXPECT_EQ(source().stats(1), nullptr);
  ASSERT_TRUE(layer_is_known(1));
  EXPECT_LT(source().stats(1)->layer->bytes, 90'000U);
}

TEST_F(Filesystems, KeepALayersFigureWhenAnotherFactChanges) {
  host_.file("layers/a/f", "x").file("volumes/v/_data/f", "x");
  FilesystemDemand demand = container(70, "/layers/a");
  source().attach(1, demand);
  ASSERT_TRUE(layer_is_known(1));
  demand.volumes = {{"v", "/volumes/v/_data"}};
  source().attach(1, demand);
  EXPECT_TRUE(becomes([&] {
    EXPECT_TRUE(source().stats(1)->layer);
    return !source().stats(1)->volumes.empty() && source().stats(1)->volumes[0].usage.has_value();
  }));
}

TEST_F(Filesystems, FindTheWritableBranchOfAufsInSysfs) {
  host_.file("layers/aufs/f", "x");
  host_.file("sys/fs/aufs/si_8b3f/br0", "/layers/aufs=rw\n").file("sys/fs/aufs/si_8b3f/br1", "/lower=ro+wh\n");
  FilesystemDemand demand = container(70, "/unused");
  host_.file("proc/70/mountinfo", "400 300 0:75 / / rw - aufs none rw,si=8b3f,dio\n");
  source().attach(1, demand);
  EXPECT_TRUE(layer_is_known(1));
}

TEST_F(Filesystems, TakeAFileSystemOfItsOwnAsItIs) {
  FilesystemDemand demand = container(70, "/unused");
  host_.file("proc/70/mountinfo", "400 300 0:93 / / rw - zfs tank/docker/4f2a rw\n");
  source().attach(1, demand);
  ASSERT_TRUE(layer_is_known(1));
  EXPECT_EQ(source().stats(1)->layer->bytes, 93U);
  EXPECT_EQ(source().stats(1)->layer->inodes, 60U);
  EXPECT_EQ(source().stats(1)->layer->source, UsageSource::kFilesystem);
  EXPECT_EQ(source().stats(1)->layer->device, "tank/docker/4f2a");
}

// Whom a user names as a volume is not asked for root, nor shown what root's container has there.
TEST_F(Filesystems, ThatAUserNamesAreAskedForAsThatUsers) {
  host_.file("volumes/secret/_data/f", std::string(90'000, 'x'));
  FilesystemDemand roots, users;
  roots.volumes = users.volumes = {{"secret", "/volumes/secret/_data"}};
  users.owner = 4242;
  source().attach(1, users);
  source().attach(2, roots);
  const auto usage = [&](FilesystemSource::Handle handle) {
    const auto* stats = source().stats(handle);
    return stats != nullptr && !stats->volumes.empty() && stats->volumes[0].usage.has_value();
  };
  EXPECT_TRUE(becomes([&] { return usage(1) && usage(2); })) << "two trees: neither is the other's";
  EXPECT_THAT(asked_directories(), Contains("4242/volumes/secret/_data"));
  EXPECT_THAT(asked_directories(), Contains("/volumes/secret/_data"));
  FilesystemDemand own_root = container(70, "/unused");
  host_.file("proc/70/mountinfo", "400 300 0:93 / / rw - zfs tank/docker/4f2a rw\n");
  own_root.owner = 4242;
  own_root.volumes = {{"own", "/volumes/own"}};
  host_.file("volumes/own/f", "x");
  source().attach(3, own_root);
  EXPECT_TRUE(becomes([&] { return usage(3); }));
  EXPECT_FALSE(source().stats(3)->layer) << "any disk can be the root in a user's mount namespace";
}

}  // namespace
}  // namespace tallyman
