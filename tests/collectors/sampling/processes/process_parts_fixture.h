// The parts of a process scan, each alone: processes and workloads that the test writes.
#pragma once

#include "collectors/kernel/process/process_files.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/processes/current_scan.h"
#include "collectors/sampling/processes/process_account.h"
#include "collectors/sampling/processes/process_grouping.h"
#include "collectors/sampling/processes/scanned_process.h"
#include "tests/support/process_host.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tallyman {

class ProcessPartsTest : public ::testing::Test {
 protected:
  ProcessPartsTest() {
    add_workload("/", WorkloadKind::kHost);
    add_workload("/docker", WorkloadKind::kCgroup);
    add_workload("/docker/web", WorkloadKind::kContainer);
  }

  // Replaces one with the same id.
  void add_workload(const std::string& id, WorkloadKind kind, const std::string& container_id = {}) {
    auto workload = std::make_shared<Workload>();
    workload->id = id;
    workload->kind = kind;
    workload->inode = 1;
    workload->container_id = container_id;
    by_id_[id] = std::move(workload);
    list_.clear();
    for (const auto& [known, one] : by_id_) {
      list_.push_back(one);
    }
    accounts_.follow(list_);
  }
  ProcessAccount& account(const std::string& id) {
    const std::vector<CgroupMembership> in = {{0, id}};
    return *accounts_.home_of(in).account;
  }
  std::uint64_t cpu_nsec(const std::string& id) { return account(id).totals[Tally::kCpu]; }
  std::uint64_t cpu_nsec_of_group(const std::string& name) {
    const auto found = accounts_.groups().find(name);
    return found == accounts_.groups().end() ? 0 : found->second->totals[Tally::kCpu];
  }

  // The next one, a second later.
  CurrentScan& next_scan(bool slow = false) {
    ++number_;
    scan_ = {number_, at_second(number_), slow, {}};
    return scan_;
  }
  static ScanTime at_second(std::uint64_t second) {
    return {second * 1'000'000'000, std::chrono::steady_clock::time_point(std::chrono::seconds(1'000 + second))};
  }

  static Tallies cpu(std::uint64_t nsec) {
    Tallies tallies;
    tallies.set(Tally::kCpu, nsec);
    return tallies;
  }

  ProcessHost processes_;
  ProcessFiles files_{processes_.host.root()};
  ProcessAccounts accounts_{100};
  CurrentScan scan_;

 private:
  std::map<std::string, WorkloadPtr> by_id_;
  WorkloadList list_;
  std::uint64_t number_ = 0;
};

}  // namespace tallyman
