#include "collectors/sampling/processes/child_book.h"

#include "collectors/sampling/processes/proc_table.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr int kMaxGenerations = 32;
constexpr Tally kOfChildren[] = {Tally::kCpu, Tally::kUser, Tally::kSystem, Tally::kFaults, Tally::kMajorFaults};

Tallies of_children(const PidStat& stat) {
  Tallies result;
  result.set(Tally::kUser, stat.cutime_ticks * kNsecPerTick);
  result.set(Tally::kSystem, stat.cstime_ticks * kNsecPerTick);
  result.set(Tally::kCpu, (stat.cutime_ticks + stat.cstime_ticks) * kNsecPerTick);
  result.set(Tally::kFaults, stat.cminflt + stat.cmajflt);
  result.set(Tally::kMajorFaults, stat.cmajflt);
  return result;
}

}  // namespace

void ChildBook::book(const std::vector<ProcessReading>& readings, const CurrentScan& scan) {
  table_.for_each_vanished(scan, [&](const ScannedProcess& process) { hand_to_parent(process, scan); });
  for (const ProcessReading& reading : readings) {
    book_rest(*reading.process, scan);
  }
  // Its accounts may not outlive this scan.
  table_.for_each([](ScannedProcess& process) { process.children.successor_ = {}; });
}

// What is booked of it and of its children is counted once more by its first existing
// ancestor, as soon as that has waited for it.
void ChildBook::hand_to_parent(const ScannedProcess& ended, const CurrentScan& scan) const {
  ProcessFiles::Pid pid = ended.stat.ppid;
  for (int i = 0; i < kMaxGenerations; ++i) {
    ScannedProcess* const found = table_.find(pid);
    if (found == nullptr) {
      return;
    }
    if (found->seen == scan.number) {
      OfProcess& parent = found->children;
      parent.booked_.add(ended.totals);
      parent.booked_.add(ended.children.totals_);
      parent.successor_ = {ended.place.home, ended.place.group, ended.place.executable};
      return;
    }
    pid = found->stat.ppid;
  }
}

// What its children used beyond that: children that existed only between two scans, and
// others after they were last read.
void ChildBook::book_rest(ScannedProcess& process, const CurrentScan& scan) {
  OfProcess& parent = process.children;
  const bool of_before = scan.number == 1 && process.reads == 1;  // long ago, by unknown children
  Tallies growth = parent.totals_.rise_to(of_children(process.stat));
  Tallies rest, early;
  for (const Tally which : kOfChildren) {
    const std::uint64_t known = parent.booked_[which] + parent.booked_too_early_[which];
    rest.set(which, growth[which] > known ? growth[which] - known : 0);
    // It may have been waited for after its parent was read: then the next scan counts it.
    early.set(which, known > growth[which] ? std::min(known - growth[which], parent.booked_[which]) : 0);
  }
  if (!of_before && rest[Tally::kCpu] + rest[Tally::kFaults] != 0) {
    const bool inherited = !parent.successor_.executable.empty();
    const std::string& program = inherited ? parent.successor_.executable : process.place.executable;
    tallyman::book(inherited ? parent.successor_.home : process.place.home, program, rest, scan.time.steady);
    tallyman::book(inherited ? parent.successor_.group : process.place.group, program, rest, scan.time.steady);
  }
  parent.booked_ = {};
  parent.booked_too_early_ = early;
}

}  // namespace tallyman
