// The recent past of every workload in memory: every sample for a while, then
// every few seconds for longer, compressed, within a fixed amount of memory.
// Counters are kept, rates made when read, so that a longer step loses nothing;
// of a gauge the longer step keeps the mean. A workload that has ended stays until
// its samples are too old. Nothing outlives the process.
//
// Indexed by a clock that never jumps; shown by the wall clock as it is now.
#pragma once

#include "collectors/history/history_track.h"
#include "collectors/model/history_fields.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
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
  std::uint64_t samples = 0;                    // snapshots taken in
  std::uint64_t workloads = 0;                  // remembered, including ended ones
  std::uint64_t workloads_left_out = 0;         // existing ones that are not remembered because the memory is full
  std::uint64_t chunks_dropped = 0;             // dropped early because the memory was full; a total
  std::size_t memory_bytes = 0;                 // in use; never above the bound for longer than one sample
  std::size_t packed_bytes = 0;                 // of it the compressed samples
  std::uint64_t points = 0;                     // figures that these hold
  double fine_seconds = 0, coarse_seconds = 0;  // how far each tier reaches back
};

class HistoryStore {
 public:
  explicit HistoryStore(HistoryOptions options);

  // Takes in the next sample. `slept` is for how long the machine has been
  // suspended since it booted, which the snapshot's steady clock leaves out. One
  // thread; one that is not later than the last is ignored.
  void add(const Snapshot& snapshot, std::chrono::nanoseconds slept = {});

  // Another sampling interval, after a reload: what is much further apart has a gap between.
  void set_fine_step(std::chrono::milliseconds step);

  // Thread-safe, and quick for the thread that adds: a query holds the lock for a
  // copy of the compressed samples and unpacks them outside.

  // Id of the wanted workload: by cgroup path (with or without its first slash),
  // container id (12 digits or more) or a name that only one has. Existing workloads go
  // before ended ones; of those the last to end.
  std::optional<std::string> find(std::string_view wanted) const;
  // Ids that are not known give series without points.
  HistoryAnswer answer(const HistoryQuery& query) const;
  // At the last sample; waits for no adding and no query.
  HistoryStatistics statistics() const;

 private:
  static constexpr unsigned kFine = 0, kCoarse = 1, kTiers = 2;
  using Key = std::pair<std::string, std::uint64_t>;  // id and inode
  using Tracks = std::map<Key, std::unique_ptr<HistoryTrack>>;

  void match(const Snapshot& snapshot);
  HistoryTrack* track_of(const Workload& workload, std::size_t& overhead);
  void add_coarse(std::int64_t now);
  void flush_coarse(HistoryTrack& track, std::optional<Tick> before, Tick tick);
  void drop_old(std::int64_t now);
  void drop_for_memory();
  bool drop_oldest_chunks(unsigned tier, std::size_t target);
  void drop_chunk(HistoryTrack& track, unsigned tier);
  void append(HistoryTrack& track, unsigned tier, Tick tick, const HistoryRow& row);
  void drop_empty_tracks();
  void drop_unused_ticks();
  void publish_statistics();
  std::size_t overhead_bytes() const;
  std::uint32_t longest(const HistoryTrack& track, unsigned tier) const;

  const HistoryOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  std::chrono::milliseconds fine_step_;
  BlockPool pool_;
  Tracks tracks_;
  std::array<TickTable, kTiers> ticks_;
  std::array<std::size_t, kTiers> packed_bytes_{};
  std::array<std::uint32_t, kTiers> longest_chunk_;
  std::shared_ptr<const Layout> layout_;       // of the newest snapshot
  std::vector<HistoryTrack*> track_of_block_;  // of it; null: not remembered
  std::int64_t now_ = 0;
  std::int64_t wall_offset_ = 0;  // wall clock less ours, in nanoseconds
  HistoryStatistics statistics_;

  mutable std::mutex published_mutex_;  // guards what follows
  HistoryStatistics published_;
};

}  // namespace tallyman
