#include "collectors/sampling/stats_pass.h"

#include <chrono>
#include <utility>

namespace tallyman {
namespace {

using std::chrono::steady_clock;

// kLimits before kCpu: whether there is a quota decides what is read.
constexpr CgroupStatsKind kReadFirst[] = {CgroupStatsKind::kLimits, CgroupStatsKind::kCpuset, CgroupStatsKind::kHugetlb,
                                          CgroupStatsKind::kNuma};
// Kinds that measure shares of time, in this order: the host's pressure and CPU time are read together, and that is
// the time of the snapshot.
constexpr CgroupStatsKind kTimed[] = {CgroupStatsKind::kPressure, CgroupStatsKind::kCpu, CgroupStatsKind::kCpuPerCpu};
constexpr CgroupStatsKind kReadLast[] = {CgroupStatsKind::kMemory, CgroupStatsKind::kMemoryEvents, CgroupStatsKind::kIo,
                                         CgroupStatsKind::kPids};

// The collectors that costs are booked on, if they are on. By kind.
constexpr std::string_view kCgroupNamesakes[kCgroupStatsKinds] = {
    "cpu", "cpu", "memory", "memory", "io", "pressure", "pids", "limits", "cpuset", "hugetlb", "numa"};
constexpr std::string_view kSourceNamesakes[kSourceKinds] = {"machine", "network", "filesystem",
                                                             "process", "sockets", "interfaces"};

std::string_view namesake(CgroupStatsKind kind) { return kCgroupNamesakes[static_cast<std::size_t>(kind)]; }
std::string_view namesake(SourceKind kind) { return kSourceNamesakes[static_cast<std::size_t>(kind)]; }

// On the first that needs the kind, or on the one named after it.
template <typename Kind, typename Indices>
void book_needs_on(Indices& booked_on, StatsNeeds needs, std::string_view collector, int index) {
  for (std::size_t i = 0; i < booked_on.size(); ++i) {
    const auto kind = static_cast<Kind>(i);
    if (needs.has(kind) && (booked_on[i] < 0 || collector == namesake(kind))) {
      booked_on[i] = index;
    }
  }
}

SampleTime between(SampleTime a, SampleTime b) {
  return {a.wall + (b.wall - a.wall) / 2, a.steady + (b.steady - a.steady) / 2};
}

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

}  // namespace

StatsPass::StatsPass(const std::vector<const Collector*>& collectors, bool cpu_per_cpu, const HostRoot& root,
                     SampledSources sources, Clock now)
    : sources_(std::move(sources)), host_source_(root), now_(std::move(now)) {
  cgroups_booked_on_.fill(kNoCollector);
  sources_booked_on_.fill(kNoCollector);
  for (const Collector* collector : collectors) {
    const int index = static_cast<int>(collectors_.size());
    collectors_.push_back({collector->name, 0, 0, 0, 0, 0, {}});
    StatsNeeds needs = collector->needs;
    if (cpu_per_cpu && needs.has(CgroupStatsKind::kCpu)) {
      needs |= CgroupStatsKind::kCpuPerCpu;
    }
    book_needs_on<CgroupStatsKind>(cgroups_booked_on_, needs, collector->name, index);
    book_needs_on<SourceKind>(sources_booked_on_, needs, collector->name, index);
    needs_ |= needs;
  }
}

StatsPass::Handle StatsPass::attach(const Workload& workload) {
  const Handle handle = sources_.cgroups->attach(workload.id);
  update(handle, workload);
  if (workload.kind == WorkloadKind::kHost) {
    host_ = handle;
  }
  return handle;
}

void StatsPass::update(Handle handle, const Workload& workload) {
  for (const std::string& path : workload.also_at) {
    sources_.cgroups->also_at(handle, path);
  }
  for (const auto& source : sources_.workloads) {
    source->attach(handle, workload);
  }
}

void StatsPass::detach(Handle handle) {
  for (const auto& source : sources_.workloads) {
    source->detach(handle);
  }
  sources_.cgroups->detach(handle);
  if (host_ == handle) {
    host_.reset();
  }
}

SampleTime StatsPass::read(bool slow, SampleTime began) {
  booked_in_pass_.assign(collectors_.size(), false);
  sources_.cgroups->begin_pass(slow);
  for (const CgroupStatsKind kind : kReadFirst) {
    read_cgroups(kind);
  }
  const SampleTime time = read_timed(began);
  for (const CgroupStatsKind kind : kReadLast) {
    read_cgroups(kind);
  }
  for (const auto& source : sources_.workloads) {
    const auto start = steady_clock::now();
    const ReadReport report = source->read(slow);
    book(sources_booked_on_[static_cast<std::size_t>(source->kind())], report, seconds_since(start));
  }
  if (needs_.has(SourceKind::kHost)) {
    const auto start = steady_clock::now();
    const ReadReport report = host_source_.read(slow);
    book(sources_booked_on_[static_cast<std::size_t>(SourceKind::kHost)], report, seconds_since(start));
  }
  sources_.cgroups->end_pass();
  return time;
}

// Not the middle of it all: a pass may have to wait for a CPU between any two files.
SampleTime StatsPass::read_timed(SampleTime began) {
  const SampleTime before = now_ ? now_() : began;
  for (const CgroupStatsKind kind : kTimed) {
    read_cgroups(kind);
  }
  const steady_clock::time_point at = host_ ? stats(*host_).cpu.read_at : steady_clock::time_point();
  if (!now_ || at == steady_clock::time_point()) {
    return between(before, now_ ? now_() : began);
  }
  return {before.wall + std::chrono::duration_cast<std::chrono::system_clock::duration>(at - before.steady), at};
}

std::chrono::steady_clock::time_point StatsPass::read_at(Handle handle, const Workload& workload) const {
  return now_ || workload.kind == WorkloadKind::kProcess ? stats(handle).cpu.read_at : Snapshot::kNotTimed;
}

void StatsPass::read_cgroups(CgroupStatsKind kind) {
  if (needs_.has(kind)) {
    const auto start = steady_clock::now();
    const ReadReport report = sources_.cgroups->read(kind);
    book(cgroups_booked_on_[static_cast<std::size_t>(kind)], report, seconds_since(start));
  }
}

void StatsPass::book(int index, const ReadReport& report, double seconds) {
  if (index == kNoCollector) {
    return;
  }
  const auto at = static_cast<std::size_t>(index);
  CollectorStatistics& booked = collectors_[at];
  const bool first_of_collector = !booked_in_pass_[at];
  booked_in_pass_[at] = true;
  booked.last_seconds = first_of_collector ? seconds : booked.last_seconds + seconds;
  booked.total_seconds += seconds + report.elsewhere_seconds;
  booked.denied += report.denied;
  booked.malformed += report.malformed;
  booked.io += report.io;
  if (first_of_collector || !report.first_fault.empty()) {
    booked.last_fault = report.first_fault;
  }
}

bool StatsPass::has_processes(Handle handle) const {
  const auto processes = sources_.cgroups->processes(handle);
  return processes && !processes->empty();
}

Observation StatsPass::observe(Handle handle, const Workload& workload, std::uint64_t now_nsec) const {
  Observation observation{workload,
                          sources_.cgroups->stats(handle),
                          {},
                          workload.kind == WorkloadKind::kHost ? &host_source_.stats() : nullptr,
                          now_nsec};
  observation.machine = &host_source_.stats();
  for (const auto& source : sources_.workloads) {
    source->fill(handle, observation);
  }
  return observation;
}

KeptFiles StatsPass::kept_files() const {
  KeptFiles files{sources_.cgroups->open_files(), sources_.cgroups->open_files_limit(),
                  sources_.cgroups->reopens_files()};
  for (const auto& source : sources_.workloads) {
    files.open += source->open_files();
    files.limit += source->open_files_limit();
  }
  return files;
}

}  // namespace tallyman
