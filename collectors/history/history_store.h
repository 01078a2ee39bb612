// The recent history of every workload in memory: every sample for a while, then every
// few seconds for longer, compressed, within a fixed amount of memory. Counters are
// stored and rates computed when read, so a longer step loses nothing; of a gauge the
// longer step keeps the mean. An ended workload stays until its samples are too old. The
// history ends with the process.
//
// Indexed by a monotonic clock; shown with the current wall clock.
#pragma once

#include "collectors/history/history_track.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/history_fields.h"
#include "collectors/model/workload_query.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyman {

struct HistoryOptions {
  std::size_t memory_bytes = std::size_t{64} << 20;
  std::chrono::milliseconds fine_step{1'000};  // the sampling interval
  std::chrono::milliseconds fine{3'600'000};
  std::chrono::milliseconds coarse{86'400'000};
  std::chrono::milliseconds coarse_step{15'000};
};

struct HistoryStatistics {
  std::uint64_t samples = 0;                    // snapshots added
  std::uint64_t workloads = 0;                  // remembered, including ended ones
  std::uint64_t workloads_left_out = 0;         // existing ones that are not remembered because the memory is full
  std::uint64_t chunks_dropped = 0;             // dropped early because the memory was full; a total
  std::size_t memory_bytes = 0;                 // in use; never above the limit for longer than one sample
  std::size_t packed_bytes = 0;                 // part of it: the compressed samples
  std::uint64_t points = 0;                     // values in these
  double fine_seconds = 0, coarse_seconds = 0;  // the time that each tier covers
};

class HistoryStore {
 public:
  explicit HistoryStore(HistoryOptions options);

  // Adds the next sample. `slept` is the time that the machine has been suspended since
  // boot, which the snapshot's steady clock does not include. One thread; a sample that
  // is not later than the last is ignored.
  void add(const Snapshot& snapshot, std::chrono::nanoseconds slept = {});

  // Sets another sampling interval, after a reload: samples much further apart have a gap between them.
  void set_fine_step(std::chrono::milliseconds step);

  // Thread-safe, and does not delay the thread that adds: a query holds the lock only to
  // copy the compressed samples, and unpacks them outside.

  // Offers all workloads that it remembers; those in the last sample count as existing.
  void offer_workloads(WorkloadMatches& matches) const;
  // Unknown ids give series without points.
  HistoryAnswer answer(const HistoryQuery& query) const;
  // At the last sample; waits for no adding and no query.
  HistoryStatistics statistics() const;

 private:
  static constexpr unsigned kFine = 0, kCoarse = 1, kTiers = 2;
  using Key = std::pair<std::string, std::uint64_t>;  // id and inode
  using Tracks = std::map<Key, std::unique_ptr<HistoryTrack>>;

  // Cgroups are read in each sample, processes in scans that may be rarer. A row has the time of its reading.
  static constexpr unsigned kOfSamples = 0, kOfScans = 1, kClocks = 2;
  struct Clock {
    std::array<TickTable, kTiers> ticks;
    std::int64_t now = 0;                       // of the newest tick; 0: there is none
    bool advanced = false, coarse_due = false;  // by the newest snapshot
  };

  Clock& clock_of(const HistoryTrack& track) REQUIRES(mutex_) {
    return clocks_[track.of_processes ? kOfScans : kOfSamples];
  }
  const Clock& clock_of(const HistoryTrack& track) const REQUIRES(mutex_) {
    return clocks_[track.of_processes ? kOfScans : kOfSamples];
  }
  std::int64_t time_of(const HistoryTrack& track, unsigned tier, Tick tick) const REQUIRES(mutex_) {
    return clock_of(track).ticks[tier].time_of(tick);
  }
  void advance(Clock& clock, std::int64_t now) REQUIRES(mutex_);
  void match(const Snapshot& snapshot) REQUIRES(mutex_);
  HistoryTrack* track_of(const Workload& workload, std::size_t& overhead) REQUIRES(mutex_);
  void add_coarse(Clock& clock) REQUIRES(mutex_);
  void flush_coarse(HistoryTrack& track, std::optional<Tick> before, Tick tick) REQUIRES(mutex_);
  void drop_old(std::int64_t now) REQUIRES(mutex_);
  void drop_for_memory() REQUIRES(mutex_);
  bool drop_oldest_chunks(unsigned tier, std::size_t target) REQUIRES(mutex_);
  void drop_chunk(HistoryTrack& track, unsigned tier) REQUIRES(mutex_);
  void append(HistoryTrack& track, unsigned tier, Tick tick, const HistoryRow& row) REQUIRES(mutex_);
  void drop_empty_tracks() REQUIRES(mutex_);
  void drop_unused_ticks() REQUIRES(mutex_);
  void publish_statistics() REQUIRES(mutex_) EXCLUDES(published_mutex_);
  std::size_t overhead_bytes() const REQUIRES(mutex_);
  std::uint32_t max_chunk_length(const HistoryTrack& track, unsigned tier) const REQUIRES(mutex_);

  const HistoryOptions options_;
  mutable Mutex mutex_ ACQUIRED_BEFORE(published_mutex_);
  std::chrono::milliseconds fine_step_ GUARDED_BY(mutex_);
  BlockPool pool_ GUARDED_BY(mutex_);
  Tracks tracks_ GUARDED_BY(mutex_);
  std::array<Clock, kClocks> clocks_ GUARDED_BY(mutex_);
  std::array<std::size_t, kTiers> packed_bytes_ GUARDED_BY(mutex_){};
  std::array<std::uint32_t, kTiers> max_chunk_length_ GUARDED_BY(mutex_);
  std::shared_ptr<const Layout> layout_ GUARDED_BY(mutex_);       // of the newest snapshot
  std::vector<HistoryTrack*> track_of_block_ GUARDED_BY(mutex_);  // of that snapshot; null: not remembered
  std::int64_t wall_offset_ GUARDED_BY(mutex_) = 0;               // wall clock minus the store's clock, in nanoseconds
  HistoryStatistics statistics_ GUARDED_BY(mutex_);

  mutable Mutex published_mutex_;
  HistoryStatistics published_ GUARDED_BY(published_mutex_);
};

}  // namespace tallyman
