#include "collectors/history/history_track.h"

#include <algorithm>
#include <functional>

namespace tallyman {
namespace {

constexpr std::size_t kAllocationBytes = 16;  // the allocator's overhead for each

bool is_gauge(unsigned field) { return history_fields()[field].kind == FieldKind::kGauge; }

std::size_t text_bytes(const std::string& text) {
  return text.capacity() < sizeof(std::string) / 2 ? 0 : text.capacity() + kAllocationBytes;
}

}  // namespace

Tick TickTable::add(std::int64_t time) {
  times_.push_back(time);
  return end() - 1;
}

std::int64_t TickTable::recent_step() const {
  constexpr std::size_t kMaxSteps = 15;
  std::vector<std::int64_t> steps;
  for (std::size_t i = times_.size(); i > 1 && steps.size() < kMaxSteps; --i) {
    steps.push_back(times_[i - 1] - times_[i - 2]);
  }
  if (steps.empty()) {
    return 0;
  }
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

void TickTable::drop_before(Tick tick) {
  while (first_ < tick && !times_.empty()) {
    times_.pop_front();
    ++first_;
  }
}

void TrackTier::append(BlockPool& pool, Tick tick, const HistoryRow& row, std::uint32_t max_chunk_length) {
  if (!encoder_) encoder_ = std::make_unique<RowEncoder>();
  const bool follows = !chunks_.empty() && chunks_.back().last() + 1 == tick && chunks_.back().rows < max_chunk_length;
  if (follows && encoder_->append(pool, chunks_.back().bits, row)) {
    ++chunks_.back().rows;
    return;
  }
  if (chunks_.size() == chunks_.capacity()) chunks_.reserve(chunks_.size() + 4);
  const auto present = std::count_if(row.begin(), row.end(), [](std::uint64_t value) { return value != kAbsent; });
  chunks_.push_back({tick, 1, static_cast<std::uint32_t>(present), {}});
  encoder_->begin(pool, chunks_.back().bits, row);
}

void TrackTier::drop_oldest(BlockPool& pool) {
  chunks_.front().bits.release(pool);
  chunks_.erase(chunks_.begin());
}

std::size_t TrackTier::memory_bytes() const {
  return chunks_.capacity() * sizeof(HistoryChunk) + kAllocationBytes +
         (encoder_ ? sizeof(RowEncoder) + kAllocationBytes : 0);
}

void CoarseRow::add(const HistoryRow& row) {
  if (!any_) {
    first_ = row;
    sums_ = {};
    counts_ = {};
  }
  any_ = true;
  last_ = row;
  for (unsigned field = 0; field < kHistoryFields; ++field) {
    if (!is_gauge(field) || row[field] == kAbsent) continue;
    sums_[field] += row[field];
    ++counts_[field];
  }
}

HistoryRow CoarseRow::first() const {
  HistoryRow row = first_;
  for (unsigned field = 0; field < kHistoryFields; ++field) {
    if (is_gauge(field)) row[field] = kAbsent;
  }
  return row;
}

HistoryRow CoarseRow::take() {
  HistoryRow row = last_;
  for (unsigned field = 0; field < kHistoryFields; ++field) {
    if (!is_gauge(field)) continue;
    row[field] = counts_[field] == 0 ? kAbsent : (sums_[field] + counts_[field] / 2) / counts_[field];
  }
  any_ = false;
  return row;
}

HistoryTrack::HistoryTrack(const Workload& of)
    : id(of.id),
      workload(of.workload == of.id ? std::string() : of.workload),
      name(of.container.name == of.workload || of.made_by_user ? std::string() : of.container.name),
      container_id(of.made_by_user ? std::string() : of.container_id),
      inode(of.inode),
      of_processes(of.kind == WorkloadKind::kProcess),
      stagger(static_cast<std::uint32_t>(std::hash<std::string>()(of.id) >> 7)) {}

std::size_t HistoryTrack::memory_bytes() const {
  std::size_t bytes = sizeof *this + kAllocationBytes + tiers[0].memory_bytes() + tiers[1].memory_bytes();
  for (const std::string* text : {&id, &workload, &name, &container_id}) bytes += text_bytes(*text);
  if (live) bytes += sizeof(Live) + live->reader.memory_bytes() + 2 * kAllocationBytes;
  return bytes;
}

}  // namespace tallyman
