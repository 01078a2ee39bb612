// A record as pictures. Pure; thread-safe.
#pragma once

#include "agent/overhead/model/record.h"
#include "agent/overhead/report/analysis.h"

#include <string>
#include <vector>

namespace tallyman::overhead {

// One SVG per kind of workload; kinds without a row are left out.
struct Picture {
  std::string file;   // "files.svg"
  std::string title;  // its heading
  std::string svg;
};
std::vector<Picture> pictures(const Record& record, const Analysis& analysis);

}  // namespace tallyman::overhead
