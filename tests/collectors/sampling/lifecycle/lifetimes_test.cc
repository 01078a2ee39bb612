// A thousand short lifetimes in real cgroups, none of which may be lost: each has a start
// and an end. Their final stats, plus the time booked on their parent, must equal the
// kernel's counter of the parent.
#include "collectors/discovery/discovery.h"
#include "collectors/kernel/cgroup/file_stats_source.h"
#include "collectors/kernel/cgroup/final_stats_watcher.h"
#include "collectors/kernel/system/self_process.h"
#include "collectors/model/collector_table.h"
#include "collectors/sampling/lifecycle/cpu_balance.h"
#include "collectors/sampling/sampler.h"
#include "tests/support/eventually.h"
#include "tests/support/sanitized.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

const int kLifetimes = is_sanitized() ? 200 : 1'000;
constexpr int kAtATime = 4;
constexpr double kShortLifetimeSeconds = 0.02, kLongLifetimeSeconds = 0.3;
constexpr int kEveryLong = 40;
constexpr double kTolerance = 0.005;

double monotonic_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Files that this process has open in cgroups below `id` with a number as name, including removed ones.
std::vector<std::string> open_files_below(const std::string& id) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const std::string path = std::filesystem::read_symlink(entry, ignored);
    const std::size_t at = path.find(id + "/");
    if (at == std::string::npos) continue;
    const char first = path[at + id.size() + 1];  // of a child, or of a file of the parent's own
    if (first >= '0' && first <= '9') found.push_back(path);
  }
  return found;
}

std::size_t cgroups_of(const CgroupMounts& mounts) {
  std::size_t count = 0;
  for (const Hierarchy& one : mounts.hierarchies()) {
    std::error_code vanished;
    std::filesystem::recursive_directory_iterator at(one.path, vanished), end;
    for (; !vanished && at != end; at.increment(vanished)) count += at->is_directory(vanished);
  }
  return count;
}

// The parent's directories, one per hierarchy, and child cgroups below them. Runs in a
// process of its own, which forks while the test has threads.
class ProcessTree {
 public:
  explicit ProcessTree(const CgroupMounts& mounts) : id_("/tallyman-lifetimes-" + std::to_string(getpid())) {
    for (const Hierarchy& one : mounts.hierarchies()) trees_.push_back({one.path, one.v2});
  }

  const std::string& id() const { return id_; }
  bool make() {
    for (const Tree& tree : trees_) {
      if (!make_directory(tree, id_)) return false;
    }
    return true;
  }
  void remove() {
    for (const Tree& tree : trees_) remove_directory(tree.path + id_);
  }

  // The exit code.
  int run() {
    int running = 0, created = 0, failed = 0;
    std::map<pid_t, std::string> homes;
    while (created < kLifetimes || running > 0) {
      if (created < kLifetimes && running < kAtATime) {
        const std::string home = id_ + "/" + std::to_string(created);
        for (const Tree& tree : trees_) failed += make_directory(tree, home) ? 0 : 1;
        const pid_t child = fork();
        if (child == 0) burn(home, created % kEveryLong == 0 ? kLongLifetimeSeconds : kShortLifetimeSeconds);
        homes[child] = home;
        ++created, ++running;
        continue;
      }
      int status = 0;
      const pid_t child = waitpid(-1, &status, 0);
      failed += status == 0 ? 0 : 1;
      for (const Tree& tree : trees_) remove_directory(tree.path + homes[child]);  // at once
      --running;
    }
    return failed == 0 ? 0 : 1;
  }

 private:
  struct Tree {
    std::string path;
    bool v2;
  };

  static bool make_directory(const Tree& tree, const std::string& id) {
    const std::string directory = tree.path + id;
    if (mkdir(directory.c_str(), 0755) != 0) return false;
    for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {  // v1 takes no process before they are set
      std::ifstream parent(tree.path + "/" + file);
      std::string value;
      if (!tree.v2 && std::getline(parent, value)) std::ofstream(directory + "/" + file) << value << std::endl;
    }
    return true;
  }
  static void remove_directory(const std::string& directory) {
    while (rmdir(directory.c_str()) != 0 && errno == EBUSY) usleep(100);
  }
  [[noreturn]] void burn(const std::string& home, double seconds) const {
    for (const Tree& tree : trees_) {
      const int file = open((tree.path + home + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
      if (write(file, "0\n", 2) != 2) _exit(2);
      close(file);
    }
    for (const double end = monotonic_seconds() + seconds; monotonic_seconds() < end;) {
    }
    _exit(0);
  }

  std::string id_;
  std::vector<Tree> trees_;
};

class Lifetimes : public ::testing::Test {
 protected:
  void SetUp() override {
    auto found = CgroupMounts::detect(HostRoot{});
    if (!found) GTEST_SKIP() << "no cgroup file system here: " << to_string(found.error());
    mounts_ = std::move(found).value();
    if (mounts_.unified_index() < 0) GTEST_SKIP() << "no cgroup v2 tree here, not even next to v1";
    tree_.emplace(mounts_);
    if (!tree_->make()) {
      tree_->remove();
      GTEST_SKIP() << "cgroups cannot be made here: " << std::strerror(errno);
    }
    ASSERT_EQ(pipe(begin_), 0);
    helper_ = fork();
    if (helper_ == 0) {
      char byte = 0;
      _exit(read(begin_[0], &byte, 1) == 1 ? tree_->run() : 3);
    }
  }
  void TearDown() override {
    sampling_ = {};
    if (discovery_) discovery_->stop();
    if (tree_) tree_->remove();
  }

  void observe() {
    final_stats_ = FinalStatsWatcher::make(HostRoot{}, mounts_);
    ASSERT_NE(final_stats_, nullptr);
    final_stats_->start();
    DiscoveryOptions options;
    for (const int index : mounts_.discovery_order()) {
      options.tree.hierarchies.push_back(mounts_.hierarchies()[static_cast<std::size_t>(index)].path);
    }
    options.final_stats = final_stats_.get();
    discovery_ = std::make_unique<Discovery>(options, std::vector<std::unique_ptr<Runtime>>());
    SamplerOptions sampling;
    for (const Collector* one : all_collectors()) {
      if (one->on_by_default && one->name != "network") sampling.collectors.push_back(one);
    }
    sampling.events = log_;
    SampledSourcesOptions sources;
    sources.needs = needs_of(sampling.collectors);
    sampler_ = std::make_unique<Sampler>(
        sampling, HostRoot{},
        make_sampled_sources(HostRoot{}, make_file_stats_source(HostRoot{}, mounts_, 20'000), std::move(sources)),
        LabelPolicy::make({}).value());
    discovery_->refresh();
    pass();
    discovery_->start();
    sampling_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        pass();
        std::this_thread::sleep_for(200ms);
      }
    });
  }
  void pass() {
    auto exits = discovery_->take_exits();
    const SnapshotPtr made = sampler_->sample(
        discovery_->current(), {std::chrono::system_clock::now(), std::chrono::steady_clock::now()}, std::move(exits));
    const std::lock_guard lock(mutex_);
    snapshot_ = made;
    statistics_ = sampler_->statistics();
  }
  SnapshotPtr snapshot() {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  SamplerStatistics statistics() {
    const std::lock_guard lock(mutex_);
    return statistics_;
  }

  // Whether so many passes have begun and ended after this call: the one under way does not count.
  bool passes_follow(std::uint64_t count) {
    const std::uint64_t enough = statistics().passes + 1 + count;
    return eventually([&] { return statistics().passes >= enough; });
  }
  // The ids below the parent of events of this type, one for each event.
  std::multiset<std::string> ids_of(EventType type) const {
    std::multiset<std::string> ids;
    for (const EventPtr& event : log_->select({0, 20'000, type, {}})) {
      if (event->workload_id.starts_with(tree_->id() + "/")) ids.insert(event->workload_id);
    }
    return ids;
  }
  double cpu_seconds_of_the_ended() const {
    double sum = 0;
    for (const EventPtr& event : log_->select({0, 20'000, EventType::kDied, {}})) {
      if (!event->workload_id.starts_with(tree_->id() + "/")) continue;
      for (const auto& [key, detail] : event->details) {
        if (key == "cpu_seconds") sum += std::get<double>(detail);
      }
    }
    return sum;
  }

  // CPU seconds booked to the parent.
  double unattributed() {
    const SnapshotPtr now = snapshot();
    const MetricId metric = *find_metric("tallyman_unattributed_cpu_seconds_total");
    for (const Block& block : now->layout->blocks) {
      for (const Series& series : block.plan->series) {
        if (series.metric == metric && block.plan->labels_of(series) == "id=\"" + tree_->id() + "\"") {
          return static_cast<double>(now->value(block, series)) / 1e9;
        }
      }
    }
    return 0;
  }
  double parents_own_counter() const {
    const int v1 = mounts_.v1_index(Controller::kCpuacct);
    const auto& trees = mounts_.hierarchies();
    if (v1 >= 0) {
      double nsec = 0;
      std::ifstream(trees[static_cast<std::size_t>(v1)].path + tree_->id() + "/cpuacct.usage") >> nsec;
      return nsec / 1e9;
    }
    std::ifstream stat(trees[static_cast<std::size_t>(mounts_.unified_index())].path + tree_->id() + "/cpu.stat");
    std::string key;
    double usec = 0;
    stat >> key >> usec;
    EXPECT_EQ(key, "usage_usec");
    return usec / 1e6;
  }

  CgroupMounts mounts_;
  std::optional<ProcessTree> tree_;
  int begin_[2] = {-1, -1};
  pid_t helper_ = -1;
  std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>(20'000);
  std::unique_ptr<FinalStatsWatcher> final_stats_;
  std::unique_ptr<Discovery> discovery_;
  std::unique_ptr<Sampler> sampler_;
  std::mutex mutex_;
  SnapshotPtr snapshot_;
  SamplerStatistics statistics_;
  std::jthread sampling_;
};

TEST_F(Lifetimes, AreAllReportedAndTheirSumCloses) {
  observe();
  ASSERT_TRUE(passes_follow(CpuBalance::kPasses + 2));  // what the agent keeps at rest is there
  const std::size_t cgroups = cgroups_of(mounts_);
  const std::uint64_t watched = final_stats_->statistics().watches, watches = discovery_->status().tree.watches;
  const std::uint64_t resident = read_self_process().resident_bytes.value_or(0);

  ASSERT_EQ(write(begin_[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(waitpid(helper_, &status, 0), helper_);
  ASSERT_EQ(status, 0) << "not all could run";
  EXPECT_TRUE(eventually([&] { return ids_of(EventType::kDied).size() >= static_cast<std::size_t>(kLifetimes); }));
  ASSERT_TRUE(passes_follow(CpuBalance::kPasses + 2));  // then what is booked to the parent is known

  const auto started = ids_of(EventType::kStarted), died = ids_of(EventType::kDied);
  const double cpu_seconds = cpu_seconds_of_the_ended();
  EXPECT_EQ(started.size(), static_cast<std::size_t>(kLifetimes));
  EXPECT_EQ(died, started);
  EXPECT_EQ((std::set<std::string>(died.begin(), died.end()).size()), static_cast<std::size_t>(kLifetimes));

  const double whole = parents_own_counter(), booked = unattributed();
  const FinalStatsCounts counts = statistics().final_stats_by_source;
  const FinalStatsWatcherStatistics watcher = final_stats_->statistics();
  std::printf(
      "of %.3f s: %.3f s in final stats, %.3f s booked to the parent; %llu read at their end, %llu at the "
      "last sample, %llu unknown; %.0f us of CPU per lifetime%s\n",
      whole, cpu_seconds, booked, static_cast<unsigned long long>(counts.cgroup_empty),
      static_cast<unsigned long long>(counts.last_sample), static_cast<unsigned long long>(counts.unknown),
      static_cast<double>(watcher.cpu_nsec) / 1e3 / kLifetimes, watcher.real_time ? ", in real time" : "");
  EXPECT_NEAR(cpu_seconds + booked, whole, kTolerance * whole);

  EXPECT_THAT(open_files_below(tree_->id()), IsEmpty());
  // The sanitizers keep what is freed, and let discovery fall behind.
  const std::size_t slack = is_sanitized() ? 100 : 0;
  const std::size_t more_resident = is_sanitized() ? 1U << 30 : 8U << 20;
  // Others create and remove cgroups on this host: the two are counted until they agree.
  const auto others = [&] { return std::max(cgroups_of(mounts_), cgroups) - cgroups + slack; };
  EXPECT_TRUE(eventually([&] { return final_stats_->statistics().watches <= watched + others(); }));
  EXPECT_TRUE(eventually([&] { return discovery_->status().tree.watches <= watches + others(); }))
      << discovery_->status().tree.watches << " now, " << watches << " before";
  EXPECT_LE(read_self_process().resident_bytes.value_or(0), resident + more_resident);
}

}  // namespace
}  // namespace tallyman
