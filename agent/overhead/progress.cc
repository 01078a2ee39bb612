#include "agent/overhead/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

namespace tallyman::overhead {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr std::size_t kBar = 20;

std::string left_text(seconds left) {
  const auto count = left.count();
  if (count < 60) return std::to_string(count) + " s left";
  return std::to_string(count / 60) + " min " + std::to_string(count % 60) + " s left";
}

std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress(std::ostream& out, bool terminal) : out_(out), terminal_(terminal) {}

void Progress::expect(std::size_t steps) {
  if (steps_ == 0) began_ = std::chrono::steady_clock::now();
  steps_ = std::max<std::size_t>(done_ + steps, 1);
}

std::string Progress::bar(std::size_t done, std::size_t steps, seconds left, const std::string& what,
                          std::size_t columns) {
  const std::size_t share = 100 * std::min(done, steps) / steps, filled = kBar * std::min(done, steps) / steps;
  std::string line = "[" + std::string(filled, '#') + std::string(kBar - filled, '.') + "] " + std::to_string(share) +
                     " %  " + (done > 0 ? left_text(left) + "  " : std::string()) + what;
  if (line.size() >= columns) line.resize(columns - 1);  // the last column would wrap
  return line;
}

void Progress::step(unsigned round, unsigned rounds, const std::string& what) {
  const auto now = std::chrono::steady_clock::now();
  const double per_step =
      done_ == 0 ? 0 : std::chrono::duration<double>(now - began_).count() / static_cast<double>(done_);
  const auto left =
      seconds(static_cast<std::int64_t>(per_step * static_cast<double>(steps_ - std::min(done_, steps_))));
  const std::string where = "round " + std::to_string(round) + " of " + std::to_string(rounds);
  if (terminal_) {
    if (!shown_ || now - drawn_ > std::chrono::milliseconds(100)) {
      out_ << "\r" << bar(done_, steps_, left, where + ": " + what, terminal_columns()) << "\x1b[K" << std::flush;
      drawn_ = now;
      shown_ = true;
    }
  } else if (round != last_round_) {
    out_ << where << (done_ == 0 ? std::string() : ", " + left_text(left)) << std::endl;
  }
  last_round_ = round;
  ++done_;
}

void Progress::note(const std::string& line) {
  wipe();
  out_ << line << std::endl;
}

void Progress::end() { wipe(); }

void Progress::wipe() {
  if (shown_) out_ << "\r\x1b[K" << std::flush;
  shown_ = false;
}

}  // namespace tallyman::overhead
