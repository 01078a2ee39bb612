// Memory of the history in blocks of one size. Nothing fragments, so the counted memory
// is the resident memory, and a chain of blocks can grow in small steps without being
// copied. Freed blocks are reused, never returned to the system: the pool keeps its
// maximum size. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tallyman {

class BlockPool {
 public:
  static constexpr std::size_t kBlockBytes = 128;
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  struct Block {
    std::uint32_t next = kNone;
    std::array<std::uint8_t, kBlockBytes - sizeof(std::uint32_t)> bytes{};
  };
  static constexpr std::size_t kPayloadBytes = sizeof(Block::bytes);

  std::uint32_t allocate();  // zeroed, its `next` kNone
  // Frees the block and all that follow it. kNone: nothing.
  void free_chain(std::uint32_t first);
  Block& at(std::uint32_t index) { return slabs_[index / kBlocksPerSlab][index % kBlocksPerSlab]; }
  const Block& at(std::uint32_t index) const { return slabs_[index / kBlocksPerSlab][index % kBlocksPerSlab]; }

  std::size_t used_bytes() const { return used_ * kBlockBytes; }
  std::size_t held_bytes() const { return slabs_.size() * kBlocksPerSlab * kBlockBytes; }

 private:
  static constexpr std::size_t kBlocksPerSlab = 512;  // 64 KiB

  std::vector<std::unique_ptr<Block[]>> slabs_;
  std::uint32_t free_ = kNone;
  std::size_t used_ = 0;
};
static_assert(sizeof(BlockPool::Block) == BlockPool::kBlockBytes);

// Bits appended to a chain of blocks.
class BitChain {
 public:
  // Appends the low `count` bits of `value`, the least significant one first; count at most 64.
  void append(BlockPool& pool, std::uint64_t value, unsigned count);
  void copy_to(const BlockPool& pool, std::vector<std::uint8_t>& out) const;  // appends (bits() + 7) / 8 bytes
  void release(BlockPool& pool);
  std::uint32_t bits() const { return bits_; }

 private:
  std::uint32_t first_ = BlockPool::kNone, last_ = BlockPool::kNone;
  std::uint32_t bits_ = 0;
};

// Reads what BitChain wrote. Beyond the end it reads zeros and reports it.
class BitReader {
 public:
  explicit BitReader(const std::vector<std::uint8_t>& bytes, std::size_t begin, std::size_t bits)
      : bytes_(bytes.data() + begin), end_(bits) {}
  std::uint64_t read(unsigned count);
  bool read_bit() { return read(1) != 0; }
  bool failed() const { return failed_; }

 private:
  const std::uint8_t* bytes_;
  std::size_t at_ = 0, end_;
  bool failed_ = false;
};

}  // namespace tallyman
