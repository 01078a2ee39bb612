#include "collectors/kernel/formats/io_text.h"

#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/count.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tallyman::formats {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

std::vector<Count> values(const IoDeviceStats& row) {
  return {row.rbytes,         row.wbytes,           row.dbytes,           row.rios,        row.wios,
          row.dios,           row.sync_bytes,       row.async_bytes,      row.total_bytes, row.cost_usage_usec,
          row.cost_wait_usec, row.cost_indebt_usec, row.cost_indelay_usec};
}

// Every value found is also in `truth`, for the same device.
void expect_subset(const std::vector<IoDeviceStats>& found, const std::vector<IoDeviceStats>& truth) {
  for (const IoDeviceStats& row : found) {
    const auto same = std::find_if(truth.begin(), truth.end(), [&](const IoDeviceStats& other) {
      return other.major == row.major && other.minor == row.minor;
    });
    ASSERT_NE(same, truth.end()) << row.major << ':' << row.minor;
    const std::vector<Count> part = values(row);
    const std::vector<Count> whole = values(*same);
    for (std::size_t i = 0; i < part.size(); ++i) {
      EXPECT_TRUE(!part[i] || part[i] == whole[i]) << row.major << ':' << row.minor << " value " << i;
    }
  }
}

constexpr std::string_view kIoStat =
    "254:16 rbytes=5648384 wbytes=67108864 rios=120 wios=516 dbytes=0 dios=0\n"
    "254:0 rbytes=92651520 wbytes=14508032 rios=2317 wios=1204 dbytes=4096 dios=1\n"
    "253:0 rbytes=98299904 wbytes=14508032 rios=2437 wios=1204 dbytes=4096 dios=1\n";

TEST(IoStat, GivesOneRowADevice) {
  std::vector<IoDeviceStats> rows;
  EXPECT_EQ(parse_io_stat(kIoStat, rows), 0U);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].major, 254U);
  EXPECT_EQ(rows[0].minor, 16U);
  EXPECT_EQ(rows[0].rbytes, 5648384U);
  EXPECT_EQ(rows[0].wbytes, 67108864U);
  EXPECT_EQ(rows[0].rios, 120U);
  EXPECT_EQ(rows[0].wios, 516U);
  EXPECT_EQ(rows[1].dbytes, 4096U);
  EXPECT_EQ(rows[1].dios, 1U);
  EXPECT_EQ(rows[2].major, 253U);
  EXPECT_EQ(rows[2].total_bytes, Count());
  EXPECT_EQ(rows[2].cost_usage_usec, Count());
}

TEST(IoStat, GivesTheFiguresToTheLastOfNamesThatRunTogether) {
  std::vector<IoDeviceStats> rows;
  const std::string_view text =
      "7:7 7:6 7:5 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:0 rbytes=9 wbytes=0 rios=1 wios=0 dbytes=0 "
      "dios=0\n";
  EXPECT_EQ(parse_io_stat(text, rows), 0U);
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].major, 7U);
  EXPECT_EQ(rows[0].minor, 5U);
  EXPECT_EQ(rows[0].rbytes, 1U);
  EXPECT_EQ(rows[1].major, 8U);
}

TEST(IoStat, HasNoRowForADeviceWithoutFigures) {
  for (const char* text : {"252:0 \n", "252:0\n", "252:0 ", "7:7 7:6 7:5 \n", "7:7 7:6 7:5 ",
                           "254:0 cost.vrate=100.00\n", "(unknown) \n", ""}) {
    std::vector<IoDeviceStats> rows(3);
    EXPECT_EQ(parse_io_stat(text, rows), 0U) << testing::PrintToString(text);
    EXPECT_THAT(rows, IsEmpty()) << testing::PrintToString(text);
  }
}

TEST(IoStat, CountsATornRowUnlessItIsNamesAlone) {
  for (const char* text : {"252:0", "252:0 r", "252:0 rbytes=1", "252:0 rbytes=1 ", "25", "252: ", " "}) {
    std::vector<IoDeviceStats> rows;
    EXPECT_EQ(parse_io_stat(text, rows), 1U) << testing::PrintToString(text);
    EXPECT_THAT(rows, IsEmpty()) << testing::PrintToString(text);
  }
}

TEST(IoStat, SkipsDevicesThatAreGone) {
  std::vector<IoDeviceStats> rows;
  const std::string_view text =
      "(unknown) rbytes=1 wbytes=1 rios=1 wios=1 dbytes=0 dios=0\n7:1 (unknown) rbytes=2\n(unknown) 7:2 rbytes=3\n";
  EXPECT_EQ(parse_io_stat(text, rows), 0U);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].minor, 2U);
  EXPECT_EQ(rows[0].rbytes, 3U);
}

TEST(IoStat, TakesIocostAndKeysThatItDoesNotKnow) {
  std::vector<IoDeviceStats> rows;
  const std::string_view text =
      "254:0 new=max rbytes=1 cost.vrate=100.00 cost.usage=5 cost.wait=6 cost.indebt=7 cost.indelay=8 use_delay=0 "
      "depth=max avg_lat=1 win=2\n";
  EXPECT_EQ(parse_io_stat(text, rows), 0U);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].rbytes, 1U);
  EXPECT_EQ(rows[0].wbytes, Count());
  EXPECT_EQ(rows[0].cost_usage_usec, 5U);
  EXPECT_EQ(rows[0].cost_wait_usec, 6U);
  EXPECT_EQ(rows[0].cost_indebt_usec, 7U);
  EXPECT_EQ(rows[0].cost_indelay_usec, 8U);
}

TEST(IoStat, DropsTheWholeRowThatHasOneBadFigure) {
  for (const char* text :
       {"254:0 rbytes=1 wbytes=-1\n", "254:0 rbytes=1 wbytes=\n", "254:0 rbytes=max\n", "vda rbytes=1\n", "rbytes=1\n",
        "254:0 rbytes=1 7:0 wbytes=1\n", "254:0 rbytes=1 stray\n", "254: rbytes=1\n", ":0 rbytes=1\n",
        "254:0:1 rbytes=1\n", "-1:0 rbytes=1\n", "4294967296:0 rbytes=1\n", "\n"}) {
    std::vector<IoDeviceStats> rows;
    EXPECT_EQ(parse_io_stat(std::string(text) + "8:0 rbytes=2\n", rows), 1U) << testing::PrintToString(text);
    ASSERT_THAT(rows, SizeIs(1)) << testing::PrintToString(text);
    EXPECT_EQ(rows[0].major, 8U);
    EXPECT_EQ(rows[0].rbytes, 2U);
  }
}

TEST(IoStat, ForgetsTheRowsOfTheTimeBefore) {
  std::vector<IoDeviceStats> rows;
  EXPECT_EQ(parse_io_stat(kIoStat, rows), 0U);
  rows[0].device = "/dev/a-name-too-long-to-be-kept-inside-the-string";
  const char* const memory = rows[0].device.data();
  const IoDeviceStats* const first = rows.data();
  EXPECT_EQ(parse_io_stat("8:0 wbytes=1\n", rows), 0U);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].major, 8U);
  EXPECT_EQ(rows[0].rbytes, Count());
  EXPECT_EQ(rows[0].device, "");
  EXPECT_EQ(rows[0].device.data(), memory) << "allocated again";
  EXPECT_EQ(rows.data(), first) << "allocated again";
}

TEST(IoStat, OfAPrefixHasNoWrongNumber) {
  std::vector<IoDeviceStats> truth;
  const std::string text = std::string(kIoStat) + "7:7 7:6 7:5 rbytes=10 wbytes=20 rios=30 wios=40 dbytes=50 dios=60\n";
  ASSERT_EQ(parse_io_stat(text, truth), 0U);
  std::vector<IoDeviceStats> part;
  for (std::size_t length = 0; length < text.size(); ++length) {
    const unsigned not_understood = parse_io_stat(std::string(text, 0, length), part);
    EXPECT_LE(not_understood, 1U);
    expect_subset(part, truth);
  }
}

constexpr std::string_view kServiceBytes =
    "254:16 Read 5648384\n254:16 Write 67108864\n254:16 Sync 72757248\n254:16 Async 0\n254:16 Discard 0\n"
    "254:16 Total 72757248\n254:0 Read 92651520\n254:0 Write 14508032\n254:0 Sync 94752768\n254:0 Async 12406784\n"
    "254:0 Discard 4096\n254:0 Total 107163648\nTotal 179920896\n";
constexpr std::string_view kServiced =
    "254:16 Read 120\n254:16 Write 516\n254:16 Sync 636\n254:16 Async 0\n254:16 Discard 0\n254:16 Total 636\n"
    "254:0 Read 2317\n254:0 Write 1204\n254:0 Sync 2420\n254:0 Async 1101\n254:0 Discard 1\n254:0 Total 3522\n"
    "Total 4158\n";

TEST(Blkio, MergesBytesAndOperationsByDevice) {
  std::vector<IoDeviceStats> rows;
  EXPECT_EQ(parse_blkio(kServiceBytes, BlkioFile::kBytes, rows), 0U);
  EXPECT_EQ(parse_blkio(kServiced, BlkioFile::kOperations, rows), 0U);
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].minor, 16U);
  EXPECT_EQ(rows[0].rbytes, 5648384U);
  EXPECT_EQ(rows[0].wbytes, 67108864U);
  EXPECT_EQ(rows[0].rios, 120U);
  EXPECT_EQ(rows[0].wios, 516U);
  EXPECT_EQ(rows[0].sync_bytes, 72757248U);
  EXPECT_EQ(rows[0].async_bytes, 0U);
  EXPECT_EQ(rows[0].total_bytes, 72757248U);
  EXPECT_EQ(rows[1].minor, 0U);
  EXPECT_EQ(rows[1].dbytes, 4096U);
  EXPECT_EQ(rows[1].dios, 1U);
  EXPECT_EQ(rows[1].total_bytes, 107163648U);
}

TEST(Blkio, MergesInWhateverOrderTheDevicesCome) {
  std::vector<IoDeviceStats> rows;
  EXPECT_EQ(parse_blkio("8:0 Read 1\n8:16 Read 2\n8:32 Read 3\n", BlkioFile::kBytes, rows), 0U);
  EXPECT_EQ(parse_blkio("8:32 Read 30\n8:48 Read 40\n8:0 Read 10\n8:16 Read 20\n", BlkioFile::kOperations, rows), 0U);
  ASSERT_THAT(rows, SizeIs(4));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(rows[i].minor, 16 * i);
    EXPECT_EQ(rows[i].rbytes, i + 1);
    EXPECT_EQ(rows[i].rios, 10 * (i + 1));
  }
  EXPECT_EQ(rows[3].rbytes, Count());
  EXPECT_EQ(rows[3].rios, 40U);
}

TEST(Blkio, HasNoRowWhereNothingIsAccounted) {
  std::vector<IoDeviceStats> rows;
  EXPECT_EQ(parse_blkio("Total 0\n", BlkioFile::kBytes, rows), 0U);
  EXPECT_EQ(parse_blkio("", BlkioFile::kBytes, rows), 0U);
  EXPECT_EQ(parse_blkio("8:0 Total 5\n", BlkioFile::kOperations, rows), 0U);
  EXPECT_EQ(parse_blkio("8:0 Flush 5\n", BlkioFile::kBytes, rows), 0U) << "an operation of a later kernel";
  EXPECT_EQ(parse_blkio("(unknown) Read 5\n", BlkioFile::kBytes, rows), 0U);
  EXPECT_THAT(rows, IsEmpty());
}

TEST(Blkio, OfAnOldKernelHasNoDiscards) {
  std::vector<IoDeviceStats> rows;
  EXPECT_EQ(
      parse_blkio("8:0 Read 1\n8:0 Write 2\n8:0 Sync 3\n8:0 Async 0\n8:0 Total 3\nTotal 3\n", BlkioFile::kBytes, rows),
      0U);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].dbytes, Count());
}

TEST(Blkio, LosesOneValueToOneBadRow) {
  std::vector<IoDeviceStats> rows;
  const std::string_view text =
      "8:0 Read -1\n8:0 Write 2\n8 Read 1\n8:0 Read\n8:0 Read 1 2\n8:0 5\nTotal x\nTotal\n\nsda Read 1\n";
  EXPECT_EQ(parse_blkio(text, BlkioFile::kBytes, rows), 9U);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].rbytes, Count());
  EXPECT_EQ(rows[0].wbytes, 2U);
}

TEST(Blkio, OfAPrefixHasNoWrongNumber) {
  std::vector<IoDeviceStats> truth;
  ASSERT_EQ(parse_blkio(kServiceBytes, BlkioFile::kBytes, truth), 0U);
  for (std::size_t length = 0; length < kServiceBytes.size(); ++length) {
    std::vector<IoDeviceStats> part;
    const std::string copy(kServiceBytes.substr(0, length));
    const unsigned not_understood = parse_blkio(copy, BlkioFile::kBytes, part);
    EXPECT_EQ(not_understood, copy.empty() || copy.back() == '\n' ? 0U : 1U) << length;
    expect_subset(part, truth);
  }
}

}  // namespace
}  // namespace tallyman::formats
