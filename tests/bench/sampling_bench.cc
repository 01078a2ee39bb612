// What a pass over many containers costs, against the kernel's own share of it.
#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/cgroup/file_stats_source.h"
#include "collectors/model/collector.h"
#include "collectors/model/collector_table.h"
#include "collectors/sampling/sampler.h"
#include "tests/bench/bench_measure.h"
#include "tests/bench/cgroup_farm.h"
#include "tests/bench/kept_files.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace tallyman::bench {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::size_t kContainers = 300;
constexpr std::size_t kFew = 100, kMany = 1000;
constexpr int kSettlingPasses = 15;  // young cgroups and namespaces are read in each pass

std::uint64_t inode_of(const CgroupMounts& mounts, const std::string& cgroup) {
  const auto& first = mounts.hierarchies()[static_cast<std::size_t>(mounts.discovery_order().front())];
  struct stat status {};
  return stat((first.path + cgroup).c_str(), &status) == 0 ? status.st_ino : 0;
}

WorkloadPtr container(const CgroupMounts& mounts, const std::string& cgroup) {
  auto made = std::make_shared<Workload>();
  made->kind = WorkloadKind::kContainer;
  made->id = cgroup;
  made->inode = inode_of(mounts, cgroup);
  made->workload = cgroup.substr(1);
  made->runtime = "docker";
  made->container.name = "shop_web_" + cgroup.substr(cgroup.rfind('/') + 2);
  made->container.image = "registry.example.com/shop/web:1.2.3";
  made->container.network_mode = "bridge";
  made->container.labels = {{"com.docker.compose.project", "shop"}, {"com.docker.compose.service", "web"}};
  return made;
}

WorkloadListPtr containers(const CgroupMounts& mounts, const CgroupFarm& farm, std::size_t count) {
  auto list = std::make_shared<WorkloadList>();
  for (std::size_t i = 0; i < count; ++i) {
    list->push_back(container(mounts, farm.cgroups()[i]));
  }
  return list;
}

// A sampler as the agent makes it by default, with its own clock.
class Passes {
 public:
  Passes(const CgroupMounts& mounts, WorkloadListPtr workloads, seconds slow_interval)
      : workloads_(std::move(workloads)) {
    SamplerOptions options;
    for (const Collector* collector : all_collectors()) {
      if (collector->on_by_default) {
        options.collectors.push_back(collector);
      }
    }
    options.slow_interval = slow_interval;
    SampledSourcesOptions sources;
    sources.needs = needs_of(options.collectors);
    sources.network_files_kept_open = 100'000;
    sources.ignore_interface = [](const std::string& name) { return name == "lo"; };
    auto labels = LabelPolicy::make({"^com\\.docker\\.compose\\.", true, 1024});
    sampler_ = std::make_unique<Sampler>(
        std::move(options), HostRoot{},
        make_sampled_sources(HostRoot{}, make_file_stats_source(HostRoot{}, mounts, 100'000), std::move(sources)),
        std::move(*labels));
    for (int i = 0; i < kSettlingPasses; ++i) {
      run();
    }
  }

  void run() {
    time_.wall += seconds(1);
    time_.steady += seconds(1);
    last_ = sampler_->sample(workloads_, time_);
  }
  SamplerStatistics statistics() const { return sampler_->statistics(); }
  std::size_t series() const { return last_->values.size(); }

 private:
  WorkloadListPtr workloads_;
  std::unique_ptr<Sampler> sampler_;
  SampleTime time_{std::chrono::system_clock::now(), std::chrono::steady_clock::now()};
  SnapshotPtr last_;
};

// Between two passes of an agent others use the caches for a second. A virtual machine
// may see a last-level cache that it shares with others: 1 GiB of it is enough.
std::size_t bytes_to_forget() {
  constexpr long kMin = 48L << 20;
  constexpr long kMax = 1L << 30;
  return static_cast<std::size_t>(std::clamp(2 * sysconf(_SC_LEVEL3_CACHE_SIZE), kMin, kMax));
}

void forget_caches() {
  static std::vector<char> memory(bytes_to_forget());
  for (std::size_t i = 0; i < memory.size(); i += 64) {
    memory[i] = static_cast<char>(memory[i] + 1);
  }
}

bool ratios_to_the_kernel(const CgroupMounts& mounts, const CgroupFarm& farm, int rounds) {
  const std::size_t count = std::min(kContainers, farm.cgroups().size());
  Passes sampled(mounts, containers(mounts, farm, count), hours(24));
  Passes nothing(mounts, std::make_shared<WorkloadList>(), hours(24));
  const std::vector<std::string> kept = files_kept_open(farm.root());
  BareReader bare(kept);
  const auto each = interleaved(
      rounds,
      {[&] { sampled.run(); }, [&] { bare.pread_all(); }, [&] { bare.open_read_close_all(); }, [&] { nothing.run(); }},
      forget_caches);
  std::vector<double> own = each[0];
  for (std::size_t i = 0; i < own.size(); ++i) {
    own[i] -= each[3][i];  // the machine's own files, however many containers
  }
  const auto per_container = [&](const std::vector<double>& all) {
    return number(median(all) * 1e6 / static_cast<double>(count), 1) + " µs";
  };
  const std::string files = std::to_string(kept.size() / count) + " files";
  const bool warm =
      print_row("sampling a container, against bare preads of the same kept-open files", Bound::kAtMost, 1.25,
                ratio(own, each[1]), "x", per_container(own) + " against " + per_container(each[1]) + "; " + files);
  const bool opened =
      print_row("sampling a container, against open, read and close of the same files", Bound::kAtMost, 0.35,
                ratio(own, each[2]), "x", per_container(own) + " against " + per_container(each[2]));
  print_row("the machine's own part of a pass", Bound::kNone, 0, median(each[3]) * 1e6, " µs",
            "meminfo, diskstats; once, however many containers");
  return warm && opened;
}

// Every file that the default collectors read for one of these containers, at any interval.
std::vector<std::string> all_files(const CgroupMounts& mounts, const CgroupFarm& farm, std::size_t count) {
  Passes always_slow(mounts, containers(mounts, farm, 1), seconds(1));
  std::vector<std::string> kept = files_kept_open(farm.cgroups().front());
  std::vector<std::string> directories;
  for (const Hierarchy& one : mounts.hierarchies()) {
    directories.push_back(one.path + farm.cgroups().front());
  }
  for (const std::string& opened : files_opened(directories, [&] { always_slow.run(); })) {
    if (!opened.ends_with("/cgroup.procs")) {  // finds the network namespace; no figure is in it
      kept.push_back(opened);
    }
  }
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::string path : kept) {
      const std::size_t cgroup = path.find(farm.cgroups().front());
      if (cgroup != std::string::npos) {
        all.push_back(path.replace(cgroup, farm.cgroups().front().size(), farm.cgroups()[i]));
      }
    }
  }
  return all;
}

// Nine fast passes and a slow one, which also opens and reads limits, cpuset and the namespace's owner.
bool cost_at_the_real_intervals(const CgroupMounts& mounts, const CgroupFarm& farm, int rounds) {
  const std::size_t count = std::min(kContainers, farm.cgroups().size());
  const std::vector<std::string> every_file = all_files(mounts, farm, count);
  BareReader bare(every_file);
  Passes both(mounts, containers(mounts, farm, count), seconds(10));
  Passes fast(mounts, containers(mounts, farm, count), hours(24));
  constexpr int kSeconds = 10;
  const auto each_second = [](const std::function<void()>& work) {
    return [work] {
      for (int i = 0; i < kSeconds; ++i) {
        work();
      }
    };
  };
  const auto each = interleaved(rounds,
                                {each_second([&] { both.run(); }), each_second([&] { fast.run(); }),
                                 each_second([&] { bare.open_read_close_all(); })},
                                forget_caches);
  const auto per_container = [&](const std::vector<double>& all) {
    return median(all) * 1e6 / kSeconds / static_cast<double>(count);
  };
  const double micros = per_container(each[0]);
  print_row("CPU a container and second, slow passes included", Bound::kNone, 0, micros, " µs",
            "one pass in ten also reads limits and cpuset: " + number(ratio(each[0], each[1])) + "x of fast ones");
  return print_row("the same, against opening all the default collectors' files every second", Bound::kAtMost, 0.35,
                   ratio(each[0], each[2]), "x",
                   number(per_container(each[2]), 1) + " µs; " + std::to_string(every_file.size() / count) +
                       " files, without net/dev");
}

bool growth(const CgroupMounts& mounts, const CgroupFarm& farm, int rounds) {
  const std::size_t many = std::min(kMany, farm.cgroups().size());
  Passes hundred(mounts, containers(mounts, farm, kFew), hours(24));
  Passes thousand(mounts, containers(mounts, farm, many), hours(24));
  Passes nothing(mounts, std::make_shared<WorkloadList>(), hours(24));
  const auto each =
      interleaved(rounds, {[&] { thousand.run(); }, [&] { hundred.run(); }, [&] { nothing.run(); }}, forget_caches);
  std::vector<double> at_many, at_few;
  for (std::size_t i = 0; i < each[0].size(); ++i) {
    at_many.push_back((each[0][i] - each[2][i]) / static_cast<double>(many));
    at_few.push_back((each[1][i] - each[2][i]) / kFew);
  }
  return print_row("cost a container at " + std::to_string(many) + " cgroups against " + std::to_string(kFew),
                   Bound::kAtMost, 1.1, ratio(at_many, at_few), "x",
                   number(median(at_many) * 1e6, 1) + " µs against " + number(median(at_few) * 1e6, 1) + " µs");
}

int run(const CgroupFarm& farm, int rounds) {
  constexpr rlim_t kFilesPerContainer = 15;
  const rlim_t needed = kFilesPerContainer * (farm.cgroups().size() + kFew) + 128;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  if (files.rlim_max < needed || setrlimit(RLIMIT_NOFILE, &files) != 0) {
    std::fprintf(stderr, "%llu open files are needed and %llu allowed: fewer cgroups, or a higher ulimit -n\n",
                 static_cast<unsigned long long>(needed), static_cast<unsigned long long>(files.rlim_max));
    return 1;
  }
  const Result<CgroupMounts> mounts = CgroupMounts::detect(HostRoot{});
  if (!mounts) {
    return 1;
  }
  bool reached = ratios_to_the_kernel(*mounts, farm, rounds);
  reached = cost_at_the_real_intervals(*mounts, farm, std::max(3, rounds / 4)) && reached;
  reached = growth(*mounts, farm, rounds) && reached;
  return reached ? 0 : 3;
}

}  // namespace
}  // namespace tallyman::bench

// sampling_bench [ROUNDS [CGROUPS]]
int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::clamp(std::atoi(argv[1]), 1, 10'000) : 41;
  const std::size_t cgroups = argc > 2 ? std::clamp(std::strtoul(argv[2], nullptr, 10), 100UL, 20'000UL) : 1000;
  return tallyman::bench::with_farm(cgroups, [rounds](const tallyman::bench::CgroupFarm& farm) {
    try {
      return tallyman::bench::run(farm, rounds);
    } catch (const std::runtime_error& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return 1;
    }
  });
}
