// io.stat and blkio.throttle.*_recursive.
#include "collectors/kernel/formats/io_text.h"
#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/fuzz/properties.h"

#include <set>

using namespace tallyman;
using namespace tallyman::fuzz;

namespace {

using Rows = std::vector<IoDeviceStats>;

unsigned parse_bytes(std::string_view text, Rows& out) {
  return formats::parse_blkio(text, formats::BlkioFile::kBytes, out);
}
unsigned parse_operations(std::string_view text, Rows& out) {
  return formats::parse_blkio(text, formats::BlkioFile::kOperations, out);
}

void append(std::string& text, const char* key, const Count& value) {
  if (value) {
    text += std::string(" ") + key + "=" + std::to_string(*value);
  }
}

void check_io_stat(std::string_view text) {
  Rows rows;
  const unsigned not_understood = formats::parse_io_stat(text, rows);
  require(rows.size() + not_understood <= rows_in(text), "a row of text gives one row or one fault at most");
  std::string again;
  for (const IoDeviceStats& row : rows) {
    require(row.device.empty(), "io.stat has no names");
    require(!row.sync_bytes && !row.async_bytes && !row.total_bytes, "io.stat has none of v1's figures");
    const std::size_t before = again.size();
    again += "7:7 " + std::to_string(row.major) + ":" + std::to_string(row.minor);
    const std::size_t figures = again.size();
    append(again, "dios", row.dios);
    append(again, "rbytes", row.rbytes);
    append(again, "wbytes", row.wbytes);
    append(again, "dbytes", row.dbytes);
    append(again, "rios", row.rios);
    append(again, "wios", row.wios);
    append(again, "cost.usage", row.cost_usage_usec);
    append(again, "cost.wait", row.cost_wait_usec);
    append(again, "cost.indebt", row.cost_indebt_usec);
    append(again, "cost.indelay", row.cost_indelay_usec);
    require(again.size() > figures && figures > before, "no row without a figure");
    again += "\n252:0 \n";
  }
  Rows back;
  require(formats::parse_io_stat(again + "252:0 ", back) == 0 && same(back, rows), "io.stat comes back");
}

void check_blkio(std::string_view text) {
  Rows bytes;
  parse_bytes(text, bytes);
  std::set<std::pair<std::uint32_t, std::uint32_t>> devices;
  for (const IoDeviceStats& row : bytes) {
    require(devices.emplace(row.major, row.minor).second, "one row a device");
    require(!row.rios && !row.wios && !row.dios, "bytes are no operations");
  }
  Rows operations;
  parse_operations(text, operations);
  for (const IoDeviceStats& row : operations) {
    require(!row.rbytes && !row.wbytes && !row.dbytes && !row.total_bytes, "operations are no bytes");
    require(devices.contains({row.major, row.minor}), "both files have the same devices");
  }
  Rows merged = bytes;
  parse_operations(text, merged);
  require(merged.size() == bytes.size(), "operations go to the rows that the bytes have");
  for (std::size_t i = 0; i < merged.size(); ++i) {
    require(merged[i].rbytes == bytes[i].rbytes && merged[i].total_bytes == bytes[i].total_bytes,
            "operations leave the bytes alone");
  }
  Rows twice = bytes;
  parse_bytes(text, twice);
  require(same(twice, bytes), "the same text again changes nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  require_row_rules<Rows>(text, formats::parse_io_stat, Halves::kConcatenate);
  require_row_rules<Rows>(text, parse_bytes, Halves::kContinue);
  require_row_rules<Rows>(text, parse_operations, Halves::kContinue);
  check_io_stat(text);
  check_blkio(text);
  return 0;
}
