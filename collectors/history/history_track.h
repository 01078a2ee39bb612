// One workload's history: chunks of compressed rows in two tiers, every sample and every
// few seconds. Parts of HistoryStore, which guards them; not thread-safe.
#pragma once

#include "collectors/history/row_codec.h"
#include "collectors/model/workload.h"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

// When samples were taken, in nanoseconds of a monotonic clock. All workloads share them,
// so rows have no times: row i of a chunk belongs to tick first + i.
using Tick = std::uint32_t;

class TickTable {
 public:
  Tick add(std::int64_t time);
  std::int64_t time_of(Tick tick) const { return times_[tick - first_]; }
  std::optional<Tick> newest() const { return times_.empty() ? std::nullopt : std::optional(end() - 1); }
  Tick begin() const { return first_; }
  Tick end() const { return first_ + static_cast<Tick>(times_.size()); }
  // From one of the newest to the next, mostly; 0 if there are fewer than two.
  std::int64_t recent_step() const;
  void drop_before(Tick tick);
  std::size_t memory_bytes() const { return times_.size() * sizeof(std::int64_t); }

 private:
  std::deque<std::int64_t> times_;
  Tick first_ = 0;
};

struct HistoryChunk {
  Tick first = 0;
  std::uint32_t rows = 0;
  std::uint32_t fields = 0;
  BitChain bits;
  Tick last() const { return first + rows - 1; }
};

// The rows of one workload in one tier.
class TrackTier {
 public:
  // Starts another chunk after `max_chunk_length` rows, after ticks without a row, and when the
  // workload has other fields than before.
  void append(BlockPool& pool, Tick tick, const HistoryRow& row, std::uint32_t max_chunk_length);
  void drop_oldest(BlockPool& pool);
  void close() { encoder_.reset(); }                                   // no more rows are appended
  const std::vector<HistoryChunk>& chunks() const { return chunks_; }  // oldest first
  std::size_t memory_bytes() const;                                    // without the pool's blocks

 private:
  std::vector<HistoryChunk> chunks_;
  std::unique_ptr<RowEncoder> encoder_;
};

// The values since the last coarse tick.
class CoarseRow {
 public:
  void add(const HistoryRow& row);
  bool empty() const { return !any_; }
  // The first values of counters, and no gauges.
  HistoryRow first() const;
  // Counters at their current value, gauges as the mean of their samples. Then starts
  // again.
  HistoryRow take();

 private:
  bool any_ = false;
  HistoryRow first_{}, last_{};
  std::array<std::uint64_t, kHistoryFields> sums_{};
  std::array<std::uint32_t, kHistoryFields> counts_{};
};

struct HistoryTrack {
  explicit HistoryTrack(const Workload& workload);

  std::string id, workload, name, container_id;
  std::uint64_t inode = 0;
  bool of_processes = false;       // a group of processes: it has ticks of its own, one for each scan
  std::uint32_t stagger = 0;       // so that chunks do not all start at the same time
  std::array<TrackTier, 2> tiers;  // kFine, kCoarse

  // Of a workload that exists, or that ended after the last coarse tick.
  struct Live {
    FieldReader reader;
    CoarseRow coarse;
    bool in_coarse = false;  // already has a row there
    bool seen = false;       // in the newest snapshot
  };
  std::unique_ptr<Live> live;

  std::size_t memory_bytes() const;  // without the pool's blocks
};

}  // namespace tallyman
