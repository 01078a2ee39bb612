// Starts and restarts: what has a lasting identity (identity_of) may come back in another
// cgroup and under another id, and its runs are counted all the same, for every runtime.
// Writes the events `started` and `restarted`. Belongs to the sampler's thread.
#pragma once

#include "collectors/model/events.h"
#include "collectors/model/workload.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace tallyman {

class Restarts {
 public:
  explicit Restarts(EventLog& log) : log_(log) {}

  // It is older than the agent: known from now on, without an event.
  void existed(const Workload& workload);
  // It began. `same_id`: one with this id ended a short time ago; without a lasting identity
  // it is known by that alone.
  // True if it is a restart.
  bool report_start(const Workload& workload, std::uint64_t began_nsec, bool same_id);
  // Its end is known; after one of the two above.
  void ended(const Workload& workload, std::uint64_t ended_nsec, const std::optional<ContainerExit>& exit);

  // The longest pause after which it is the next run. Kubernetes waits up to five minutes.
  // A service that starts again later was started by a timer or a person.
  static constexpr std::uint64_t kMaxPauseNsec = 600'000'000'000, kMaxServicePauseNsec = 30'000'000'000;
  static constexpr std::uint64_t kWindowNsec = 1'800'000'000'000;  // restarts in a row that are counted together
  static constexpr std::size_t kMaxCounted = 1'000;
  static constexpr std::size_t kMaxKnown = 8'192;

 private:
  struct Known {
    std::deque<std::uint64_t> began;  // of the runs in a row, within the window
    std::uint64_t ended_nsec = 0;     // of the last run; 0: none has ended
    std::optional<ContainerExit> exit;
    std::size_t running = 0;
  };
  using Run = std::pair<std::string, std::uint64_t>;  // id and inode

  // True if it follows the last run.
  bool begin(const Workload& workload, std::uint64_t began_nsec);
  Known& known(const std::string& identity);
  void forget_old();

  EventLog& log_;
  std::map<std::string, Known, std::less<>> known_;  // by identity
  std::map<Run, std::string> runs_;                  // the identity at its start: a name may change
};

}  // namespace tallyman
