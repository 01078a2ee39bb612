// One run: rounds in which every chosen mode is started anew and every cell is
// measured once, in an order drawn by the seed. One thread.
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

// What the user asked for.
struct Choice {
  std::vector<const Workload*> workloads;
  std::vector<const Mode*> modes;  // the baseline among them
  const Mode* baseline = nullptr;
  Extent extent{};
  std::uint64_t seed = 0;
};

class Runner {
 public:
  Runner(Session& session, const Choice& choice, Progress& progress);
  // Trouble only when interrupted, or when the baseline itself cannot be measured.
  Attempt<Record> run();

 private:
  struct Seat {  // a mode with its place of this round
    const Mode* mode;
    std::string name;
    std::size_t record;  // index into record_.modes
    std::optional<Place> place{};
    bool dropped = false;
  };
  struct Watched {  // a cell with its record
    Cell cell;
    std::size_t seat, record;
    bool dropped = false;
  };

  void take_seat(const Mode& mode, const std::string& name);
  Attempt<Done> prepare();
  Attempt<Done> round(unsigned number);
  Attempt<Done> start_places(unsigned number);
  Attempt<Done> measure(Watched& watched, unsigned number);
  void end_places();
  void keep_the_least();
  Attempt<Done> drop(Seat& seat, unsigned number, const Trouble& why);

  Attempt<Sample> measure_here(const Watched& watched, Place& place);
  Attempt<Sample> measure_from_host(const Watched& watched, Place& place);
  Attempt<Done> start_client();
  Attempt<ProbeAnswer> order(Place& place, const std::string& line);
  std::string settings_of(const Cell& cell, const Place& place) const;
  bool is_wanted(Kind kind) const;
  std::size_t steps_of_a_round() const;

  Session& session_;
  const Choice& choice_;
  Progress& progress_;
  CgroupClock clock_;
  Applications applications_;
  std::mt19937_64 random_;
  std::map<Runtime, std::unique_ptr<PlaceMaker>> makers_;
  std::vector<Seat> seats_;
  std::vector<Watched> cells_;
  std::optional<Place> client_;  // on the host, for kNetwork
  Record record_;
};

}  // namespace tallyman::overhead
