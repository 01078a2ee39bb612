// The queries of HistoryStore; the rest of it is in history_store.cc.
#include "collectors/history/history_reader.h"
#include "collectors/history/history_store.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr int kStepsBefore = 5;  // for the rate at the start of the range

std::int64_t nanoseconds(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

struct TimeRange {
  std::int64_t from, to;
};

// The chunks that overlap the range.
PackedRows copy_of(const TrackTier& tier, const TickTable& ticks, const BlockPool& pool, TimeRange range,
                   std::chrono::milliseconds step) {
  PackedRows packed;
  packed.nominal_step = std::chrono::nanoseconds(step).count();
  range.from -= kStepsBefore * packed.nominal_step;
  for (const HistoryChunk& chunk : tier.chunks()) {
    if (ticks.time_of(chunk.last()) < range.from || ticks.time_of(chunk.first) > range.to) continue;
    packed.chunks.push_back({packed.times.size(), chunk.rows, packed.bytes.size(), chunk.bits.bits()});
    for (Tick tick = chunk.first; tick <= chunk.last(); ++tick) packed.times.push_back(ticks.time_of(tick));
    chunk.bits.copy_to(pool, packed.bytes);
  }
  return packed;
}

}  // namespace

void HistoryStore::offer_workloads(WorkloadMatches& matches) const {
  const MutexLock lock(mutex_);
  for (const auto& [key, track] : tracks_) {
    matches.offer({track->id, track->container_id, track->workload, track->name}, track->live && track->live->seen);
  }
}

HistoryAnswer HistoryStore::answer(const HistoryQuery& query) const {
  const StepGrid grid = grid_of(query);
  HistoryAnswer answer{grid.from, grid.from + grid.step * static_cast<double>(grid.steps), grid.step, {}};
  for (const std::string& id : query.workloads) {
    std::vector<PackedTrack> lifetimes;
    std::int64_t wall_offset = 0;
    {
      const MutexLock lock(mutex_);
      wall_offset = wall_offset_;
      const TimeRange range{nanoseconds(answer.from) - wall_offset_, nanoseconds(answer.to) - wall_offset_};
      for (auto at = tracks_.lower_bound({id, 0}); at != tracks_.end() && at->first.first == id; ++at) {
        const auto& tiers = at->second->tiers;
        lifetimes.push_back({copy_of(tiers[kCoarse], ticks_[kCoarse], pool_, range, options_.coarse_step),
                             copy_of(tiers[kFine], ticks_[kFine], pool_, range, fine_step_)});
      }
    }
    std::vector<StepSums> sums(query.fields.size(), StepSums(grid.from, grid.step, grid.steps));
    for (const PackedTrack& lifetime : lifetimes) add_track(lifetime, wall_offset, query.fields, sums);
    for (std::size_t i = 0; i < query.fields.size(); ++i) {
      const bool counts = history_fields()[query.fields[i]].kind == FieldKind::kCount;
      answer.series.push_back({id, query.fields[i], counts ? sums[i].totals() : sums[i].averages()});
    }
  }
  return answer;
}

HistoryStatistics HistoryStore::statistics() const {
  const MutexLock lock(published_mutex_);
  return published_;
}

}  // namespace tallyman
