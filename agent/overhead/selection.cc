#include "agent/overhead/selection.h"

#include "agent/config/nearest.h"
#include "collectors/kernel/system/text.h"

#include <algorithm>

namespace tallyman::overhead {
namespace {

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (comma > 0) words.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return words;
}

template <class Thing>
Result<const Thing*> find(std::span<const Thing> things, const std::string& name, const std::string& flag) {
  std::vector<std::string> names;
  for (const Thing& thing : things) {
    if (thing.name == name) return &thing;
    names.emplace_back(thing.name);
  }
  const std::string meant = nearest(name, names);
  std::string text = "--" + flag + "=" + shown(name) + ": there is no such " + flag;
  if (!meant.empty()) return failure(text + "; did you mean " + meant + "?");
  text += "; there are:";
  for (const std::string& known : names) text += " " + known;
  return failure(text);
}

template <class Thing>
Result<std::vector<const Thing*>> chosen(std::span<const Thing> things, const std::string& words,
                                         const std::string& flag) {
  std::vector<const Thing*> result;
  for (const std::string& word : list_of(words)) {
    const auto thing = find(things, word, flag);
    if (!thing) return thing.error();
    if (std::find(result.begin(), result.end(), *thing) == result.end()) result.push_back(*thing);
  }
  return result;
}

}  // namespace

Result<Choice> choose(const Options::Overhead& options) {
  if (options.quick && options.full) return failure("--quick and --full: one of them");
  Choice choice;
  choice.extent = extent(options.quick, options.full);
  if (options.rounds > 0) {
    choice.extent.rounds = options.rounds;
    choice.extent.time_limit = {};
  }
  if (options.duration.count() > 0) choice.extent.duration = options.duration;

  const auto named = chosen(workloads(), options.workloads, "workload");
  if (!named) return named.error();
  choice.workloads = *named;
  if (choice.workloads.empty()) {
    for (const Workload& workload : workloads()) {
      if (workload.kind != Kind::kApplication || choice.extent.applications) choice.workloads.push_back(&workload);
    }
  }
  const auto baseline = find(modes(), options.baseline, "baseline");
  if (!baseline) return baseline.error();
  choice.baseline = *baseline;
  const auto wanted = chosen(modes(), options.modes, "mode");
  if (!wanted) return wanted.error();
  choice.modes = *wanted;
  if (choice.modes.empty()) {
    for (const Mode& mode : modes()) {
      if (!mode.users || !options.docker_options.empty()) choice.modes.push_back(&mode);
    }
  }
  if (std::find(choice.modes.begin(), choice.modes.end(), choice.baseline) == choice.modes.end()) {
    choice.modes.insert(choice.modes.begin(), choice.baseline);
  }
  return choice;
}

}  // namespace tallyman::overhead
