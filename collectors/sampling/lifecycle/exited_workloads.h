// Workloads that have ended: their final stats, how long they are still shown, the
// totals that include them, and their exit events. Belongs to the sampler and to its
// thread.
#pragma once

#include "collectors/discovery/exits.h"
#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/collector.h"
#include "collectors/model/ended_totals.h"
#include "collectors/model/events.h"
#include "collectors/model/init_exits.h"
#include "collectors/model/series_writer.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/lifecycle/cpu_balance.h"
#include "collectors/sampling/lifecycle/oom_victims.h"
#include "collectors/sampling/lifecycle/restarts.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

// The sources of the final stats of ended workloads.
struct FinalStatsCounts {
  std::uint64_t cgroup_empty = 0;  // read when the cgroup became empty
  std::uint64_t last_sample = 0;   // at the last sample
  std::uint64_t unknown = 0;       // existed only between two samples
};

class ExitedWorkloads {
 public:
  struct Row {
    WorkloadPtr workload;
    std::string base_labels;
    std::shared_ptr<const PlannedSeries> planned;
    CgroupStats stats;
    std::vector<InterfaceStats> interfaces;
    std::uint64_t last_seen_nsec = 0;
    std::chrono::steady_clock::time_point since;
    Count reported_oom_kills = 0;     // already published as events
    std::uint64_t last_oom_nsec = 0;  // the time of the last of these events
    bool started = false;             // its start has an event, or was before the agent's
    bool same_id = false;             // one with its id had ended a short time before its start
    bool sampled = false;             // it was in a sample
    bool reported = false;            // discovery reports nothing more
    bool complete = false;            // nothing more will become known
    bool hidden = false;              // it reappeared, is of a kind that is not shown, or nothing is known about it
    bool reappeared = false;          // its id is in use again
    bool has_final_stats = false;
  };
  // By path and inode.
  using Rows = std::map<std::pair<std::string, std::uint64_t>, Row>;

  // What it writes to and asks. All outlive it.
  struct Parts {
    EventLog& log;
    CpuBalance& balance;
    Restarts& restarts;
    OomVictims* victims = nullptr;     // null: nothing names them
    const InitExits* inits = nullptr;  // null: the kernel's records of exits are not read
  };
  ExitedWorkloads(std::chrono::milliseconds grace, Parts parts) : grace_(grace), parts_(parts) {}

  // It is no longer in the list, or was found gone. `row` has its last sample.
  void add(Row row);
  // What discovery knows about its end. `labels` is called if it was in no sample.
  void add_exit(WorkloadExit workload_exit, const std::function<std::string(const Workload&)>& labels,
                std::chrono::steady_clock::time_point now);
  // A cgroup with this id exists: the series are now its own. True when one with this id
  // had recently ended.
  bool reappeared(const std::string& id);
  void forget_old(std::chrono::steady_clock::time_point now);
  // One that exists is the next run of one that had ended.
  void add_restart(const Workload& workload) { totals_.add_restart(workload); }
  // The identities of those that have no exit event yet.
  std::set<std::string> unfinished() const;

  Rows& rows() { return rows_; }
  void update_unattributed() { totals_.unattributed = parts_.balance.rows(); }
  std::size_t shown() const;
  const EndedTotals& totals() const { return totals_; }
  const FinalStatsCounts& final_stats_by_source() const { return final_stats_by_source_; }

 private:
  bool knows_exit(Row& row) const;
  void finish(Row& row);
  void report_exit(const Row& row);
  void report_oom_kills(const Row& row, std::uint64_t ended_nsec);

  std::chrono::milliseconds grace_;
  Parts parts_;
  Rows rows_;
  EndedTotals totals_;
  FinalStatsCounts final_stats_by_source_;
};

}  // namespace tallyman
