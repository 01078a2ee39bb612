#include "agent/overhead/report/summary.h"

#include "agent/overhead/model/plan.h"
#include "agent/overhead/report/report_words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace tallyman::overhead {
namespace {

struct Subject {
  std::string_view mode, name;
  bool is_container = true;
};
constexpr std::array kSubjects = {
    Subject{"docker", "A Docker container"},
    Subject{"docker-options", "A Docker container with these options"},
    Subject{"podman", "A Podman container"},
    Subject{"lxc", "An LXC container"},
    Subject{"nspawn", "A container of systemd-nspawn"},
    Subject{"contained", "A process in a cgroup and namespaces of its own", false},
    Subject{"cgroup", "A process in a cgroup of its own", false},
};
constexpr double kLargeNoise = 1.25;
constexpr std::string_view kPublished = "docker-published";

struct Area {
  std::string_view name;
  std::array<Kind, 2> kinds;
};
constexpr std::array kAreas = {
    Area{"start", {Kind::kStart, Kind::kStart}},
    Area{"first write to a file of the image", {Kind::kCopyUp, Kind::kCopyUp}},
    Area{"computing", {Kind::kProcessor, Kind::kProcessor}},
    Area{"system calls and processes", {Kind::kKernel, Kind::kKernel}},
    Area{"files", {Kind::kFiles, Kind::kFiles}},
    Area{"network", {Kind::kLoopback, Kind::kNetwork}},
    Area{"applications", {Kind::kApplication, Kind::kApplication}},
};

// A row together with what it was compared with.
struct Measured {
  const Workload* workload;
  const Group* group;
  const Row* row;
};

std::vector<Measured> results_of(const Analysis& analysis, const Area& area, std::string_view label) {
  std::vector<Measured> results;
  for (const Group& group : analysis.groups) {
    const auto all = workloads();
    const auto known =
        std::find_if(all.begin(), all.end(), [&](const Workload& w) { return w.name == group.workload; });
    if (known == all.end() || std::find(area.kinds.begin(), area.kinds.end(), known->kind) == area.kinds.end())
      continue;
    for (const Row& row : group.rows) {
      if (row.label == label && row.wall) results.push_back({&*known, &group, &row});
    }
  }
  return results;
}

std::string size_of(std::string_view copy_up) {
  const std::string_view size = copy_up.substr(copy_up.rfind('-') + 1);
  for (const LowerFiles& files : lower_files()) {
    if (files.name != size) continue;
    return files.bytes >= 1 << 20 ? std::to_string(files.bytes >> 20) + " MiB"
                                  : std::to_string(files.bytes >> 10) + " KiB";
  }
  return std::string(size);
}

std::string clause_of(const Measured& result) {
  const std::string times = time_text(result.row->wall_ns) + " instead of " + time_text(result.group->baseline_ns);
  switch (result.workload->kind) {
    case Kind::kStart:
      return "starts in " + times;
    case Kind::kCopyUp:
      return "the first write to a file of " + size_of(result.workload->name) + " from the image takes " + times;
    default:
      return std::string(result.workload->name) + " takes " + times;
  }
}

// The largest difference; of files that are copied up, that of the largest file.
const Measured& most_telling(const std::vector<Measured>& differing) {
  if (differing.front().workload->kind == Kind::kCopyUp) return differing.back();
  const auto size = [](const Measured& one) { return std::abs(std::log(one.row->wall->ratio.value)); };
  return *std::max_element(differing.begin(), differing.end(),
                           [&](const Measured& a, const Measured& b) { return size(a) < size(b); });
}

// What is said of one kind of container.
struct Findings {
  std::vector<std::string> clauses, same, unclear;
  double noise = 1;  // the largest floor of what shows no difference

  void take(const std::vector<Measured>& results, std::string_view name,
            const std::function<std::string(const Measured&)>& clause) {
    std::vector<Measured> differing;
    bool cannot_tell = false;
    for (const Measured& one : results) {
      if (one.row->wall->differs) differing.push_back(one);
      cannot_tell = cannot_tell || one.row->wall->unclear;
      if (!one.row->wall->differs) noise = std::max(noise, one.group->floor_wall);
    }
    if (!differing.empty()) {
      const std::size_t more = differing.size() - 1;
      const std::string others =
          more == 0 ? "" : " (" + std::to_string(more) + (more == 1 ? " more differs)" : " more differ)");
      clauses.push_back(clause(most_telling(differing)) + others);
    }
    if (differing.size() == results.size()) return;
    (cannot_tell ? unclear : same).push_back((differing.empty() ? "" : "other ") + std::string(name));
  }
};

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string published_clause(const Measured& result) {
  const std::string_view name = result.workload->name;
  const std::string what = name == "tcp-latency"   ? "latency"
                           : name == "tcp-connect" ? "time to connect"
                                                   : "time to send";
  return "a published port: " + what + " " + change_text(result.row->wall->ratio.value);
}

// Its latency, or what else was measured through it.
std::vector<Measured> through_published_port(const Analysis& analysis) {
  std::vector<Measured> results = results_of(analysis, {"", {Kind::kNetwork, Kind::kNetwork}}, kPublished);
  const auto latency = std::find_if(results.begin(), results.end(),
                                    [](const Measured& one) { return one.workload->name == "tcp-latency"; });
  return latency == results.end() ? results : std::vector{*latency};
}

Findings findings_of(const Analysis& analysis, std::string_view mode) {
  Findings findings;
  for (const Area& area : kAreas) findings.take(results_of(analysis, area, mode), area.name, clause_of);
  if (mode == "docker") findings.take(through_published_port(analysis), "a published port", published_clause);
  return findings;
}

// Empty if nothing of it was measured.
std::string sentence_of(const Findings& findings, std::string_view subject, const std::string& baseline) {
  std::vector<std::string> parts = findings.clauses;
  if (!findings.same.empty()) parts.push_back(joined(findings.same, ", ") + ": no measurable difference");
  if (!findings.unclear.empty()) {
    parts.push_back(joined(findings.unclear, ", ") + ": cannot tell, because this machine is busy");
  }
  if (parts.empty()) return {};
  return std::string(subject) + " here" + (baseline == "bare" ? "" : ", compared with " + baseline) + ": " +
         joined(parts, "; ") + ".";
}

}  // namespace

std::vector<std::string> summary_of(const Record& record, const Analysis& analysis) {
  std::vector<std::string> sentences;
  bool unclear = false;
  double noise = 1;
  for (const Subject& subject : kSubjects) {
    if (!subject.is_container && !sentences.empty()) break;
    const Findings findings = findings_of(analysis, subject.mode);
    const std::string sentence = sentence_of(findings, subject.name, record.baseline);
    if (sentence.empty()) continue;
    sentences.push_back(sentence);
    unclear = unclear || !findings.unclear.empty();
    noise = std::max(noise, findings.noise);
  }
  if (noise > kLargeNoise && std::isfinite(noise)) {
    sentences.push_back("The noise was up to " + noise_text(noise) + ": smaller differences do not show.");
  }
  if (unclear) sentences.emplace_back("Measure again while the machine is idle to learn the rest.");
  return sentences;
}

}  // namespace tallyman::overhead
