#include "collectors/sampling/sampler.h"

#include "collectors/series_writer.h"

#include <algorithm>

namespace tallyman {
namespace {

using std::chrono::steady_clock;

// kLimits before kCpu: whether there is a quota decides what is read.
constexpr StatsKind kReadingOrder[] = {
    StatsKind::kLimits, StatsKind::kCpuset,    StatsKind::kHugetlb, StatsKind::kNuma,
    StatsKind::kCpu,    StatsKind::kCpuPerCpu, StatsKind::kMemory,  StatsKind::kMemoryEvents,
    StatsKind::kIo,     StatsKind::kPressure,  StatsKind::kPids,
};

constexpr std::size_t kMaxEnded = 10'000;

// The collector on which a kind is booked, if it is on.
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

// The blocks of a sample. They are mostly those of the sample before: as long as
// they are, nothing is copied, for each copy would count three references.
class Sampler::BlockList {
 public:
  BlockList(const Layout* before, std::size_t expected) : before_(before), expected_(expected) {}

  void add(const WorkloadPtr& workload, const std::shared_ptr<const PlannedSeries>& planned, std::uint32_t first_slot,
           bool ended) {
    if (!differs_ && !is_next(workload, planned->plan, first_slot, ended)) {
      start_new_list();
    }
    if (differs_) {
      blocks_.push_back({workload, std::shared_ptr<const SeriesPlan>(planned, &planned->plan), first_slot, ended});
    }
    ++size_;
  }
  bool differ() {
    if (!differs_ && (before_ == nullptr || size_ != before_->blocks.size())) {
      start_new_list();
    }
    return differs_;
  }
  std::vector<Block> take() && { return std::move(blocks_); }

 private:
  bool is_next(const WorkloadPtr& workload, const SeriesPlan& plan, std::uint32_t first_slot, bool ended) const {
    if (before_ == nullptr || size_ >= before_->blocks.size()) {
      return false;
    }
    const Block& next = before_->blocks[size_];
    return next.plan.get() == &plan && next.workload == workload && next.first_slot == first_slot &&
           next.ended == ended;
  }
  void start_new_list() {
    differs_ = true;
    blocks_.reserve(expected_);
    if (before_ != nullptr) {
      blocks_.assign(before_->blocks.begin(), before_->blocks.begin() + static_cast<std::ptrdiff_t>(size_));
    }
  }

  const Layout* before_;
  std::size_t expected_;
  std::size_t size_ = 0;
  bool differs_ = false;
  std::vector<Block> blocks_;
};

struct Sampler::Attached {
  WorkloadPtr workload;
  StatsSource::Handle handle = 0;
  std::string base_labels;
  std::shared_ptr<const PlannedSeries> planned;
  // The host alone: the series that carry other labels.
  std::string machine_labels;
  std::shared_ptr<const PlannedSeries> machine_planned, agent_planned;
  std::uint64_t last_seen_nsec = 0;

  bool is_host() const { return workload->kind == WorkloadKind::kHost; }
};

struct Sampler::Ended {
  WorkloadPtr workload;
  std::string base_labels;
  std::shared_ptr<const PlannedSeries> planned;
  std::uint64_t last_seen_nsec = 0;
  steady_clock::time_point since;
};

Sampler::Sampler(SamplerOptions options, const HostRoot& root, std::unique_ptr<StatsSource> source, LabelPolicy labels)
    : options_(std::move(options)),
      source_(std::move(source)),
      network_(root, *source_, options_.network_files_kept_open, options_.ignore_interface),
      host_source_(root),
      labels_(std::move(labels)) {
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
}

Sampler::~Sampler() = default;

SnapshotPtr Sampler::sample(const WorkloadListPtr& workloads, SampleTime time) {
  const bool slow = sequence_ == 0 || time.steady - last_slow_pass_ >= options_.slow_interval;
  if (slow) {
    last_slow_pass_ = time.steady;
  }
  reconcile(*workloads, time);
  read_everything(slow);
  drop_gone(time);

  auto snapshot = std::make_shared<Snapshot>();
  snapshot->sequence = ++sequence_;
  snapshot->wall_time = time.wall;
  snapshot->steady_time = time.steady;
  values_ = {};
  values_.reserve(layout_ ? layout_->slots + 64 : 1024);
  statistics_.duplicates = 0;
  BlockList blocks(layout_.get(), attached_.size() + ended_.size() + 2);
  for (const auto& one : attached_) {
    one->last_seen_nsec = nanoseconds_of(time.wall);
    write_block(blocks, *one, Scope::kWorkload, time);
    if (one->is_host()) {
      write_block(blocks, *one, Scope::kMachine, time);
      write_block(blocks, *one, Scope::kAgent, time);
    }
  }
  write_ended(blocks, time);
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
    next.push_back(attach(workload));
  }
  while (old != attached_.end()) {
    detach(**old++, time);
  }
  attached_ = std::move(next);
  gone_ = std::move(still_gone);
}

std::unique_ptr<Sampler::Attached> Sampler::attach(const WorkloadPtr& workload) {
  // A container that is back under its own id: the kept series would be told twice.
  std::erase_if(ended_, [&](const Ended& ended) { return ended.workload->id == workload->id; });
  auto one = std::make_unique<Attached>();
  one->workload = workload;
  one->handle = source_->attach(workload->id);
  one->base_labels = labels_.of_workload(*workload);
  if (needs_.has(StatsKind::kNetwork)) {
    network_.attach(one->handle, workload->container.init_pid, workload->container.network_mode, one->is_host());
  }
  return one;
}

void Sampler::update(Attached& one, const WorkloadPtr& workload) {
  if (one.workload == workload) {
    return;
  }
  one.workload = workload;
  one.base_labels = labels_.of_workload(*workload);
  if (needs_.has(StatsKind::kNetwork)) {
    network_.attach(one.handle, workload->container.init_pid, workload->container.network_mode, one.is_host());
  }
}

void Sampler::detach(Attached& one, SampleTime time) {
  network_.detach(one.handle);
  source_->detach(one.handle);
  if (one.workload->kind == WorkloadKind::kContainer && one.last_seen_nsec != 0 && ended_.size() < kMaxEnded) {
    ended_.push_back({one.workload, std::move(one.base_labels), nullptr, one.last_seen_nsec, time.steady});
  }
}

void Sampler::read_everything(bool slow) {
  source_->begin_pass(slow);
  for (const StatsKind kind : kReadingOrder) {
    if (needs_.has(kind)) {
      const auto start = steady_clock::now();
      const ReadReport report = source_->read(kind);
      book(kind, report, seconds_since(start));
    }
  }
  if (needs_.has(StatsKind::kNetwork)) {
    const auto start = steady_clock::now();
    const ReadReport report = network_.read(slow);
    book(StatsKind::kNetwork, report, seconds_since(start));
  }
  if (needs_.has(StatsKind::kHost)) {
    const auto start = steady_clock::now();
    const ReadReport report = host_source_.read(slow);
    book(StatsKind::kHost, report, seconds_since(start));
  }
  source_->end_pass();
}

void Sampler::book(StatsKind kind, const ReadReport& report, double seconds) {
  CollectorStatistics& booked =
      statistics_.collectors[static_cast<std::size_t>(booked_on_[static_cast<std::size_t>(kind)])];
  const bool first_of_collector =
      std::none_of(std::begin(kReadingOrder), std::find(std::begin(kReadingOrder), std::end(kReadingOrder), kind),
                   [&](StatsKind earlier) {
                     return booked_on_[static_cast<std::size_t>(earlier)] == booked_on_[static_cast<std::size_t>(kind)];
                   });
  booked.last_seconds = first_of_collector ? seconds : booked.last_seconds + seconds;
  booked.total_seconds += seconds;
  booked.denied += report.denied;
  booked.malformed += report.malformed;
  booked.io += report.io;
  if (first_of_collector || !report.first_fault.empty()) {
    booked.last_fault = report.first_fault;
  }
}

// A cgroup that vanished in mid-read: what was read of it is not one instant.
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
  const Observation observation{*one.workload,
                                source_->stats(one.handle),
                                network_.interfaces(one.handle),
                                one.is_host() ? &host_source_.stats() : nullptr,
                                nanoseconds_of(time.wall),
                                false};
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

void Sampler::write_ended(BlockList& blocks, SampleTime time) {
  std::erase_if(ended_, [&](const Ended& ended) { return time.steady - ended.since > options_.ended_grace; });
  const CgroupStats nothing;
  for (Ended& ended : ended_) {
    const Observation observation{*ended.workload, nothing, {}, nullptr, ended.last_seen_nsec, true};
    add_block(
        blocks, ended.workload, ended.planned, ended.base_labels,
        [&](SeriesWriter& writer) {
          for (const Collector* collector : options_.collectors) {
            if (collector->reports_ended) {
              writer.begin(first_metric(*collector));
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
  result.open_files = source_->open_files() + network_.open_files();
  result.open_files_limit = source_->open_files_limit() + options_.network_files_kept_open;
  result.reopens_files = source_->reopens_files();
  result.attached = attached_.size();
  result.ended = ended_.size();
  result.labels_truncated = labels_.truncated();
  result.label_collisions = labels_.collisions();
  return result;
}

}  // namespace tallyman
