#include "collectors/kernel/system/rfc3339.h"

#include "collectors/kernel/system/text.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace tallyman {

std::optional<std::uint64_t> parse_rfc3339_nsec(std::string_view text) {
  // 2026-11-24T00:25:29.205034577+01:00
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
    return {};
  const auto field = [text](std::size_t at, std::size_t size) { return to_number<unsigned>(text.substr(at, size)); };
  const auto year = field(0, 4), month = field(5, 2), day = field(8, 2);
  const auto hour = field(11, 2), minute = field(14, 2), second = field(17, 2);
  if (!year || !month || !day || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return {};
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok() || *year < 1970 || *year > 2500) return {};

  std::string_view rest = text.substr(19);
  std::uint64_t fraction_nsec = 0;
  if (rest.starts_with('.')) {
    const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    std::string digits(rest.substr(1, std::min<std::size_t>(end - 1, 9)));
    if (digits.empty()) return {};
    digits.resize(9, '0');
    fraction_nsec = to_number<std::uint64_t>(digits).value_or(0);
    rest.remove_prefix(end);
  }
  std::int64_t offset_seconds = 0;
  if (rest != "Z") {
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return {};
    const auto hours = to_number<unsigned>(rest.substr(1, 2)), minutes = to_number<unsigned>(rest.substr(4, 2));
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return {};
    offset_seconds = static_cast<std::int64_t>(*hours * 3600 + *minutes * 60) * (rest[0] == '+' ? 1 : -1);
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds =
      days * 86'400 + static_cast<std::int64_t>(*hour * 3600 + *minute * 60 + *second) - offset_seconds;
  if (seconds < 0) return {};
  return static_cast<std::uint64_t>(seconds) * 1'000'000'000 + fraction_nsec;
}

}  // namespace tallyman
