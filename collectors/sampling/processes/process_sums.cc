#include "collectors/sampling/processes/process_sums.h"

#include "collectors/sampling/processes/scanned_process.h"

#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>

namespace tallyman {
namespace {

// `own`: it is in the account's cgroup itself, not below it.
void add_to(ProcessAccount& account, const ScannedProcess& process, bool own, ScanTime time) {
  const PidStat& stat = process.stat;
  ProcessAccount::Now& now = account.now;
  ++now.processes;
  if (stat.is_dead()) {
    return;  // a zombie has nothing more to read
  }
  const ProcessDetails::OfProcess& details = process.details;
  now.threads += stat.threads;
  now.resident_bytes += details.resident_bytes;
  now.anon.add(details.anon);
  now.swap.add(details.swap);
  now.open_files.add(details.open_files);
  now.sockets.add(details.sockets);
  now.pss.add(details.pss);
  for (std::size_t i = 0; i < std::size(now.tallies_known); ++i) {
    now.tallies_known[i].add(process.totals.knows(static_cast<Tally>(i)) ? Count(0) : Count());
  }
  now.tasks.sleeping += details.tasks.sleeping;
  now.tasks.running += details.tasks.running;
  now.tasks.stopped += details.tasks.stopped;
  now.tasks.uninterruptible += details.tasks.uninterruptible;
  const auto is_older = [&](std::uint32_t pid, std::uint64_t ticks) {
    return pid == 0 || stat.start_ticks < ticks || (stat.start_ticks == ticks && stat.pid < pid);
  };
  if (is_older(now.first_pid, now.first_start_ticks)) {
    now.first_pid = stat.pid;
    now.first_start_ticks = stat.start_ticks;
  }
  if (own && is_older(now.own_pid, now.own_start_ticks)) {
    now.own_pid = stat.pid;
    now.own_start_ticks = stat.start_ticks;
  }
  account.programs.add(process.place.executable, stat.threads, details.resident_bytes, time.steady);
}

}  // namespace

void ProcessSums::begin() {
  accounts_.for_each([](ProcessAccount& account) {
    account.now = {};
    account.programs.begin();
    for (auto& [component, sum] : account.runtime) {
      sum.processes = sum.rss_bytes = 0;
    }
  });
}

void ProcessSums::add(const ScannedProcess& process, ScanTime time) {
  const ProcessPlaces::OfProcess& place = process.place;
  for (ProcessAccount* account = place.home; account != nullptr; account = account->parent) {
    add_to(*account, process, account == place.home, time);
  }
  if (place.group != nullptr) {
    add_to(*place.group, process, true, time);
  }
  if (!process.stat.is_dead()) {
    RuntimeFacts::count(process.runtime, process.details.resident_bytes);
  }
}

void ProcessSums::end(const CurrentScan& scan) {
  const ScanTime last = std::exchange(last_time_, scan.time);
  const double seconds = std::chrono::duration<double>(scan.time.steady - last.steady).count();
  const double kept = scan.number == 1 ? 0 : std::exp(-seconds / 10);
  accounts_.for_each([kept](ProcessAccount& account) {
    account.programs.end();
    account.load = account.load * kept + static_cast<double>(account.now.tasks.running) * (1 - kept);
    account.uninterruptible_load =
        account.uninterruptible_load * kept + static_cast<double>(account.now.tasks.uninterruptible) * (1 - kept);
  });
}

}  // namespace tallyman
