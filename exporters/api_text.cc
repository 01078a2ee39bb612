#include "exporters/api_text.h"

#include <ctime>

namespace tallyman {

std::string rfc3339(std::uint64_t nsec) {
  const auto seconds = static_cast<std::time_t>(nsec / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string fraction = std::to_string(1'000'000'000 + nsec % 1'000'000'000);
  fraction.front() = '.';
  return std::string(text, size) + fraction + "Z";
}

}  // namespace tallyman
