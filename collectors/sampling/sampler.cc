#include "collectors/sampling/sampler.h"

#include "collectors/model/series_writer.h"
#include "collectors/sampling/block_list.h"
#include "collectors/sampling/sources/workload_link_stats.h"
#include "collectors/sampling/sources/workload_network_stats.h"
#include "collectors/sampling/sources/workload_socket_stats.h"

#include <algorithm>

namespace tallyman {
namespace {

using std::chrono::steady_clock;

// kLimits before kCpu: whether there is a quota decides what is read.
constexpr StatsKind kReadFirst[] = {StatsKind::kLimits, StatsKind::kCpuset, StatsKind::kHugetlb, StatsKind::kNuma};
// Kinds that measure shares of time: the snapshot has the time at which these are read.
constexpr StatsKind kTimed[] = {StatsKind::kCpu, StatsKind::kCpuPerCpu, StatsKind::kPressure};
constexpr StatsKind kReadLast[] = {StatsKind::kMemory, StatsKind::kMemoryEvents, StatsKind::kIo, StatsKind::kPids};

SampleTime between(SampleTime a, SampleTime b) {
  return {a.wall + (b.wall - a.wall) / 2, a.steady + (b.steady - a.steady) / 2};
}

// The collector that a kind's cost is booked on, if it is on.
std::string_view namesake(StatsKind kind) {
  switch (kind) {
    case StatsKind::kCpuPerCpu:
      return "cpu";
    case StatsKind::kMemoryEvents:
      return "memory";
    case StatsKind::kHost:
      return "machine";
    default:
      return to_string(kind);
  }
}

std::uint64_t nanoseconds_of(std::chrono::system_clock::time_point time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

}  // namespace

struct Sampler::Attached {
  WorkloadPtr workload;
  StatsSource::Handle handle = 0;
  std::string base_labels;
  std::shared_ptr<const PlannedSeries> planned;
  // Only for the host: the series with other labels.
  std::string machine_labels;
  std::shared_ptr<const PlannedSeries> machine_planned, agent_planned;
  std::uint64_t last_seen_nsec = 0;
  EventDetector::Memory memory;

  bool is_host() const { return workload->kind == WorkloadKind::kHost; }
};

Sampler::Sampler(SamplerOptions options, const HostRoot& root, std::unique_ptr<StatsSource> source, LabelPolicy labels,
                 std::vector<std::unique_ptr<WorkloadStatsSource>> workload_sources)
    : options_(std::move(options)),
      source_(std::move(source)),
      workload_sources_(std::move(workload_sources)),
      host_source_(root),
      labels_(std::move(labels)),
      events_(options_.events ? options_.events : std::make_shared<EventLog>(0)),
      oom_log_(OomLog::open(root)),
      oom_victims_([this] { return oom_log_ ? oom_log_->take() : std::vector<OomVictim>(); }),
      detector_(*events_, &oom_victims_),
      balance_([this](const std::string& id) { return has_processes(id); }),
      ended_(options_.ended_grace, *events_, balance_, &oom_victims_) {
  booked_on_.fill(-1);
  for (const Collector* collector : options_.collectors) {
    StatsMask needs = collector->needs;
    if (options_.cpu_per_cpu && needs.has(StatsKind::kCpu)) {
      needs |= StatsKind::kCpuPerCpu;
    }
    const int index = static_cast<int>(statistics_.collectors.size());
    statistics_.collectors.push_back({collector->name, 0, 0, 0, 0, 0, {}});
    for (int kind = 0; kind < kStatsKinds; ++kind) {
      int& booked = booked_on_[static_cast<std::size_t>(kind)];
      const auto wanted = static_cast<StatsKind>(kind);
      if (needs.has(wanted) && (booked < 0 || collector->name == namesake(wanted))) {
        booked = index;
      }
    }
    needs_ |= needs;
  }
  networks_ =
      std::make_unique<NetworkSource>(root, *source_, options_.network_files_kept_open, options_.ignore_interface);
  workload_sources_.push_back(make_workload_network_stats(*networks_, options_.network_files_kept_open));
  workload_sources_.push_back(make_workload_socket_stats(
      root, *source_, *networks_, {needs_.has(StatsKind::kSocketStates), needs_.has(StatsKind::kSocketAdvanced)}));
  workload_sources_.push_back(make_workload_link_stats(root, *networks_));
  std::erase_if(workload_sources_, [&](const std::unique_ptr<WorkloadStatsSource>& workload_source) {
    return !needs_.has(workload_source->kind());
  });
}

Sampler::~Sampler() = default;

SnapshotPtr Sampler::sample(const WorkloadListPtr& workloads, SampleTime time, std::vector<WorkloadExit> exits) {
  const bool slow = sequence_ == 0 || time.steady - last_slow_pass_ >= options_.slow_interval;
  if (slow) {
    last_slow_pass_ = time.steady;
  }
  reconcile(*workloads, time);
  const SampleTime read = read_everything(slow, time);
  drop_gone(time);
  follow_ends(std::move(exits), time);
  detect_events(time);

  auto snapshot = std::make_shared<Snapshot>();
  snapshot->sequence = ++sequence_;
  snapshot->wall_time = read.wall;
  snapshot->steady_time = read.steady;
  values_ = {};
  values_.reserve(layout_ ? layout_->slots + 64 : 1024);
  statistics_.duplicates = 0;
  BlockList blocks(layout_.get(), attached_.size() + ended_.rows().size() + 2);
  for (const auto& one : attached_) {
    one->last_seen_nsec = nanoseconds_of(time.wall);
    write_block(blocks, *one, Scope::kWorkload, time);
    if (one->is_host()) {
      write_block(blocks, *one, Scope::kMachine, time);
      write_block(blocks, *one, Scope::kAgent, time);
    }
  }
  write_ended(blocks);
  if (blocks.differ()) {
    auto layout = std::make_shared<Layout>();
    layout->blocks = std::move(blocks).take();
    layout->slots = static_cast<std::uint32_t>(values_.size());
    layout_ = std::move(layout);
  }
  snapshot->layout = layout_;
  snapshot->values = std::move(values_);
  ++statistics_.passes;
  return snapshot;
}

// Both lists are sorted by id: one walk over the two.
void Sampler::reconcile(const WorkloadList& workloads, SampleTime time) {
  std::vector<std::unique_ptr<Attached>> next;
  next.reserve(workloads.size());
  std::set<std::pair<std::string, std::uint64_t>> still_gone;
  auto old = attached_.begin();
  for (const WorkloadPtr& workload : workloads) {
    while (old != attached_.end() && (*old)->workload->id < workload->id) {
      detach(**old++, time);
    }
    if (!gone_.empty() && gone_.contains({workload->id, workload->inode})) {
      still_gone.emplace(workload->id, workload->inode);  // discovery has not noticed yet
      continue;
    }
    if (old != attached_.end() && (*old)->workload->id == workload->id) {
      if ((*old)->workload->inode == workload->inode) {
        update(**old, workload);
        next.push_back(std::move(*old++));
        continue;
      }
      detach(**old++, time);
    }
    next.push_back(attach(workload, time));
  }
  while (old != attached_.end()) {
    detach(**old++, time);
  }
  attached_ = std::move(next);
  gone_ = std::move(still_gone);
}

std::unique_ptr<Sampler::Attached> Sampler::attach(const WorkloadPtr& workload, SampleTime time) {
  const bool restarted = ended_.reappeared(workload->id);
  auto one = std::make_unique<Attached>();
  one->workload = workload;
  one->handle = source_->attach(workload->id);
  one->base_labels = labels_.of_workload(*workload);
  for (const auto& workload_source : workload_sources_) {
    workload_source->attach(one->handle, *workload);
  }
  if (sequence_ != 0) {  // else it is older than the agent
    one->memory.oom_kills = 0;
    const auto type = restarted ? EventType::kRestarted : EventType::kStarted;
    const std::uint64_t when = workload->seen_nsec != 0 ? workload->seen_nsec : nanoseconds_of(time.wall);
    events_->append(Event::of(*workload, type, when, workload->workload + (restarted ? " restarted" : " started")));
  }
  return one;
}

void Sampler::update(Attached& one, const WorkloadPtr& workload) {
  if (one.workload == workload) {
    return;
  }
  one.workload = workload;
  one.base_labels = labels_.of_workload(*workload);
  for (const auto& workload_source : workload_sources_) {
    workload_source->attach(one.handle, *workload);
  }
}

void Sampler::detach(Attached& one, SampleTime time) {
  if (!one.is_host()) {
    const Observation last = observe(one, time);
    ExitedWorkloads::Row row;
    row.workload = one.workload;
    row.base_labels = std::move(one.base_labels);
    row.stats = last.stats;
    row.interfaces.assign(last.interfaces.begin(), last.interfaces.end());
    row.last_seen_nsec = one.last_seen_nsec;
    row.since = time.steady;
    row.reported_oom_kills = one.memory.oom_kills;
    ended_.add(std::move(row));
  }
  for (const auto& workload_source : workload_sources_) {
    workload_source->detach(one.handle);
  }
  source_->detach(one.handle);
}

void Sampler::read_kind(StatsKind kind) {
  if (needs_.has(kind)) {
    const auto start = steady_clock::now();
    const ReadReport report = source_->read(kind);
    book(kind, report, seconds_since(start));
  }
}

SampleTime Sampler::read_timed(SampleTime began) {
  const SampleTime before = options_.now ? options_.now() : began;
  for (const StatsKind kind : kTimed) {
    read_kind(kind);
  }
  return between(before, options_.now ? options_.now() : began);
}

SampleTime Sampler::read_everything(bool slow, SampleTime began) {
  booked_in_pass_.assign(statistics_.collectors.size(), false);
  source_->begin_pass(slow);
  for (const StatsKind kind : kReadFirst) {
    read_kind(kind);
  }
  const SampleTime read = read_timed(began);
  for (const StatsKind kind : kReadLast) {
    read_kind(kind);
  }
  for (const auto& workload_source : workload_sources_) {
    const auto start = steady_clock::now();
    const ReadReport report = workload_source->read(slow);
    book(workload_source->kind(), report, seconds_since(start));
  }
  if (needs_.has(StatsKind::kHost)) {
    const auto start = steady_clock::now();
    const ReadReport report = host_source_.read(slow);
    book(StatsKind::kHost, report, seconds_since(start));
  }
  source_->end_pass();
  return read;
}

void Sampler::book(StatsKind kind, const ReadReport& report, double seconds) {
  const auto index = static_cast<std::size_t>(booked_on_[static_cast<std::size_t>(kind)]);
  CollectorStatistics& booked = statistics_.collectors[index];
  const bool first_of_collector = !booked_in_pass_[index];
  booked_in_pass_[index] = true;
  booked.last_seconds = first_of_collector ? seconds : booked.last_seconds + seconds;
  booked.total_seconds += seconds + report.elsewhere_seconds;
  booked.denied += report.denied;
  booked.malformed += report.malformed;
  booked.io += report.io;
  if (first_of_collector || !report.first_fault.empty()) {
    booked.last_fault = report.first_fault;
  }
}

// A cgroup that vanished during the read: its values are not from one instant.
void Sampler::drop_gone(SampleTime time) {
  std::erase_if(attached_, [&](const std::unique_ptr<Attached>& one) {
    if (!source_->gone(one->handle)) {
      return false;
    }
    gone_.emplace(one->workload->id, one->workload->inode);
    detach(*one, time);
    return true;
  });
}

Observation Sampler::observe(const Attached& one, SampleTime time) const {
  Observation observation{*one.workload,
                          source_->stats(one.handle),
                          {},
                          one.is_host() ? &host_source_.stats() : nullptr,
                          nanoseconds_of(time.wall)};
  for (const auto& workload_source : workload_sources_) {
    workload_source->fill(one.handle, observation);
  }
  return observation;
}

const Sampler::Attached* Sampler::find(const std::string& id) const {
  const auto found =
      std::lower_bound(attached_.begin(), attached_.end(), id,
                       [](const auto& one, const std::string& wanted) { return one->workload->id < wanted; });
  return found == attached_.end() || (*found)->workload->id != id ? nullptr : found->get();
}

bool Sampler::has_processes(const std::string& id) const {
  const Attached* one = find(id);
  if (one == nullptr) {
    return false;
  }
  const auto processes = source_->processes(one->handle);
  return processes && !processes->empty();
}

void Sampler::follow_ends(std::vector<WorkloadExit> exits, SampleTime time) {
  for (WorkloadExit& workload_exit : exits) {
    const std::string id = workload_exit.workload->id;
    ended_.add_exit(
        std::move(workload_exit), [this](const Workload& workload) { return labels_.of_workload(workload); },
        time.steady);
    if (find(id) != nullptr) {
      ended_.reappeared(id);  // again: its series now belong to the existing one
    }
  }
  readings_.clear();
  for (const auto& one : attached_) {
    if (const Count& usage = source_->stats(one->handle).cpu.usage_nsec) {
      readings_.push_back({&one->workload->id, one->workload->inode, *usage});
    }
  }
  balance_.pass(readings_, sequence_ == 0);
  ended_.update_unattributed();
  ended_.forget_old(time.steady);
}

void Sampler::detect_events(SampleTime time) {
  for (const auto& one : attached_) {
    detector_.check(*one->workload, source_->stats(one->handle), one->memory, nanoseconds_of(time.wall), time.steady);
  }
  detector_.end_pass();
}

void Sampler::write_block(BlockList& blocks, Attached& one, Scope scope, SampleTime time) {
  if (scope == Scope::kMachine) {
    one.machine_labels = labels_.of_machine(host_source_.stats().machine);
  }
  const std::string_view base_labels = scope == Scope::kWorkload  ? std::string_view(one.base_labels)
                                       : scope == Scope::kMachine ? std::string_view(one.machine_labels)
                                                                  : std::string_view();
  auto& planned = scope == Scope::kWorkload  ? one.planned
                  : scope == Scope::kMachine ? one.machine_planned
                                             : one.agent_planned;
  Observation observation = observe(one, time);
  if (scope == Scope::kAgent) {
    observation.ended_totals = &ended_.totals();
  }
  add_block(
      blocks, one.workload, planned, base_labels,
      [&](SeriesWriter& writer) {
        for (const Collector* collector : options_.collectors) {
          if (collector->scope == scope) {
            writer.begin(first_metric(*collector));
            collector->collect(observation, writer);
          }
        }
      },
      false);
}

void Sampler::write_ended(BlockList& blocks) {
  for (auto& [key, ended] : ended_.rows()) {
    if (ended.hidden) {
      continue;
    }
    const Observation observation{*ended.workload, ended.stats, ended.interfaces, nullptr, ended.last_seen_nsec, true};
    add_block(
        blocks, ended.workload, ended.planned, ended.base_labels,
        [&](SeriesWriter& writer) {
          for (const Collector* collector : options_.collectors) {
            if (collector->scope == Scope::kWorkload) {
              writer.begin(first_metric(*collector), !collector->reports_ended);
              collector->collect(observation, writer);
            }
          }
        },
        true);
  }
}

void Sampler::add_block(BlockList& blocks, const WorkloadPtr& workload, std::shared_ptr<const PlannedSeries>& planned,
                        std::string_view base_labels, const std::function<void(SeriesWriter&)>& write, bool ended) {
  const auto first_slot = static_cast<std::uint32_t>(values_.size());
  SeriesWriter writer(planned, base_labels, values_);
  write(writer);
  planned = writer.finish();
  statistics_.duplicates += writer.duplicates();
  blocks.add(workload, planned, first_slot, ended);
}

SamplerStatistics Sampler::statistics() const {
  SamplerStatistics result = statistics_;
  result.open_files = source_->open_files();
  result.open_files_limit = source_->open_files_limit();
  for (const auto& workload_source : workload_sources_) {
    result.open_files += workload_source->open_files();
    result.open_files_limit += workload_source->open_files_limit();
  }
  result.reopens_files = source_->reopens_files();
  result.attached = attached_.size();
  result.ended = ended_.shown();
  result.finals = ended_.finals();
  result.labels_truncated = labels_.truncated();
  result.label_collisions = labels_.collisions();
  return result;
}

}  // namespace tallyman
