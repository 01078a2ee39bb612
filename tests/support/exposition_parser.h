// A strict reader of both text formats: what a scraper could object to is a
// fault, also what Prometheus itself would forgive.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman::test {

struct ParsedFamily {
  std::string type, help, unit;  // help as it reads after unescaping
  std::size_t samples = 0;
};

struct ParsedExposition {
  std::map<std::string, ParsedFamily> families;
  // `name{a="1",b="2"}` with labels sorted and unescaped values in between -> value.
  std::map<std::string, double> series;
  std::vector<std::string> faults;  // with the line's number; empty: the text is valid

  const double* find(const std::string& key) const {
    const auto found = series.find(key);
    return found == series.end() ? nullptr : &found->second;
  }
};

ParsedExposition parse_prometheus_text(std::string_view text);
ParsedExposition parse_openmetrics(std::string_view text);

}  // namespace tallyman::test
