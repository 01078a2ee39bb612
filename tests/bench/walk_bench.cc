// What it costs to add up a layer file by file, and how that grows.
#include "collectors/kernel/filesystem/tree_walk.h"
#include "collectors/kernel/filesystem/walk_budget.h"
#include "collectors/kernel/system/self_process.h"
#include "tests/bench/bench_measure.h"
#include "tests/support/host_builder.h"

#include <fcntl.h>
#include <ftw.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace tallyman::bench {
namespace {

constexpr unsigned kSmall = 10'000, kBig = 1'000'000;
constexpr unsigned kFilesInADirectory = 100;

std::string add_demand(HostBuilder& host, unsigned files) {
  const std::string top = "tree-" + std::to_string(files) + "/";
  for (unsigned i = 0; i < files; ++i) {
    host.file(top + std::to_string(i / kFilesInADirectory) + "/" + std::to_string(i), "");
  }
  return host.path(top);
}

std::uint64_t walked(const std::string& top, std::uint64_t slice) {
  TreeWalk walk([&]() -> Result<FileDescriptor> {
    return FileDescriptor(open(top.c_str(), O_RDONLY | O_DIRECTORY | O_NOATIME | O_CLOEXEC));
  });
  const auto until = std::chrono::steady_clock::now() + std::chrono::hours(1);
  while (walk.advance(slice, until) == TreeWalk::State::kRunning) {
  }
  return walk.usage().inodes;
}

// The C library's own walk, which adds up nothing.
void visit_all(const std::string& top) {
  nftw(
      top.c_str(), [](const char*, const struct stat*, int, FTW*) { return 0; }, 16, FTW_PHYS | FTW_MOUNT);
}

std::string milliseconds(double seconds) { return number(seconds * 1e3, 1) + " ms"; }

int run(int rounds) {
  HostBuilder host;
  const std::string small = add_demand(host, kSmall), big = add_demand(host, kBig);
  const std::uint64_t slice = WalkBudget().slice_entries();
  const std::uint64_t memory_before = read_self_process().resident_bytes.value_or(0);
  for (const auto& [top, files] : {std::pair(small, kSmall), std::pair(big, kBig)}) {
    if (walked(top, slice) != files + files / kFilesInADirectory + 1) {
      std::fputs("the walk does not find what is there\n", stderr);
      return 1;
    }
  }
  const std::uint64_t memory = std::max(read_self_process().resident_bytes.value_or(0), memory_before) - memory_before;
  const auto times =
      interleaved(rounds, {[&] { walked(small, slice); }, [&] { visit_all(small); }, [&] { walked(big, slice); }});
  const double of_small = median(times[0]);
  bool reached =
      print_row("walking 10,000 files in slices, against nftw(3)", Bound::kAtMost, 1.25, ratio(times[0], times[1]), "x",
                milliseconds(of_small) + " against " + milliseconds(median(times[1])) + ", in memory; `walk_bench`");
  reached = print_row("a file among 1,000,000, against one among 10,000", Bound::kAtMost, 1.5,
                      ratio(times[2], times[0]) * kSmall / kBig, "x",
                      number(median(times[2]) / kBig * 1e6, 1) + " µs against " + number(of_small / kSmall * 1e6, 1) +
                          " µs; " + number(static_cast<double>(memory) / 1e6, 1) + " MB more resident afterwards") &&
            reached;
  const double at_budget = static_cast<double>(kSmall) / static_cast<double>(WalkBudget().entries_per_second);
  print_row("CPU during a walk, of one CPU", Bound::kNone, 0,
            100 * of_small / std::max(at_budget, of_small * WalkBudget::kCpuShare), " %",
            "5,000 entries a second, and never more than 1 %; 10,000 files take " +
                number(std::max(at_budget, of_small * WalkBudget::kCpuShare), 1) + " s");
  return reached ? 0 : 3;
}

}  // namespace
}  // namespace tallyman::bench

// walk_bench [ROUNDS]
int main(int argc, char** argv) {
  return tallyman::bench::run(argc > 1 ? std::clamp(std::atoi(argv[1]), 1, 1'000) : 5);
}
