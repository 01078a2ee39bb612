// Rows of one workload as a string of bits, and back. Made for what the kernel
// counts: most figures stand still (a bit for all of them, else a bit for each
// group that stirs); a counter that moves mostly moves as it did the last time it
// moved, so the difference of the two is written; a gauge, its change. Each in a
// Rice code whose parameter follows the field's own recent sizes.
#pragma once

#include "collectors/history/block_pool.h"
#include "collectors/model/history_fields.h"

#include <array>
#include <cstdint>
#include <vector>

namespace tallyman {

// What both sides know after a row; a chunk begins with it anew.
struct RowState {
  std::uint64_t present = 0;  // bit = field
  HistoryRow last{};
  std::array<std::uint64_t, kHistoryFields> last_step{};  // counters: the last change that was not 0
  std::array<std::uint64_t, kHistoryFields> size{};  // eight times the mean of what was written lately; 0: nothing yet
};

class RowEncoder {
 public:
  // The first row of a chunk: which fields there are, and their values.
  void begin(BlockPool& pool, BitChain& out, const HistoryRow& row);
  // False, and nothing written, if other fields are present than in the row
  // before: begin another chunk.
  bool append(BlockPool& pool, BitChain& out, const HistoryRow& row);

 private:
  void write(BlockPool& pool, BitChain& out, unsigned field, std::uint64_t value);
  RowState state_;
};

class RowDecoder {
 public:
  // `bytes` must outlive the decoder.
  RowDecoder(const std::vector<std::uint8_t>& bytes, std::size_t begin, std::size_t bits) : in_(bytes, begin, bits) {}
  // Rows in the order of writing; the first call reads what begin() wrote. False
  // at bits that no encoder wrote.
  bool next(HistoryRow& row);

 private:
  void read(unsigned field);
  BitReader in_;
  bool begun_ = false;
  RowState state_;
};

}  // namespace tallyman
