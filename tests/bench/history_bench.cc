// What remembering costs: bytes a figure, CPU, memory, and what a question costs.
// Real samples of a farm of real cgroups under load are recorded for a while and
// then fed fast, over and over, as 300 workloads that each begin elsewhere in them.
#include "collectors/history/history_store.h"
#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/cgroup/file_stats_source.h"
#include "collectors/kernel/system/self_process.h"
#include "collectors/model/collector.h"
#include "collectors/model/collector_table.h"
#include "collectors/sampling/sampler.h"
#include "tests/bench/bench_measure.h"
#include "tests/bench/cgroup_farm.h"
#include "tests/bench/loads.h"

#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <stdexcept>
#include <thread>

namespace tallyman::bench {
namespace {

using std::chrono::seconds;

constexpr std::size_t kWorkloads = 300;
constexpr int kHour = 3'600;
constexpr int kSettling = 12;  // until the slow pass and files that come late have been

WorkloadListPtr workloads_of(const CgroupMounts& mounts, const CgroupFarm& farm) {
  const auto& tree = mounts.hierarchies()[static_cast<std::size_t>(mounts.discovery_order().front())].path;
  auto list = std::make_shared<WorkloadList>();
  for (const std::string& cgroup : farm.cgroups()) {
    auto made = std::make_shared<Workload>();
    struct stat status {};
    made->kind = WorkloadKind::kContainer;
    made->id = made->workload = cgroup;
    made->inode = stat((tree + cgroup).c_str(), &status) == 0 ? status.st_ino : 0;
    made->container.network_mode = "bridge";
    list->push_back(std::move(made));
  }
  return list;
}

// A sample a second, as the agent takes them. Those at the end that have one layout.
std::vector<SnapshotPtr> record(const CgroupMounts& mounts, const CgroupFarm& farm, int count) {
  SamplerOptions options;
  for (const Collector* collector : all_collectors()) {
    if (collector->on_by_default) options.collectors.push_back(collector);
  }
  SampledSourcesOptions sources;
  sources.needs = needs_of(options.collectors);
  sources.network_files_kept_open = 1'000;
  sources.ignore_interface = [](const std::string&) { return false; };
  Sampler sampler(
      std::move(options), HostRoot{},
      make_sampled_sources(HostRoot{}, make_file_stats_source(HostRoot{}, mounts, 10'000), std::move(sources)),
      std::move(*LabelPolicy::make({"^$", true, 1024})));
  const WorkloadListPtr workloads = workloads_of(mounts, farm);
  std::vector<SnapshotPtr> samples;
  auto due = std::chrono::steady_clock::now();
  for (int i = 0; i < count + kSettling; ++i, due += seconds(1)) {
    std::this_thread::sleep_until(due);
    const SnapshotPtr sample =
        sampler.sample(workloads, {std::chrono::system_clock::now(), std::chrono::steady_clock::now()});
    if (!samples.empty() && samples.back()->layout != sample->layout) samples.clear();
    samples.push_back(sample);
  }
  if (samples.size() < static_cast<std::size_t>(count) / 2) {
    throw std::runtime_error("the series of the farm changed too often for a recording");
  }
  return samples;
}

// The recording, as a host with many workloads that never ends.
class Replay {
 public:
  Replay(std::vector<SnapshotPtr> samples, std::size_t workloads) : samples_(std::move(samples)) {
    const auto& recorded = samples_.front()->layout->blocks;
    auto layout = std::make_shared<Layout>();
    std::mt19937 random(1);
    for (std::size_t i = 0; i < workloads; ++i) {
      const Block& block = recorded[i % recorded.size()];
      auto workload = std::make_shared<Workload>(*block.workload);
      workload->id += "-" + std::to_string(i);
      layout->blocks.push_back({workload, block.plan, layout->slots, false});
      starts_.push_back(random() % samples_.size());
      const auto slots = static_cast<std::uint32_t>(block.plan->series.size());
      layout->slots += slots;
    }
    next_.layout = layout;
    next_.values.resize(layout->slots);
  }

  const Snapshot& next() {
    next_.steady_time += seconds(1);
    next_.wall_time += seconds(1);
    for (std::size_t i = 0; i < next_.layout->blocks.size(); ++i) write(i);
    ++second_;
    return next_;
  }
  const std::vector<Block>& blocks() const { return next_.layout->blocks; }

 private:
  // Counters continue from the end of the recording; gauges jump back to its start.
  void write(std::size_t index) {
    const Block& block = next_.layout->blocks[index];
    const Block& recorded = samples_.front()->layout->blocks[index % samples_.front()->layout->blocks.size()];
    const std::size_t at = starts_[index] + second_;
    const Snapshot& now = *samples_[at % samples_.size()];
    const std::uint64_t rounds = at / samples_.size();
    for (const Series& series : block.plan->series) {
      std::uint64_t value = now.value(recorded, series);
      if (value != kAbsent && catalogue()[series.metric].definition->type == MetricType::kCounter) {
        value += rounds * (samples_.back()->value(recorded, series) - samples_.front()->value(recorded, series));
      }
      next_.values[block.first_slot + series.slot] = value;
    }
  }

  std::vector<SnapshotPtr> samples_;
  std::vector<std::size_t> starts_;
  std::size_t second_ = 0;
  Snapshot next_;
};

// What Gorilla's own code would take for the same: XOR with the double before,
// its own time stamps left out (Pelkonen et al., VLDB 2015, section 4.1.2).
class GorillaBits {
 public:
  void add(const HistoryRow& row) {
    for (unsigned field = 0; field < kHistoryFields; ++field) {
      if (row[field] == kAbsent) continue;
      const auto bits = std::bit_cast<std::uint64_t>(static_cast<double>(row[field]));
      const std::uint64_t x = bits ^ last_[field];
      last_[field] = bits;
      ++figures_;
      if (x == 0) {
        bits_ += 1;
        continue;
      }
      const int leading = std::min(std::countl_zero(x), 31), trailing = std::countr_zero(x);
      if (leading >= leading_[field] && trailing >= trailing_[field]) {
        bits_ += 2 + static_cast<std::uint64_t>(64 - leading_[field] - trailing_[field]);
      } else {
        leading_[field] = leading;
        trailing_[field] = trailing;
        bits_ += 2 + 5 + 6 + static_cast<std::uint64_t>(64 - leading - trailing);
      }
    }
  }
  double bytes_a_figure() const { return static_cast<double>(bits_) / 8 / static_cast<double>(figures_); }

 private:
  std::array<std::uint64_t, kHistoryFields> last_{};
  std::array<int, kHistoryFields> leading_ = filled(), trailing_ = filled();
  std::uint64_t bits_ = 0, figures_ = 0;
  static std::array<int, kHistoryFields> filled() {
    std::array<int, kHistoryFields> all{};
    all.fill(64);
    return all;
  }
};

// Bytes per value of only one kind of load, and the size with Gorilla.
std::string by_load(const std::vector<SnapshotPtr>& samples) {
  std::string text;
  for (const Load load : {Load::kIdle, Load::kService, Load::kBusy}) {
    GorillaBits gorilla;
    BlockPool pool;
    std::uint64_t bits = 0, figures = 0;
    for (std::size_t block = 0; block < samples.front()->layout->blocks.size(); ++block) {
      if (load_of(block) != load) continue;
      FieldReader reader;
      RowEncoder encoder;
      BitChain chain;
      HistoryRow row;
      for (const SnapshotPtr& sample : samples) {
        if (!reader.read(*sample, sample->layout->blocks[block], row)) continue;
        sample == samples.front() ? encoder.begin(pool, chain, row) : void(encoder.append(pool, chain, row));
        gorilla.add(row);
        figures +=
            static_cast<std::uint64_t>(std::count_if(row.begin(), row.end(), [](auto v) { return v != kAbsent; }));
      }
      bits += chain.bits();
    }
    text += (text.empty() ? "" : "; ") + std::string(name_of(load)) + " " +
            number(static_cast<double>(bits) / 8 / static_cast<double>(figures), 3) + " (" +
            number(gorilla.bytes_a_figure(), 3) + ")";
  }
  return text;
}

std::string mebibytes(double bytes) { return number(bytes / (1 << 20), 1) + " MB"; }

int run(const CgroupFarm& farm, int recorded_seconds) {
  const Result<CgroupMounts> mounts = CgroupMounts::detect(HostRoot{});
  if (!mounts) return 1;
  const std::vector<SnapshotPtr> samples = record(*mounts, farm, recorded_seconds);
  Replay replay(samples, kWorkloads);
  const auto resident = [] { return static_cast<double>(read_self_process().resident_bytes.value_or(0)); };
  const double before = resident();
  HistoryStore store{HistoryOptions{}};
  double cpu = 0;
  const auto feed = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const Snapshot& next = replay.next();
      cpu += cpu_seconds_of([&] { store.add(next); });
    }
  };
  feed(kHour);
  const HistoryStatistics hour = store.statistics();
  const double hour_resident = resident() - before, hour_cpu = cpu;
  const std::string how = "real samples of 20 cgroups (12 idle, 5 services, 3 busy), " +
                          std::to_string(samples.size()) + " s of them fed again and again as 300 workloads";
  print_row("history: bytes a figure", Bound::kNone, 0,
            static_cast<double>(hour.packed_bytes) / static_cast<double>(hour.points), " bytes",
            how + "; alone, and in brackets what Gorilla's XOR of doubles would take of the same: " + by_load(samples));
  print_row("history: CPU a workload and second", Bound::kNone, 0, hour_cpu / kHour / kWorkloads * 1e6, " µs",
            "every sample and one in 15 s; `history_bench`");
  print_row("history: memory of 300 workloads after an hour", Bound::kAtMost, 64,
            static_cast<double>(hour.memory_bytes) / (1 << 20), " MB",
            "as it accounts for it; the process grew by " + mebibytes(hour_resident) + "; " +
                number(static_cast<double>(hour.points) / 1e6, 1) + " million figures");
  const double end = std::chrono::duration<double>(replay.next().wall_time.time_since_epoch()).count();
  std::vector<double> one_hour, six;
  HistoryQuery chart{{replay.blocks()[17].workload->id}, {0, 4, 9, 13}, end - kHour, end, 5};
  HistoryQuery compare{{}, {0, 4}, end - kHour, end, 5};
  for (std::size_t i = 12; i < 18; ++i) compare.workloads.push_back(replay.blocks()[i].workload->id);
  for (int i = 0; i < 21; ++i) {
    one_hour.push_back(cpu_seconds_of([&] { store.answer(chart); }));
    six.push_back(cpu_seconds_of([&] { store.answer(compare); }));
  }
  print_row("history: an hour of a busy workload, 4 fields in 720 steps", Bound::kNone, 0, median(one_hour) * 1e3,
            " ms", "2 fields of 6 workloads: " + number(median(six) * 1e3, 1) + " ms; no lock of the sampler");
  feed(23 * kHour);
  const HistoryStatistics day = store.statistics();
  return print_row("history: memory of 300 workloads after a day", Bound::kAtMost, 64,
                   static_cast<double>(day.memory_bytes) / (1 << 20), " MB",
                   "the process grew by " + mebibytes(resident() - before) + "; reaches back " +
                       number(day.fine_seconds / kHour, 1) + " h by the second, " +
                       number(day.coarse_seconds / kHour, 1) + " h by 15 s; " + std::to_string(day.chunks_dropped) +
                       " chunks dropped before their time")
             ? 0
             : 3;
}

}  // namespace
}  // namespace tallyman::bench

// history_bench [SECONDS]: how long to record
int main(int argc, char** argv) {
  const int recorded = argc > 1 ? std::clamp(std::atoi(argv[1]), 10, 3'600) : 120;
  const auto work = [recorded](const tallyman::bench::CgroupFarm& farm) {
    try {
      return tallyman::bench::run(farm, recorded);
    } catch (const std::runtime_error& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return 1;
    }
  };
  return tallyman::bench::with_farm(20, work, tallyman::bench::run_load);
}
