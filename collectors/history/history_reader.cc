#include "collectors/history/history_reader.h"

#include "collectors/history/row_codec.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tallyman {
namespace {

// Two samples further apart than this many steps have a gap between them: the machine
// slept, the agent was stopped, or the workload did not exist.
constexpr int kGapSteps = 5;

double seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

// Calls `row_at(time, row)` for each row, oldest first, from tier `packed`.
template <class RowAt>
void unpack(const PackedRows& packed, std::int64_t before, const RowAt& row_at) {
  HistoryRow row;
  for (const PackedRows::Chunk& chunk : packed.chunks) {
    if (packed.times[chunk.first_time] >= before) return;
    RowDecoder decoder(packed.bytes, chunk.first_byte, chunk.bits);
    for (std::size_t i = 0; i < chunk.rows && decoder.next(row); ++i) {
      const std::int64_t time = packed.times[chunk.first_time + i];
      if (time >= before) return;
      row_at(time, row);
    }
  }
}

// Follows one workload through its rows and books the difference between neighbours.
class Dispatcher {
 public:
  Dispatcher(std::int64_t wall_offset, const std::vector<unsigned>& fields, std::vector<StepSums>& sums)
      : wall_offset_(wall_offset), fields_(fields), sums_(sums) {}

  void set_step(std::int64_t nominal) { step_ = nominal; }

  void row_at(std::int64_t time, const HistoryRow& row) {
    const bool gap = !begun_ || time - time_ > kGapSteps * std::max(step_, last_step_);
    const double end = seconds(time + wall_offset_);
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const unsigned field = fields_[i];
      const HistoryField& known = history_fields()[field];
      if (row[field] == kAbsent) continue;
      if (known.kind == FieldKind::kGauge) {
        const double begin = gap ? end - seconds(step_) : seconds(time_ + wall_offset_);
        sums_[i].add_over(begin, end, static_cast<double>(row[field]) * known.scale);
      } else if (!gap) {
        const double length = seconds(time - time_);
        const auto figure = figure_between(field, row_[field], row[field], length);
        if (!figure) continue;
        known.kind == FieldKind::kCount ? sums_[i].add_at(end, length, *figure)
                                        : sums_[i].add_over(end - length, end, *figure);
      }
    }
    begun_ = true;
    time_ = time;
    row_ = row;
    last_step_ = step_;
  }

 private:
  std::int64_t wall_offset_;
  const std::vector<unsigned>& fields_;
  std::vector<StepSums>& sums_;
  std::int64_t step_ = 0, last_step_ = 0, time_ = 0;
  bool begun_ = false;
  HistoryRow row_{};
};

}  // namespace

void StepSums::add_over(double begin, double end, double per_second) {
  const double last = from_ + step_ * static_cast<double>(amounts_.size());
  begin = std::max(begin, from_);
  end = std::min(end, last);
  if (begin >= end) return;
  auto index = static_cast<std::size_t>((begin - from_) / step_);
  while (begin < end && index < amounts_.size()) {
    const double border = std::min(end, from_ + step_ * static_cast<double>(index + 1));
    const double part = border - begin;
    if (part > 0) {
      amounts_[index] += per_second * part;
      times_[index] += part;
      begin = border;
    }
    ++index;
  }
}

void StepSums::add_at(double time, double covered, double amount) {
  const double at = std::ceil((time - from_) / step_) - 1;  // a step includes its end, not its start
  if (at < 0 || at >= static_cast<double>(amounts_.size())) return;
  amounts_[static_cast<std::size_t>(at)] += amount;
  times_[static_cast<std::size_t>(at)] += covered;
}

std::vector<std::pair<double, double>> StepSums::averages() const {
  std::vector<std::pair<double, double>> points;
  for (std::size_t i = 0; i < amounts_.size(); ++i) {
    if (times_[i] > 0) points.emplace_back(from_ + step_ * static_cast<double>(i), amounts_[i] / times_[i]);
  }
  return points;
}

std::vector<std::pair<double, double>> StepSums::totals() const {
  std::vector<std::pair<double, double>> points;
  for (std::size_t i = 0; i < amounts_.size(); ++i) {
    if (times_[i] > 0) points.emplace_back(from_ + step_ * static_cast<double>(i), amounts_[i]);
  }
  return points;
}

StepGrid grid_of(const HistoryQuery& query) {
  const double first = std::floor(query.from / query.step), last = std::ceil(query.to / query.step);
  return {first * query.step, query.step, static_cast<std::size_t>(std::max(0.0, last - first))};
}

void add_track(const PackedTrack& track, std::int64_t wall_offset, const std::vector<unsigned>& fields,
               std::vector<StepSums>& sums) {
  Dispatcher dispatcher(wall_offset, fields, sums);
  const auto row_at = [&](std::int64_t time, const HistoryRow& row) { dispatcher.row_at(time, row); };
  constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
  const std::int64_t fine_from =
      track.fine.chunks.empty() ? kEnd : track.fine.times[track.fine.chunks.front().first_time];
  dispatcher.set_step(track.coarse.nominal_step);
  unpack(track.coarse, fine_from, row_at);
  dispatcher.set_step(track.fine.nominal_step);
  unpack(track.fine, kEnd, row_at);
}

}  // namespace tallyman
