// What parsing costs by itself, on texts as kernels write them.
#include "collectors/kernel/formats/cgroup_text.h"
#include "collectors/kernel/formats/io_text.h"
#include "collectors/kernel/formats/memory_text.h"
#include "collectors/kernel/formats/proc_text.h"
#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/network_stats.h"

#include <benchmark/benchmark.h>

#include <string>

namespace tallyman::formats {
namespace {

std::string repeated(std::string_view prefix) {
  std::string text;
  for (const char* key :
       {"cache", "rss", "rss_huge", "shmem", "mapped_file", "dirty", "writeback", "workingset_refault_anon",
        "workingset_refault_file", "swap", "pgpgin", "pgpgout", "pgfault", "pgmajfault", "inactive_anon", "active_anon",
        "inactive_file", "active_file", "unevictable"}) {
    text.append(prefix).append(key).append(" 123456789\n");
  }
  return text;
}

void memory_stat_v1(benchmark::State& state) {
  const std::string text = repeated("") + "hierarchical_memory_limit 9223372036854771712\n" + repeated("total_");
  for (auto _ : state) {
    MemoryStats stats;
    benchmark::DoNotOptimize(parse_memory_stat_v1(text, stats));
    benchmark::DoNotOptimize(stats);
  }
}
BENCHMARK(memory_stat_v1);

void pressure(benchmark::State& state) {
  const std::string text =
      "some avg10=0.00 avg60=0.12 avg300=0.05 total=123456789\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=456789\n";
  for (auto _ : state) {
    PressureStats stats;
    benchmark::DoNotOptimize(parse_pressure(text, stats));
    benchmark::DoNotOptimize(stats);
  }
}
BENCHMARK(pressure);

void blkio(benchmark::State& state) {
  const std::string text =
      "254:0 Read 4096\n254:0 Write 123456789\n254:0 Sync 4096\n254:0 Async 123456789\n254:0 Discard 0\n"
      "254:0 Total 123460885\nTotal 123460885\n";
  std::vector<IoDeviceStats> rows;
  for (auto _ : state) {
    rows.clear();
    benchmark::DoNotOptimize(parse_blkio(text, BlkioFile::kBytes, rows));
  }
}
BENCHMARK(blkio);

void net_dev(benchmark::State& state) {
  const std::string text =
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
      "compressed\n"
      "    lo:  123456     789    0    0    0     0          0         0   123456     789    0    0    0     0       0 "
      "  "
      "       0\n"
      "  eth0: 9876543   12345    0    0    0     0          0         0  7654321    6543    0    0    0     0       0 "
      "  "
      "       0\n";
  std::vector<InterfaceStats> rows;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_net_dev(text, rows));
  }
}
BENCHMARK(net_dev);

void number(benchmark::State& state) {
  const std::string text = "123456789012\n";
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_number(text));
  }
}
BENCHMARK(number);

}  // namespace
}  // namespace tallyman::formats

BENCHMARK_MAIN();
