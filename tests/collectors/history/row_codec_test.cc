#include "collectors/history/row_codec.h"

#include <gtest/gtest.h>

#include <random>

namespace tallyman {
namespace {

// Writes rows, starts again when append() says so, and reads them back.
class Codec {
 public:
  ~Codec() {
    chain_.release(pool_);
    EXPECT_EQ(pool_.used_bytes(), 0U);
  }
  void write(const std::vector<HistoryRow>& rows) {
    encoder_.begin(pool_, chain_, rows.front());
    for (std::size_t i = 1; i < rows.size(); ++i) ASSERT_TRUE(encoder_.append(pool_, chain_, rows[i])) << i;
  }
  void expect(const std::vector<HistoryRow>& rows) {
    std::vector<std::uint8_t> bytes{0xFF};  // what is before it does not matter
    chain_.copy_to(pool_, bytes);
    RowDecoder decoder(bytes, 1, chain_.bits());
    HistoryRow row;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ASSERT_TRUE(decoder.next(row)) << i;
      ASSERT_EQ(row, rows[i]) << i;
    }
    EXPECT_FALSE(decoder.next(row) && decoder.next(row) && decoder.next(row) && decoder.next(row) &&
                 decoder.next(row) && decoder.next(row) && decoder.next(row) && decoder.next(row))
        << "there is more than was written";
  }
  std::uint32_t bits() const { return chain_.bits(); }

 private:
  BlockPool pool_;
  BitChain chain_;
  RowEncoder encoder_;
};

TEST(RowCodec, ARowThatStandsStillIsOneBit) {
  HistoryRow row;
  row.fill(12'345);
  Codec codec;
  codec.write({row});
  const std::uint32_t first = codec.bits();
  Codec longer;
  longer.write(std::vector<HistoryRow>(100, row));
  EXPECT_EQ(longer.bits(), first + 99);
  longer.expect(std::vector<HistoryRow>(100, row));
}

TEST(RowCodec, GivesBackEveryExtreme) {
  constexpr std::uint64_t kValues[] = {0, 1, kAbsent - 1, std::uint64_t{1} << 63, (std::uint64_t{1} << 63) - 1, 42};
  std::vector<HistoryRow> rows;
  for (const std::uint64_t a : kValues) {
    for (const std::uint64_t b : kValues) {
      rows.emplace_back().fill(a);
      rows.emplace_back().fill(b);
    }
  }
  Codec codec;
  codec.write(rows);
  codec.expect(rows);
}

TEST(RowCodec, LeavesOutFieldsThatAreAbsentAndSaysWhenOthersAre) {
  HistoryRow row;
  row.fill(kAbsent);
  row[3] = 7;
  Codec codec;
  codec.write({row, row});
  codec.expect({row, row});
  BlockPool pool;
  BitChain chain;
  RowEncoder encoder;
  encoder.begin(pool, chain, row);
  const std::uint32_t bits = chain.bits();
  row[4] = 1;
  EXPECT_FALSE(encoder.append(pool, chain, row));
  row[3] = row[4] = kAbsent;
  EXPECT_FALSE(encoder.append(pool, chain, row));
  EXPECT_EQ(chain.bits(), bits);
  chain.release(pool);
}

// All mixtures of steady, noisy, bursting, idle, falling and resetting figures.
TEST(RowCodec, GivesBackWhatEveryKindOfFigureDoes) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<HistoryRow> rows(1);
    for (std::uint64_t& value : rows[0]) value = random() % 4 == 0 ? kAbsent : random() >> (random() % 64) >> 1;
    for (int i = 0; i < 600; ++i) {
      HistoryRow row = rows.back();
      for (unsigned field = 0; field < kHistoryFields; ++field) {
        if (row[field] == kAbsent) continue;
        const unsigned kind = (field + static_cast<unsigned>(round)) % 6;
        if (kind == 1) row[field] += 1'000'000;
        if (kind == 2) row[field] += 500'000 + random() % 10'000;
        if (kind == 3 && random() % 20 == 0) row[field] += random() >> (random() % 64) >> 1;
        if (kind == 4) row[field] += random() % 65 - 32;
        if (kind == 5 && random() % 100 == 0) row[field] = random() % 10;
        if (row[field] == kAbsent) row[field] = 0;
      }
      rows.push_back(row);
    }
    Codec codec;
    codec.write(rows);
    codec.expect(rows);
  }
}

TEST(RowCodec, BitsThatNobodyWroteEndInsteadOfRunningOn) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::uint8_t> bytes(random() % 300 + 1);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    RowDecoder decoder(bytes, 0, bytes.size() * 8);
    HistoryRow row;
    std::size_t rows = 0;
    while (decoder.next(row)) ASSERT_LE(++rows, bytes.size() * 8);
  }
}

TEST(BlockPool, UsesFreedBlocksAgain) {
  BlockPool pool;
  for (int round = 0; round < 100; ++round) {
    BitChain chain;
    for (int i = 0; i < 10'000; ++i) chain.append(pool, ~std::uint64_t{0}, 63);
    EXPECT_EQ(pool.used_bytes(), (10'000 * 63 / 8 / BlockPool::kPayloadBytes + 1) * BlockPool::kBlockBytes);
    chain.release(pool);
    EXPECT_EQ(chain.bits(), 0U);
  }
  EXPECT_EQ(pool.used_bytes(), 0U);
  EXPECT_LE(pool.held_bytes(), 2U * 65'536);
}

}  // namespace
}  // namespace tallyman
