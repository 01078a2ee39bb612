// What ended children used, where the kernel gives no records of exits: a parent takes over
// the times of a child that it has waited for, in steps of 10 ms. What was booked of the
// child while it existed is not booked again. One thread owns it.
#pragma once

#include "collectors/sampling/processes/current_scan.h"
#include "collectors/sampling/processes/process_account.h"

#include <string>
#include <vector>

namespace tallyman {

class ProcTable;
struct ProcessReading;
struct ScannedProcess;

class ChildBook {
 public:
  class OfProcess {
    friend class ChildBook;
    struct Successor {  // an ended child: the rest is attributed to it
      ProcessAccount* home = nullptr;
      ProcessAccount* group = nullptr;
      std::string executable;
    };
    Tallies totals_;  // of the children that it has waited for
    // How much of their growth is already booked from when they were seen.
    Tallies booked_, booked_too_early_;
    Successor successor_;
  };

  explicit ChildBook(const ProcTable& table) : table_(table) {}  // which outlives it

  // After the readings of the scan are booked, and before the vanished are removed.
  void book(const std::vector<ProcessReading>& readings, const CurrentScan& scan);

 private:
  void hand_to_parent(const ScannedProcess& ended, const CurrentScan& scan) const;
  static void book_rest(ScannedProcess& process, const CurrentScan& scan);

  const ProcTable& table_;
};

}  // namespace tallyman
