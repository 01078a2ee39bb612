#include "agent/config/nearest.h"

#include <algorithm>
#include <vector>

namespace tallyman {
namespace {

constexpr std::size_t kMaxWordLength = 100;

// The least number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  if (word.size() < 2 || word.size() > kMaxWordLength) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 4) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  if (!best.empty()) return best;
  // "listen-address" for "web.listen-address", but not "port" for "overhead.reports"
  const auto begins_a_part = [word](const std::string& candidate) {
    const std::size_t at = candidate.find(word);
    return at == 0 || (at != std::string::npos && (candidate[at - 1] == '.' || candidate[at - 1] == '-'));
  };
  const auto found = std::find_if(candidates.begin(), candidates.end(), begins_a_part);
  return word.size() >= 4 && found != candidates.end() ? *found : std::string();
}

}  // namespace tallyman
