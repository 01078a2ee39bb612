// The cgroups of the machine that the test runs on: made in every hierarchy,
// put to work, compared with what the kernel's own files say, and removed.
#include "collectors/kernel/cgroup/file_stats_source.h"
#include "collectors/model/collector_table.h"
#include "collectors/sampling/sampler.h"
#include "tests/support/observe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <thread>

namespace tallyman {
namespace {

constexpr std::size_t kTouchedBytes = 32 << 20;
constexpr double kBurnedSeconds = 0.3;

// The owner of the network is unknown if the machine hides the namespaces of its process 1.
std::uint64_t unexpected_denials(const CollectorStatistics& booked) {
  struct stat status {};
  const bool hidden = stat("/proc/1/ns/net", &status) != 0;
  return hidden && booked.collector == "network" ? 0 : booked.denied;
}

bool write_text(const std::string& path, const std::string& text) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file.valid() && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// In the child: works, says so, and waits to be killed.
[[noreturn]] void work(const std::vector<std::string>& directories, int done) {
  for (const std::string& directory : directories) {
    if (!write_text(directory + "/cgroup.procs", "0\n")) {
      _exit(2);
    }
  }
  auto* memory = static_cast<volatile char*>(std::malloc(kTouchedBytes));
  for (std::size_t i = 0; i < kTouchedBytes; i += 4'096) {
    memory[i] = 1;
  }
  timespec now{};
  do {
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  } while (static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9 < kBurnedSeconds);
  if (write(done, "x", 1) != 1) {
    _exit(3);
  }
  for (;;) {
    pause();
  }
}

class RealCgroups : public ::testing::Test {
 protected:
  void SetUp() override {
    auto found = CgroupMounts::detect(HostRoot{});
    if (!found) {
      GTEST_SKIP() << "no cgroup file system here: " << to_string(found.error());
    }
    mounts_ = std::move(found).value();
    id_ = "/tallyman-test-" + std::to_string(getpid());
    for (const Hierarchy& one : mounts_.hierarchies()) {
      const std::string directory = one.path + id_;
      if (mkdir(directory.c_str(), 0755) != 0) {
        GTEST_SKIP() << directory << ": " << std::strerror(errno);
      }
      directories_.push_back(directory);
      for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {  // v1 takes no process before they are set
        std::ifstream parent(one.path + "/" + file);
        std::string value;
        if (!one.v2 && std::getline(parent, value)) {
          write_text(directory + "/" + file, value + "\n");
        }
      }
    }
  }

  void TearDown() override {
    stop();
    remove_cgroups();
  }

  void start() {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    child_ = fork();
    if (child_ == 0) {
      close(ends[0]);
      work(directories_, ends[1]);
    }
    close(ends[1]);
    char byte = 0;
    const ssize_t got = read(ends[0], &byte, 1);
    close(ends[0]);
    if (got != 1) {
      waitpid(child_, nullptr, 0);
      child_ = -1;
      GTEST_SKIP() << "no process can be moved into cgroups here";
    }
  }

  void stop() {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
      child_ = -1;
    }
  }

  void remove_cgroups() {
    for (const std::string& directory : directories_) {
      for (int i = 0; i < 200 && rmdir(directory.c_str()) != 0 && errno == EBUSY; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));  // the killed process is still on its way out
      }
    }
    directories_.clear();
  }

  std::unique_ptr<Sampler> sampler() {
    SamplerOptions options;
    for (const Collector* one : all_collectors()) {
      options.collectors.push_back(one);
    }
    SampledSourcesOptions sources;
    sources.needs = needs_of(options.collectors);
    sources.ignore_interface = [](const std::string&) { return false; };
    return std::make_unique<Sampler>(
        options, HostRoot{}, make_sampled_sources({}, make_file_stats_source({}, mounts_, 1'000), std::move(sources)),
        LabelPolicy::make({}).value());
  }

  WorkloadListPtr workloads() const {
    auto one = std::make_shared<Workload>();
    one->kind = WorkloadKind::kContainer;
    one->id = id_;
    one->workload = one->container.name = "real";
    one->inode = 1;
    return std::make_shared<const WorkloadList>(WorkloadList{one});
  }

  static SampleTime now() { return {std::chrono::system_clock::now(), std::chrono::steady_clock::now()}; }

  // A number from the kernel's own file, by the hierarchy that has the controller.
  std::optional<std::uint64_t> kernel_says(Controller controller, const char* v1_file, const char* v2_file) const {
    const int v1 = mounts_.v1_index(controller);
    const int index = v1 >= 0 ? v1 : mounts_.unified_index();
    if (index < 0) {
      return std::nullopt;
    }
    std::ifstream file(mounts_.hierarchies()[static_cast<std::size_t>(index)].path + id_ + "/" +
                       (v1 >= 0 ? v1_file : v2_file));
    std::string key;
    std::uint64_t value = 0;
    if (v1 < 0 && std::string_view(v2_file) == "cpu.stat") {
      return file >> key >> value ? std::optional(value * 1'000) : std::nullopt;
    }
    return file >> value ? std::optional(value) : std::nullopt;
  }

  CgroupMounts mounts_ = {};
  std::string id_;
  std::vector<std::string> directories_;
  pid_t child_ = -1;
};

TEST_F(RealCgroups, AgreeWithTheKernelsOwnFiles) {
  start();
  if (IsSkipped()) {
    return;
  }
  const auto one = sampler();
  const auto cpu_before = kernel_says(Controller::kCpuacct, "cpuacct.usage", "cpu.stat");
  const SnapshotPtr snapshot = one->sample(workloads(), now());
  const auto cpu_after = kernel_says(Controller::kCpuacct, "cpuacct.usage", "cpu.stat");
  const SeriesValues values = series_of(*snapshot, id_);
  for (const CollectorStatistics& booked : one->statistics().collectors) {
    EXPECT_EQ(booked.malformed + unexpected_denials(booked) + booked.io, 0U)
        << booked.collector << ": " << booked.last_fault;
  }

  ASSERT_TRUE(cpu_before && cpu_after) << mounts_.describe();
  const std::uint64_t usage = values.at("container_cpu_usage_seconds_total{cpu=\"total\"}");
  EXPECT_GE(usage, *cpu_before);
  EXPECT_LE(usage, *cpu_after);
  // All CPU time was used inside, except for fork and the first writes.
  EXPECT_GE(static_cast<double>(usage) / 1e9, kBurnedSeconds * 0.9);

  if (const auto threads = kernel_says(Controller::kPids, "pids.current", "pids.current")) {
    EXPECT_EQ(*threads, 1U);
    EXPECT_EQ(values.at("container_threads"), 1U);
  }
  // Where v2 has the controller only at its root, the cgroup has no file of it.
  if (const auto memory = kernel_says(Controller::kMemory, "memory.usage_in_bytes", "memory.current")) {
    EXPECT_NEAR(static_cast<double>(values.at("container_memory_usage_bytes")), static_cast<double>(*memory), 2e6)
        << "the kernel batches charges by CPU";
    EXPECT_GE(values.at("container_memory_rss"), kTouchedBytes - (1 << 20)) << "memory.stat is batched as well";
    EXPECT_LE(values.at("container_memory_rss"), kTouchedBytes + (8 << 20));
    EXPECT_EQ(values.at("container_spec_memory_limit_bytes"), 0U) << "no limit";
    EXPECT_EQ(values.at("container_oom_events_total"), 0U);
  } else {
    EXPECT_EQ(values.count("container_memory_usage_bytes"), 0U);
  }
  EXPECT_EQ(values.count("container_cpu_cfs_periods_total"), 0U) << "no quota";
  EXPECT_EQ(values.count("container_network_receive_bytes_total{interface=\"lo\"}"), 0U) << "the host's namespace";
}

TEST_F(RealCgroups, ThatAreRemovedAreMissedInTheNextSample) {
  start();
  if (IsSkipped()) {
    return;
  }
  const auto one = sampler();
  const auto listed = workloads();
  EXPECT_FALSE(series_of(*one->sample(listed, now()), id_).empty());
  stop();
  remove_cgroups();
  const SnapshotPtr snapshot = one->sample(listed, now());  // discovery has not noticed
  EXPECT_TRUE(series_of(*snapshot, id_).empty()) << "kept-open files of a removed cgroup say ENODEV";
  ASSERT_EQ(snapshot->layout->blocks.size(), 1U);
  EXPECT_TRUE(snapshot->layout->blocks[0].ended);
  EXPECT_EQ(one->statistics().files.open, 0U);
  for (const CollectorStatistics& booked : one->statistics().collectors) {
    EXPECT_EQ(booked.malformed + unexpected_denials(booked) + booked.io, 0U)
        << booked.collector << ": " << booked.last_fault;
  }
}

}  // namespace
}  // namespace tallyman
