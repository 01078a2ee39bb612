// Rows of one workload as a string of bits, and back. Optimised for what the kernel
// counts. Most values do not change: one bit for all of them, else one bit for each group
// with changes. A counter that changes mostly changes by the same amount as the last
// time, so the difference of the two is written; of a gauge, its change. Each is written
// in a Rice code with a parameter that follows the field's own recent sizes.
#pragma once

#include "collectors/history/block_pool.h"
#include "collectors/model/history_fields.h"

#include <array>
#include <cstdint>
#include <vector>

namespace tallyman {

// What both sides know after a row; each chunk starts with an empty one.
struct RowState {
  std::uint64_t present = 0;  // bit = field
  HistoryRow last{};
  std::array<std::uint64_t, kHistoryFields> last_step{};  // counters: the last change that was not 0
  std::array<std::uint64_t, kHistoryFields> size{};       // eight times the mean of recently written sizes; 0: none yet
};

class RowEncoder {
 public:
  // The first row of a chunk: its fields, and their values.
  void begin(BlockPool& pool, BitChain& out, const HistoryRow& row);
  // False, and nothing written, if the row has other fields than the previous row: start
  // another chunk.
  bool append(BlockPool& pool, BitChain& out, const HistoryRow& row);

 private:
  void write(BlockPool& pool, BitChain& out, unsigned field, std::uint64_t value);
  RowState state_;
};

class RowDecoder {
 public:
  // `bytes` must outlive the decoder.
  RowDecoder(const std::vector<std::uint8_t>& bytes, std::size_t begin, std::size_t bits) : in_(bytes, begin, bits) {}
  // Rows in the order of writing; the first call reads what begin() wrote. False for bits
  // that no encoder wrote.
  bool next(HistoryRow& row);

 private:
  void read(unsigned field);
  BitReader in_;
  bool begun_ = false;
  RowState state_;
};

}  // namespace tallyman
