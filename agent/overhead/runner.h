// One run. In each round every chosen mode is started again and every cell is measured
// once, in a random order that depends on the seed. One thread.
#pragma once

#include "agent/overhead/model/plan.h"
#include "agent/overhead/model/record.h"
#include "agent/overhead/progress.h"
#include "agent/overhead/targets/applications.h"
#include "agent/overhead/targets/cgroups.h"
#include "agent/overhead/targets/probe_client.h"
#include "agent/overhead/targets/targets.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tallyman::overhead {

// What the user has chosen.
struct Choice {
  std::vector<const Workload*> workloads;
  std::vector<const Mode*> modes;  // including the baseline
  const Mode* baseline = nullptr;
  Extent extent{};
  std::uint64_t seed = 0;
};

class Runner {
 public:
  Runner(Session& session, const Choice& choice, Progress& progress);
  // Fails only if interrupted, or if the baseline itself cannot be measured.
  Result<Record> run();

 private:
  struct ModeTarget {  // a mode with its target of this round
    const Mode* mode;
    std::string name;
    std::size_t record;  // index into record_.modes
    std::optional<Target> target{};
    bool dropped = false;
  };
  struct Watched {  // a cell with its record
    Cell cell;
    std::size_t mode_target, record;
    bool dropped = false;
  };

  void add_mode(const Mode& mode, const std::string& name);
  Result<void> prepare();
  Result<void> round(unsigned number);
  Result<void> start_targets(unsigned number);
  Result<void> measure(Watched& watched, unsigned number);
  void end_targets();
  void keep_essential_modes();
  Result<void> drop(ModeTarget& mode_target, unsigned number, const Failure& why);

  Result<Sample> measure_here(const Watched& watched, Target& target);
  Result<Sample> measure_from_host(const Watched& watched, Target& target);
  Result<void> start_client();
  Result<ProbeAnswer> order(Target& target, const std::string& line);
  std::string settings_of(const Cell& cell, const Target& target) const;
  bool is_wanted(Kind kind) const;
  std::size_t steps_of_a_round() const;

  Session& session_;
  const Choice& choice_;
  Progress& progress_;
  CgroupClock clock_;
  Applications applications_;
  std::mt19937_64 random_;
  std::map<Runtime, std::unique_ptr<TargetFactory>> factories_;
  std::vector<ModeTarget> mode_targets_;
  std::vector<Watched> cells_;
  std::optional<Target> client_;  // on the host, for kNetwork
  Record record_;
};

}  // namespace tallyman::overhead
