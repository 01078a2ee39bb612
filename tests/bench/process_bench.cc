// What a scan of all processes costs, and how that grows with their number.
#include "collectors/kernel/process/taskstats.h"
#include "collectors/sampling/processes/process_scan.h"
#include "tests/bench/bench_measure.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace tallyman::bench {
namespace {

constexpr std::size_t kCounts[] = {100, 1'000, 10'000};

// Processes that sleep until this object is destroyed.
class Crowd {
 public:
  void grow_to(std::size_t count) {
    while (pids_.size() < count) {
      const pid_t child = fork();
      if (child < 0) {
        std::perror("fork");
        std::exit(1);
      }
      if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
          pause();
        }
      }
      pids_.push_back(child);
    }
  }
  ~Crowd() {
    for (const pid_t pid : pids_) {
      kill(pid, SIGKILL);
    }
    for (const pid_t pid : pids_) {
      waitpid(pid, nullptr, 0);
    }
  }

 private:
  std::vector<pid_t> pids_;
};

// One workload with all processes, or only the host, where all are bare.
WorkloadListPtr all_in(WorkloadKind kind) {
  auto workload = std::make_shared<Workload>();
  workload->id = "/";
  workload->kind = kind;
  return std::make_shared<const WorkloadList>(WorkloadList{workload});
}

// CPU seconds of a scan, the median of several.
class Scans {
 public:
  Scans(WorkloadKind kind, bool slow)
      : workloads_(all_in(kind)), scan_(HostRoot{}, ProcessGrouping::make({}).value(), {}, taskstats()), slow_(slow) {}

  double cost(int rounds) {
    constexpr int kSettling = 4;
    std::vector<double> each;
    for (int i = 0; i < rounds + kSettling; ++i) {
      time_.steady += std::chrono::seconds(1);
      const double seconds = cpu_seconds_of([this] { scan_.run(workloads_, time_, slow_); });
      if (i >= kSettling) {
        each.push_back(seconds);
      }
    }
    return median(each);
  }

 private:
  static std::unique_ptr<Taskstats> taskstats() {
    auto opened = Taskstats::open();
    return opened ? std::move(*opened) : nullptr;
  }
  WorkloadListPtr workloads_;
  ProcessScan scan_;
  ScanTime time_{1, std::chrono::steady_clock::now()};
  bool slow_;
};

struct Way {
  const char* name;
  WorkloadKind kind;
  bool slow;
};
constexpr Way kWays[] = {{"a bare process, each scan", WorkloadKind::kHost, false},
                         {"a bare process, slow scans (one in ten)", WorkloadKind::kHost, true},
                         {"a process in a container, each scan", WorkloadKind::kContainer, false},
                         {"a process in a container, slow scans (one in ten)", WorkloadKind::kContainer, true}};

bool run(int rounds) {
  Crowd crowd;
  std::vector<double> before, at_few;
  for (const Way& way : kWays) {
    before.push_back(Scans(way.kind, way.slow).cost(rounds));
  }
  bool reached = true;
  for (const std::size_t count : kCounts) {
    crowd.grow_to(count);
    for (std::size_t i = 0; i < std::size(kWays); ++i) {
      const double micros =
          (Scans(kWays[i].kind, kWays[i].slow).cost(rounds) - before[i]) * 1e6 / static_cast<double>(count);
      const std::string what = std::string(kWays[i].name) + ", " + std::to_string(count) + " of them";
      print_row(what, Bound::kNone, 0, micros, " µs", "");
      if (count == kCounts[1]) {
        at_few.push_back(micros);
      } else if (count > kCounts[1]) {
        reached =
            print_row("the same against 1000 of them", Bound::kAtMost, 1.5, micros / at_few[i], "x", "") && reached;
      }
    }
  }
  return reached;
}

}  // namespace
}  // namespace tallyman::bench

// process_bench [ROUNDS]
int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::clamp(std::atoi(argv[1]), 1, 1'000) : 11;
  return tallyman::bench::run(rounds) ? 0 : 3;
}
