#include "collectors/history/block_pool.h"

#include <algorithm>
#include <utility>

namespace tallyman {

std::uint32_t BlockPool::allocate() {
  if (free_ == kNone) {
    const auto first = static_cast<std::uint32_t>(slabs_.size() * kBlocksPerSlab);
    slabs_.push_back(std::make_unique<Block[]>(kBlocksPerSlab));
    for (std::uint32_t i = 0; i + 1 < kBlocksPerSlab; ++i) slabs_.back()[i].next = first + i + 1;
    free_ = first;
  }
  const std::uint32_t index = free_;
  free_ = std::exchange(at(index).next, kNone);
  at(index).bytes.fill(0);
  ++used_;
  return index;
}

void BlockPool::free_chain(std::uint32_t first) {
  while (first != kNone) {
    const std::uint32_t next = std::exchange(at(first).next, free_);
    free_ = std::exchange(first, next);
    --used_;
  }
}

void BitChain::append(BlockPool& pool, std::uint64_t value, unsigned count) {
  constexpr std::uint32_t kPayloadBits = BlockPool::kPayloadBytes * 8;
  while (count > 0) {
    const std::uint32_t at = bits_ % kPayloadBits;
    if (at == 0) {
      const std::uint32_t fresh = pool.allocate();
      (last_ == BlockPool::kNone ? first_ : pool.at(last_).next) = fresh;
      last_ = fresh;
    }
    const unsigned taken = std::min(count, 8 - at % 8);
    const std::uint64_t low = value & ((std::uint64_t{1} << taken) - 1);
    pool.at(last_).bytes[at / 8] |= static_cast<std::uint8_t>(low << (at % 8));
    value >>= taken;
    count -= taken;
    bits_ += taken;
  }
}

void BitChain::copy_to(const BlockPool& pool, std::vector<std::uint8_t>& out) const {
  std::size_t left = (bits_ + 7) / 8;
  for (std::uint32_t index = first_; left > 0; index = pool.at(index).next) {
    const auto& bytes = pool.at(index).bytes;
    const std::size_t size = std::min(left, bytes.size());
    out.insert(out.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    left -= size;
  }
}

void BitChain::release(BlockPool& pool) {
  pool.free_chain(first_);
  *this = {};
}

std::uint64_t BitReader::read(unsigned count) {
  if (count > end_ - at_) {
    at_ = end_;
    failed_ = true;
    return 0;
  }
  std::uint64_t value = 0;
  for (unsigned done = 0; done < count;) {
    const unsigned offset = at_ % 8;
    const unsigned taken = std::min(count - done, 8 - offset);
    const std::uint64_t bits = (unsigned{bytes_[at_ / 8]} >> offset) & ((1U << taken) - 1);
    value |= bits << done;
    done += taken;
    at_ += taken;
  }
  return value;
}

}  // namespace tallyman
