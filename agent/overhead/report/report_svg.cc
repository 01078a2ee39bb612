#include "agent/overhead/report/report_svg.h"

#include "agent/overhead/model/plan.h"
#include "agent/overhead/report/report_words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace tallyman::overhead {
namespace {

constexpr double kWidth = 860, kLabels = 240, kNumbers = 150, kRow = 20, kTop = 46, kBottom = 26;
constexpr double kLeft = kLabels, kRight = kWidth - kNumbers;

struct Chapter {
  std::string_view file, title;
  std::array<Kind, 2> kinds;
};
constexpr std::array kChapters = {
    Chapter{"processor.svg", "Processor and kernel", {Kind::kProcessor, Kind::kKernel}},
    Chapter{"start.svg", "Start", {Kind::kStart, Kind::kStart}},
    Chapter{"files.svg", "Files", {Kind::kFiles, Kind::kFiles}},
    Chapter{"copy-up.svg", "First write to a file of a lower layer", {Kind::kCopyUp, Kind::kCopyUp}},
    Chapter{"network.svg", "Network", {Kind::kLoopback, Kind::kNetwork}},
    Chapter{"applications.svg", "Applications", {Kind::kApplication, Kind::kApplication}},
};

bool belongs(const Group& group, const Chapter& chapter) {
  for (const Workload& workload : workloads()) {
    if (workload.name != group.workload) continue;
    return workload.kind == chapter.kinds[0] || workload.kind == chapter.kinds[1];
  }
  return false;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '"') {
      result += "&quot;";
    } else {
      result += c;
    }
  }
  return result;
}

// Ratios on a logarithmic scale; 1 is always on it.
struct Scale {
  double low = 1 / 1.05, high = 1.05;

  void take(double value) {
    if (!std::isfinite(value) || value <= 0) return;
    low = std::min(low, value / 1.02);
    high = std::max(high, value * 1.02);
  }
  double at(double ratio) const {
    const double share = std::log(std::clamp(ratio, low, high) / low) / std::log(high / low);
    return kLeft + share * (kRight - kLeft);
  }
  std::vector<double> ticks() const {
    std::vector<double> all;
    for (const double tick :
         {0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5,  0.8,  0.9,  0.95,  0.98,  1.0,   1.02,   1.05,
          1.1,  1.2,  1.5,  2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 10000.0}) {
      const bool roomy = all.empty() || at(tick) - at(all.back()) > 40;
      if (tick < low || tick > high) continue;
      if (tick == 1.0) {
        while (!all.empty() && at(tick) - at(all.back()) <= 40) all.pop_back();
        all.push_back(tick);
      } else if (roomy) {
        all.push_back(tick);
      }
    }
    return all;
  }
};

Scale scale_of(const std::vector<const Group*>& groups) {
  Scale scale;
  for (const Group* group : groups) {
    scale.take(group->floor_wall);
    scale.take(1 / group->floor_wall);
    for (const Row& row : group->rows) {
      if (!row.wall) continue;
      scale.take(row.wall->ratio.interval.low);
      scale.take(row.wall->ratio.interval.high);
    }
  }
  return scale;
}

std::string text_at(double x, double y, std::string_view style, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" class=\"" + std::string(style) + "\">" + escaped(text) +
         "</text>\n";
}

std::string box(double from, double to, double y, double height, std::string_view style) {
  return "<rect x=\"" + number(std::min(from, to)) + "\" y=\"" + number(y) + "\" width=\"" +
         number(std::abs(to - from)) + "\" height=\"" + number(height) + "\" class=\"" + std::string(style) + "\"/>\n";
}

std::string stroke(double x1, double y1, double x2, double y2, std::string_view style) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) +
         "\" class=\"" + std::string(style) + "\"/>\n";
}

std::string bar_of(const Row& row, const Scale& scale, double y) {
  std::string svg = text_at(kLeft - 8, y + 14, "label", row.label);
  if (!row.wall) return svg + text_at(kLeft + 8, y + 14, "none", "not measured");
  const Ratio& ratio = row.wall->ratio;
  const double middle = y + kRow / 2, low = scale.at(ratio.interval.low), high = scale.at(ratio.interval.high);
  if (row.wall->differs) {
    svg += box(scale.at(1), scale.at(ratio.value), y + 4, kRow - 8, ratio.value > 1 ? "slower" : "faster");
  }
  svg += stroke(low, middle, high, middle, "interval") + stroke(low, middle - 4, low, middle + 4, "interval") +
         stroke(high, middle - 4, high, middle + 4, "interval");
  return svg + text_at(kRight + 10, y + 14, row.wall->differs ? "number" : "none",
                       row.wall->differs   ? change_text(ratio.value)
                       : row.wall->unclear ? "cannot tell: busy"
                                           : "not measurable");
}

std::string group_of(const Group& group, const Scale& scale, double& y) {
  std::string svg =
      text_at(12, y + 15, "workload",
              group.workload == group.operation ? group.workload : group.workload + " (" + group.operation + ")");
  y += kRow + 2;
  const double height = kRow * static_cast<double>(group.rows.size());
  if (std::isfinite(group.floor_wall)) {
    svg += box(scale.at(1 / group.floor_wall), scale.at(group.floor_wall), y, height, "noise");
  }
  for (const Row& row : group.rows) {
    svg += bar_of(row, scale, y);
    y += kRow;
  }
  y += 8;
  return svg;
}

constexpr std::string_view kStyle =
    "<style>text{font:12px sans-serif;fill:#222}.title{font-size:15px;font-weight:600}.workload{font-weight:600}"
    ".label{text-anchor:end}.tick{text-anchor:middle;fill:#666;font-size:11px}.none{fill:#767676}"
    ".grid{stroke:#ddd}.one{stroke:#666}.interval{stroke:#222;stroke-width:1.5}.noise{fill:#d9d9d9}"
    ".slower{fill:#d1603d}.faster{fill:#3f7fb5}</style>\n";

std::string draw(const Record& record, std::string_view title, const std::vector<const Group*>& groups) {
  double rows = 0;
  for (const Group* group : groups) rows += kRow + 10 + kRow * static_cast<double>(group->rows.size());
  const double height = kTop + rows + kBottom;
  const Scale scale = scale_of(groups);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(kWidth) + "\" height=\"" +
                    number(height) + "\" viewBox=\"0 0 " + number(kWidth) + " " + number(height) +
                    "\" role=\"img\" aria-label=\"" + escaped(title) + "\">\n" + std::string(kStyle) +
                    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  svg += text_at(12, 22, "title", std::string(title) + ": time of an operation, compared with " + record.baseline);
  svg += text_at(kRight + 10, 22, "none", "grey band: noise");
  std::string marks, body;
  double y = kTop;
  for (const Group* group : groups) body += group_of(*group, scale, y);
  for (const double tick : scale.ticks()) {
    marks += stroke(scale.at(tick), kTop, scale.at(tick), y, tick == 1.0 ? "one" : "grid");
    marks += text_at(scale.at(tick), y + 16, "tick", tick == 1.0 ? "1" : change_text(tick));
  }
  return svg + marks + body + stroke(scale.at(1), kTop, scale.at(1), y, "one") + "</svg>\n";
}

}  // namespace

std::vector<Picture> pictures(const Record& record, const Analysis& analysis) {
  std::vector<Picture> all;
  for (const Chapter& chapter : kChapters) {
    std::vector<const Group*> groups;
    for (const Group& group : analysis.groups) {
      if (belongs(group, chapter) && !group.rows.empty()) groups.push_back(&group);
    }
    if (groups.empty()) continue;
    all.push_back({std::string(chapter.file), std::string(chapter.title), draw(record, chapter.title, groups)});
  }
  return all;
}

}  // namespace tallyman::overhead
