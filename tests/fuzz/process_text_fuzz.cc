// /proc/PID/stat, statm, schedstat, io, status, cgroup, limits, smaps_rollup; passwd.
#include "collectors/kernel/formats/process_text.h"
#include "collectors/kernel/stats/process_stats.h"
#include "tests/fuzz/properties.h"

using namespace tallyman;
using namespace tallyman::fuzz;

namespace {

void check_stat(std::string_view text) {
  PidStat stat;
  if (formats::parse_pid_stat(text, stat)) {
    require(text.find(stat.comm) != std::string_view::npos, "a name is of the text");
    PidStat torn;
    require(!formats::parse_pid_stat(text.substr(0, text.size() - 1), torn), "a torn text has no figures");
    require(formats::parse_pid_start_ticks(text) == stat.start_ticks, "both parsers report the same start");
  }
  const std::string named =
      "7 (" + std::string(text) + ") S 1 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 4242 19 20 21\n";
  require(formats::parse_pid_stat(named, stat) && stat.start_ticks == 4242 && stat.comm == text,
          "any name may stand in the parentheses");
}

void check_cgroup(std::string_view text) {
  std::vector<CgroupMembership> rows;
  const unsigned not_understood = formats::parse_pid_cgroup(text, rows);
  require(rows.size() + not_understood == rows_in(text), "a row is a hierarchy or a fault");
  for (const CgroupMembership& row : rows) {
    require(row.path.starts_with('/'), "a path is absolute");
  }
}

void check_numbers(std::string_view text) {
  PidMemory memory;
  SchedStat sched;
  require(formats::parse_statm(text, memory) == formats::parse_schedstat(text, sched), "both are three numbers");
  const Count pss = formats::parse_smaps_rollup_pss(text);
  require(!pss || *pss % 1024 == 0, "smaps counts KiB");
  const Count limit = formats::parse_open_files_limit(text);
  require(!limit || text.find("Max open files") != std::string_view::npos, "a limit has its name");
  require(text.find(formats::user_of_passwd(text, 33)) != std::string_view::npos, "a user is of the text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  require_row_rules<PidIo>(text, formats::parse_pid_io, Halves::kContinue);
  require_row_rules<PidStatus>(text, formats::parse_pid_status, Halves::kContinue);
  require_row_rules<std::vector<CgroupMembership>>(text, formats::parse_pid_cgroup, Halves::kConcatenate);
  check_stat(text);
  check_cgroup(text);
  check_numbers(text);
  return 0;
}
