#include "collectors/history/row_codec.h"

#include <algorithm>
#include <bit>

namespace tallyman {
namespace {

// Ends of the groups of adjacent fields in history_fields() that change together: CPU,
// memory, network, I/O, pressure and faults, and rarely changing ones.
constexpr std::array<unsigned, 6> kGroupEnds = {4, 9, 13, 19, 23, kHistoryFields};
constexpr unsigned kMaxUnaryLength = 16;  // more ones than this are never written: the value follows with its length

std::uint64_t zigzag(std::uint64_t difference) {
  const auto sign = static_cast<std::uint64_t>(-static_cast<std::int64_t>(difference >> 63));
  return (difference << 1) ^ sign;
}
std::uint64_t unzigzag(std::uint64_t value) { return (value >> 1) ^ (~(value & 1) + 1); }

// Rice parameter for values with the mean size/8.
unsigned rice_bits(std::uint64_t size) {
  const std::uint64_t mean = size / 8;
  return mean == 0 ? 0 : std::min(56U, static_cast<unsigned>(std::bit_width(mean)) - 1);
}

// One outlier must not spoil the parameter for the following values: the mean at most
// doubles.
void learn(std::uint64_t& size, std::uint64_t value) {
  if (size == 0) {
    size = std::max<std::uint64_t>(1, std::min(value, std::uint64_t{1} << 56) * 8);
  } else {
    size = std::min(size + std::min(value, size + 32) - size / 8, std::uint64_t{1} << 60);
  }
}

bool is_gauge(unsigned field) { return history_fields()[field].kind == FieldKind::kGauge; }

std::uint64_t present_fields(const HistoryRow& row) {
  std::uint64_t present = 0;
  for (unsigned field = 0; field < kHistoryFields; ++field) {
    present |= std::uint64_t{row[field] != kAbsent} << field;
  }
  return present;
}

void write_long(BlockPool& pool, BitChain& out, std::uint64_t value) {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  out.append(pool, width, 7);
  out.append(pool, value, width);
}
std::uint64_t read_long(BitReader& in) {
  return in.read(static_cast<unsigned>(std::min<std::uint64_t>(in.read(7), 64)));
}

std::uint64_t group_mask(unsigned group) {
  const unsigned begin = group == 0 ? 0 : kGroupEnds[group - 1];
  const unsigned size = kGroupEnds[group] - begin;
  return ((std::uint64_t{1} << size) - 1) << begin;
}

}  // namespace

void RowEncoder::begin(BlockPool& pool, BitChain& out, const HistoryRow& row) {
  state_ = {};
  state_.present = present_fields(row);
  state_.last = row;
  out.append(pool, state_.present, kHistoryFields);
  for (unsigned field = 0; field < kHistoryFields; ++field) {
    if (row[field] != kAbsent) write_long(pool, out, row[field]);
  }
}

bool RowEncoder::append(BlockPool& pool, BitChain& out, const HistoryRow& row) {
  std::uint64_t changed = 0;
  for (unsigned field = 0; field < kHistoryFields; ++field) {
    if ((row[field] != kAbsent) != ((state_.present >> field & 1) != 0)) return false;
    changed |= std::uint64_t{row[field] != state_.last[field]} << field;
  }
  out.append(pool, changed != 0, 1);
  if (changed == 0) return true;
  for (unsigned group = 0; group < kGroupEnds.size(); ++group) {
    std::uint64_t mask = group_mask(group) & state_.present;
    if (mask == 0) continue;
    out.append(pool, (changed & mask) != 0, 1);
    if ((changed & mask) == 0) continue;
    for (; mask != 0; mask &= mask - 1) {
      const auto field = static_cast<unsigned>(std::countr_zero(mask));
      const bool differs = (changed >> field & 1) != 0;
      out.append(pool, differs, 1);
      if (differs) write(pool, out, field, row[field]);
    }
  }
  return true;
}

void RowEncoder::write(BlockPool& pool, BitChain& out, unsigned field, std::uint64_t value) {
  const std::uint64_t step = value - state_.last[field];
  state_.last[field] = value;
  std::uint64_t& size = state_.size[field];
  if (!is_gauge(field) && state_.last_step[field] == 0) {
    state_.last_step[field] = step;
    return write_long(pool, out, zigzag(step));
  }
  const std::uint64_t coded = zigzag(is_gauge(field) ? step : step - state_.last_step[field]);
  state_.last_step[field] = step;
  if (size == 0) {
    write_long(pool, out, coded);
  } else {
    const unsigned low_bits = rice_bits(size);
    const std::uint64_t high = coded >> low_bits;
    if (high < kMaxUnaryLength) {
      out.append(pool, (std::uint64_t{1} << high) - 1, static_cast<unsigned>(high) + 1);
      out.append(pool, coded, low_bits);
    } else {
      out.append(pool, (std::uint64_t{1} << kMaxUnaryLength) - 1, kMaxUnaryLength);
      write_long(pool, out, coded);
    }
  }
  learn(size, coded);
}

bool RowDecoder::next(HistoryRow& row) {
  if (!begun_) {
    begun_ = true;
    state_.present = in_.read(kHistoryFields);
    for (unsigned field = 0; field < kHistoryFields; ++field) {
      state_.last[field] = (state_.present >> field & 1) != 0 ? read_long(in_) : kAbsent;
    }
  } else if (in_.read_bit()) {
    for (unsigned group = 0; group < kGroupEnds.size(); ++group) {
      std::uint64_t mask = group_mask(group) & state_.present;
      if (mask == 0 || !in_.read_bit()) continue;
      for (; mask != 0; mask &= mask - 1) {
        const auto field = static_cast<unsigned>(std::countr_zero(mask));
        if (in_.read_bit()) read(field);
      }
    }
  }
  row = state_.last;
  return !in_.failed();
}

void RowDecoder::read(unsigned field) {
  std::uint64_t& size = state_.size[field];
  std::uint64_t& last_step = state_.last_step[field];
  if (!is_gauge(field) && last_step == 0) {
    last_step = unzigzag(read_long(in_));
    state_.last[field] += last_step;
    return;
  }
  std::uint64_t coded = 0;
  if (size == 0) {
    coded = read_long(in_);
  } else {
    unsigned high = 0;
    while (high < kMaxUnaryLength && in_.read_bit()) ++high;
    const unsigned low_bits = rice_bits(size);
    coded = high == kMaxUnaryLength ? read_long(in_) : (std::uint64_t{high} << low_bits | in_.read(low_bits));
  }
  const std::uint64_t step = unzigzag(coded) + (is_gauge(field) ? 0 : last_step);
  state_.last[field] += step;
  last_step = step;
  learn(size, coded);
}

}  // namespace tallyman
