// How far a run is: a bar on a terminal, a line a round elsewhere; on standard
// error, so that the table and --json can be piped.
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <string>

namespace tallyman::overhead {

class Progress {
 public:
  Progress(std::ostream& out, bool terminal);
  void expect(std::size_t steps);  // so many are left: anew each round, since modes and cells drop out
  // A step begins: "round 3 of 10: write-fsync in docker".
  void step(unsigned round, unsigned rounds, const std::string& what);
  void note(const std::string& line);  // a line that stays
  void end();

  // For tests: the bar as it would be now, `columns` wide.
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
