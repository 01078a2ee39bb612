// The progress of a run: a bar on a terminal, one line per round elsewhere. It goes to
// standard error, so that the table and --json can be piped.
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <string>

namespace tallyman::overhead {

class Progress {
 public:
  Progress(std::ostream& out, bool terminal);
  void expect(std::size_t steps);  // sets the number of steps left; called each round, because modes and cells drop out
  // Starts a step: "round 3 of 10: write-fsync in docker".
  void step(unsigned round, unsigned rounds, const std::string& what);
  void note(const std::string& line);  // a line that stays
  void end();

  // For tests: the current bar, `columns` wide.
  static std::string bar(std::size_t done, std::size_t steps, std::chrono::seconds left, const std::string& what,
                         std::size_t columns);

 private:
  void wipe();
  std::ostream& out_;
  bool terminal_, shown_ = false;
  std::size_t steps_ = 0, done_ = 0;
  unsigned last_round_ = 0;
  std::chrono::steady_clock::time_point began_, drawn_;
};

}  // namespace tallyman::overhead
