#include "collectors/history/history_store.h"

#include "collectors/history/history_reader.h"

#include <algorithm>
#include <utility>

namespace tallyman {
namespace {

// Rows of a chunk. Longer chunks pack better; shorter ones can be dropped in smaller
// pieces when the memory covers only a short time.
constexpr std::uint32_t kMaxChunkLength = 512, kMinChunkLength = 64;
constexpr Tick kChunksKept = 8;  // desired number in the time that fits
// If memory runs short, fine samples are dropped first, but not below this share of it:
// complete last minutes are worth more than the end of the last hours.
constexpr std::size_t kFineShare = 4;
constexpr std::size_t kOverheadShare = 2;  // of the memory: tracks, which do not shrink when chunks are dropped
// Memory of a track once it has samples.
constexpr std::size_t kGrowthBytes = 2 * sizeof(RowEncoder) + 16 * sizeof(HistoryChunk) + kHistoryFields * 16;
constexpr std::uint64_t kHousekeepingSamples = 16;
constexpr std::size_t kMapNodeBytes = 64;

std::int64_t nanoseconds(std::chrono::nanoseconds duration) { return duration.count(); }

std::chrono::milliseconds milliseconds(std::int64_t nanoseconds) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(nanoseconds));
}

constexpr int kStepsBefore = 5;  // for the rate at the start of the range

std::int64_t nanoseconds_of(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

struct TimeRange {
  std::int64_t from, to;
};

// When the scan of processes began. Empty: there is no group of processes.
std::optional<std::chrono::steady_clock::time_point> scan_time(const Snapshot& snapshot) {
  const auto& blocks = snapshot.layout->blocks;
  const auto found = std::find_if(blocks.rbegin(), blocks.rend(), [](const Block& block) {
    return !block.ended && block.workload->kind == WorkloadKind::kProcess;
  });
  return found == blocks.rend() ? std::nullopt : std::optional(snapshot.time_of(*found));
}

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

HistoryStore::HistoryStore(HistoryOptions options) : options_(options), fine_step_(options.fine_step) {
  max_chunk_length_.fill(kMaxChunkLength);
}

void HistoryStore::set_fine_step(std::chrono::milliseconds step) {
  const MutexLock lock(mutex_);
  fine_step_ = step;
}

void HistoryStore::add(const Snapshot& snapshot, std::chrono::nanoseconds slept) {
  const auto time_of = [&](std::chrono::steady_clock::time_point time) {
    return nanoseconds(time.time_since_epoch() + slept);
  };
  const std::int64_t now = time_of(snapshot.steady_time);
  const MutexLock lock(mutex_);
  if (statistics_.samples > 0 && now <= clocks_[kOfSamples].now) return;
  wall_offset_ = nanoseconds(snapshot.wall_time.time_since_epoch()) - now;
  match(snapshot);
  advance(clocks_[kOfSamples], now);
  const auto scanned = scan_time(snapshot);
  advance(clocks_[kOfScans], scanned ? time_of(*scanned) : clocks_[kOfScans].now);
  HistoryRow row;
  for (std::size_t i = 0; i < track_of_block_.size(); ++i) {
    HistoryTrack* const track = track_of_block_[i];
    if (track == nullptr || !clock_of(*track).advanced) continue;
    if (!track->live->reader.read(snapshot, snapshot.layout->blocks[i], row)) continue;
    append(*track, kFine, *clock_of(*track).ticks[kFine].newest(), row);
    track->live->coarse.add(row);
  }
  for (Clock& clock : clocks_) {
    if (clock.coarse_due) add_coarse(clock);
  }
  if (++statistics_.samples % kHousekeepingSamples == 0) drop_old(now);
  drop_for_memory();
  publish_statistics();
}

void HistoryStore::advance(Clock& clock, std::int64_t now) {
  const std::int64_t step = nanoseconds(options_.coarse_step);
  const bool first = !clock.ticks[kFine].newest();
  clock.advanced = now != 0 && (first || now > clock.now);
  clock.coarse_due = clock.advanced && (first || now / step != clock.now / step);
  if (clock.advanced) {
    clock.now = now;
    clock.ticks[kFine].add(now);
  }
}

// Finds the track of each block; repeated only when the layout changed.
void HistoryStore::match(const Snapshot& snapshot) {
  if (layout_ == snapshot.layout) return;
  for (const auto& [key, track] : tracks_) {
    if (track->live) track->live->seen = false;
  }
  track_of_block_.clear();
  statistics_.workloads_left_out = 0;
  std::size_t overhead = overhead_bytes();
  for (const Block& block : snapshot.layout->blocks) {
    HistoryTrack* const track = block.ended ? nullptr : track_of(*block.workload, overhead);
    const bool taken = track != nullptr && track->live->seen;  // the host has a second block, with the machine's series
    track_of_block_.push_back(taken ? nullptr : track);
    if (track != nullptr) track->live->seen = true;
  }
  layout_ = snapshot.layout;
}

HistoryTrack* HistoryStore::track_of(const Workload& workload, std::size_t& overhead) {
  Key key(workload.id, workload.inode);
  auto found = tracks_.find(key);
  if (found == tracks_.end()) {
    if (overhead > options_.memory_bytes / kOverheadShare) {
      ++statistics_.workloads_left_out;
      return nullptr;
    }
    found = tracks_.emplace(std::move(key), std::make_unique<HistoryTrack>(workload)).first;
  }
  HistoryTrack& track = *found->second;
  if (!track.live) {
    track.live = std::make_unique<HistoryTrack::Live>();
    overhead += track.memory_bytes() + kGrowthBytes;
  }
  return &track;
}

void HistoryStore::append(HistoryTrack& track, unsigned tier, Tick tick, const HistoryRow& row) {
  const std::size_t before = pool_.used_bytes();
  track.tiers[tier].append(pool_, tick, row, max_chunk_length(track, tier));
  packed_bytes_[tier] += pool_.used_bytes() - before;
  statistics_.points += track.tiers[tier].chunks().back().fields;
}

// A first chunk is shorter, by a different length for each track.
std::uint32_t HistoryStore::max_chunk_length(const HistoryTrack& track, unsigned tier) const {
  const std::uint32_t length = max_chunk_length_[tier];
  return track.tiers[tier].chunks().size() > 1 ? length : length / 4 + track.stagger % (length * 3 / 4);
}

void HistoryStore::add_coarse(Clock& clock) {
  const std::optional<Tick> before = clock.ticks[kCoarse].newest();
  const Tick tick = clock.ticks[kCoarse].add(clock.now);
  for (const auto& [key, track] : tracks_) {
    if (!track->live || &clock_of(*track) != &clock) continue;
    flush_coarse(*track, before, tick);
    if (track->live->seen) continue;
    track->live.reset();
    for (TrackTier& tier : track->tiers) tier.close();
  }
}

// A workload that appeared since the last coarse tick had its first values after it: its
// usage since then must not be lost.
void HistoryStore::flush_coarse(HistoryTrack& track, std::optional<Tick> before, Tick tick) {
  HistoryTrack::Live& live = *track.live;
  if (live.coarse.empty()) return;
  if (!std::exchange(live.in_coarse, true) && before) append(track, kCoarse, *before, live.coarse.first());
  append(track, kCoarse, tick, live.coarse.take());
}

void HistoryStore::drop_chunk(HistoryTrack& track, unsigned tier) {
  const std::size_t before = pool_.used_bytes();
  const HistoryChunk& oldest = track.tiers[tier].chunks().front();
  statistics_.points -= std::uint64_t{oldest.rows} * oldest.fields;
  track.tiers[tier].drop_oldest(pool_);
  packed_bytes_[tier] -= before - pool_.used_bytes();
}

void HistoryStore::drop_old(std::int64_t now) {
  const std::array<std::int64_t, kTiers> oldest = {now - nanoseconds(options_.fine),
                                                   now - nanoseconds(options_.coarse)};
  for (const auto& [key, track] : tracks_) {
    for (unsigned tier = 0; tier < kTiers; ++tier) {
      const auto& chunks = track->tiers[tier].chunks();
      while (!chunks.empty() && time_of(*track, tier, chunks.front().last()) < oldest[tier]) drop_chunk(*track, tier);
    }
  }
  drop_empty_tracks();
  drop_unused_ticks();
}

void HistoryStore::drop_for_memory() {
  std::size_t overhead = overhead_bytes();
  if (overhead + pool_.used_bytes() <= options_.memory_bytes) return;
  // A little below the limit, so that this is not needed for every sample.
  const std::size_t bound = options_.memory_bytes - options_.memory_bytes / 64;
  const std::size_t target = bound > overhead ? bound - overhead : 0;
  while (pool_.used_bytes() > target) {
    const bool fine_first = packed_bytes_[kFine] > target / kFineShare;
    if (!drop_oldest_chunks(fine_first ? kFine : kCoarse, target) &&
        !drop_oldest_chunks(fine_first ? kCoarse : kFine, target)) {
      break;
    }
  }
  drop_empty_tracks();
  drop_unused_ticks();
}

// Drops at most one chunk of each workload, oldest first. False if there is none.
bool HistoryStore::drop_oldest_chunks(unsigned tier, std::size_t target) {
  std::vector<std::pair<std::int64_t, HistoryTrack*>> oldest;
  for (const auto& [key, track] : tracks_) {
    const auto& chunks = track->tiers[tier].chunks();
    if (!chunks.empty()) oldest.emplace_back(time_of(*track, tier, chunks.front().first), track.get());
  }
  if (oldest.empty()) return false;
  std::sort(oldest.begin(), oldest.end());
  const HistoryTrack& first_track = *oldest.front().second;
  const Tick span = clock_of(first_track).ticks[tier].end() - first_track.tiers[tier].chunks().front().first;
  max_chunk_length_[tier] = std::clamp<std::uint32_t>(span / kChunksKept, kMinChunkLength, kMaxChunkLength);
  for (const auto& [first, track] : oldest) {
    if (pool_.used_bytes() <= target) break;
    if (tier == kFine && packed_bytes_[kFine] <= target / kFineShare && packed_bytes_[kCoarse] > 0) break;
    drop_chunk(*track, tier);
    ++statistics_.chunks_dropped;
  }
  return true;
}

void HistoryStore::drop_empty_tracks() {
  std::erase_if(tracks_, [](const auto& one) {
    const HistoryTrack& track = *one.second;
    return !track.live && track.tiers[kFine].chunks().empty() && track.tiers[kCoarse].chunks().empty();
  });
}

void HistoryStore::drop_unused_ticks() {
  for (Clock& clock : clocks_) {
    for (unsigned tier = 0; tier < kTiers; ++tier) {
      TickTable& ticks = clock.ticks[tier];
      // The newest coarse tick may still get the first row of a new workload.
      Tick oldest = ticks.end() - (ticks.newest() ? 1 : 0);
      for (const auto& [key, track] : tracks_) {
        const auto& chunks = track->tiers[tier].chunks();
        if (!chunks.empty() && &clock_of(*track) == &clock) oldest = std::min(oldest, chunks.front().first);
      }
      ticks.drop_before(oldest);
    }
  }
}

void HistoryStore::publish_statistics() {
  statistics_.workloads = tracks_.size();
  statistics_.packed_bytes = pool_.used_bytes();
  statistics_.memory_bytes = pool_.used_bytes() + overhead_bytes();
  const std::int64_t now = clocks_[kOfSamples].now;
  std::array<std::int64_t, kTiers> oldest{now, now};
  for (const auto& [key, track] : tracks_) {
    for (unsigned tier = 0; tier < kTiers; ++tier) {
      const auto& chunks = track->tiers[tier].chunks();
      if (!chunks.empty()) oldest[tier] = std::min(oldest[tier], time_of(*track, tier, chunks.front().first));
    }
  }
  statistics_.fine_seconds = static_cast<double>(now - oldest[kFine]) / 1e9;
  statistics_.coarse_seconds = static_cast<double>(now - oldest[kCoarse]) / 1e9;
  const MutexLock lock(published_mutex_);
  published_ = statistics_;
}

std::size_t HistoryStore::overhead_bytes() const {
  std::size_t bytes =
      sizeof *this +
      track_of_block_.capacity() * sizeof(HistoryTrack*);  // NOLINT(bugprone-sizeof-expression): the pointers are meant
  for (const Clock& clock : clocks_) bytes += clock.ticks[kFine].memory_bytes() + clock.ticks[kCoarse].memory_bytes();
  for (const auto& [key, track] : tracks_) bytes += track->memory_bytes() + key.first.capacity() + kMapNodeBytes;
  return bytes;
}

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
      const TimeRange range{nanoseconds_of(answer.from) - wall_offset_, nanoseconds_of(answer.to) - wall_offset_};
      for (auto at = tracks_.lower_bound({id, 0}); at != tracks_.end() && at->first.first == id; ++at) {
        const auto& tiers = at->second->tiers;
        const auto& ticks = clock_of(*at->second).ticks;
        // Scans of processes are rarer than samples where there are many.
        const auto fine = std::max(fine_step_, at->second->of_processes ? milliseconds(ticks[kFine].recent_step())
                                                                        : std::chrono::milliseconds(0));
        lifetimes.push_back({copy_of(tiers[kCoarse], ticks[kCoarse], pool_, range, options_.coarse_step),
                             copy_of(tiers[kFine], ticks[kFine], pool_, range, fine)});
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
