// /proc/PID/net/dev, diskstats, meminfo, PID/stat, stat, cpuinfo.
#include "collectors/kernel/formats/net_text.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/kernel/stats/network_stats.h"
#include "tests/fuzz/properties.h"

using namespace tallyman;
using namespace tallyman::fuzz;

namespace {

std::string numbers(std::initializer_list<std::uint64_t> values) {
  std::string text;
  for (const std::uint64_t value : values) {
    text += " " + std::to_string(value);
  }
  return text;
}

void check_net_dev(std::string_view text) {
  std::vector<InterfaceStats> rows;
  const unsigned not_understood = formats::parse_net_dev(text, rows);
  require(rows.size() + not_understood <= rows_in(text), "a row is one interface at most");
  std::string again;
  for (const InterfaceStats& row : rows) {
    require(!row.name.empty() && row.name.find_first_of(" \t\r\n") == std::string::npos, "a name is one word");
    again += row.name + ":" +
             numbers({row.rx_bytes, row.rx_packets, row.rx_errors, row.rx_dropped, 0, 0, 0, 0, row.tx_bytes,
                      row.tx_packets, row.tx_errors, row.tx_dropped, 0, 0, 0, 0}) +
             "\n";
  }
  std::vector<InterfaceStats> back;
  require(formats::parse_net_dev(again, back) == 0 && same(back, rows), "net/dev comes back");
}

void check_diskstats(std::string_view text) {
  std::vector<DiskStats> rows;
  const unsigned not_understood = formats::parse_diskstats(text, rows);
  require(rows.size() + not_understood == rows_in(text), "a row is a device or a fault");
  std::string again;
  for (const DiskStats& row : rows) {
    again += std::to_string(row.major) + " " + std::to_string(row.minor) + " " + row.device +
             numbers({row.reads, row.reads_merged, row.sectors_read, row.read_msec, row.writes, row.writes_merged,
                      row.sectors_written, row.write_msec, row.in_flight, row.io_msec, row.weighted_io_msec}) +
             "\n";
  }
  std::vector<DiskStats> back;
  require(formats::parse_diskstats(again, back) == 0 && same(back, rows), "diskstats comes back");
}

void check_meminfo(std::string_view text) {
  MemInfo info;
  formats::parse_meminfo(text, info);
  for (const Count& bytes : {info.total, info.free, info.available, info.swap_total, info.swap_free}) {
    require(!bytes || *bytes % 1024 == 0, "meminfo counts KiB");
  }
}

void check_pid_stat(std::string_view text) {
  const Count start = formats::parse_pid_start_ticks(text);
  if (start) {
    require(text.back() == '\n' && text.find(std::to_string(*start)) != std::string_view::npos,
            "a start is a number of the text");
    require(!formats::parse_pid_start_ticks(text.substr(0, text.size() - 1)), "a torn text has no start");
  }
  const std::string named = "7 (" + std::string(text) + ") S 1 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 4242 19 20\n";
  require(formats::parse_pid_start_ticks(named) == 4242, "any name may stand in the parentheses");
}

void check_cpuinfo(std::string_view text) {
  const formats::CpuTopology topology = formats::parse_cpuinfo(text);
  require(topology.sockets <= topology.physical_cores, "a socket has a core");
  require((topology.sockets == 0) == (topology.physical_cores == 0), "both or none");
  require(topology.physical_cores <= rows_in(text), "a core has rows");
  require(topology.sockets == 0 || text.back() == '\n', "a torn text has no topology");
}

void check_boot_time(std::string_view text) {
  const Count seconds = formats::parse_boot_time(text);
  require(!seconds || text.find("btime ") != std::string_view::npos, "btime has its key");
  require(seconds == formats::parse_boot_time(whole_rows(text)), "a torn row changes nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  require_row_rules<std::vector<InterfaceStats>>(text, formats::parse_net_dev, Halves::kConcatenate);
  require_row_rules<std::vector<DiskStats>>(text, formats::parse_diskstats, Halves::kConcatenate);
  require_row_rules<MemInfo>(text, formats::parse_meminfo, Halves::kContinue);
  check_net_dev(text);
  check_diskstats(text);
  check_meminfo(text);
  check_pid_stat(text);
  check_cpuinfo(text);
  check_boot_time(text);
  return 0;
}
