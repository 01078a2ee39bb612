#include "collectors/sampling/processes/program_sums.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::chrono::minutes kIdle{10};
constexpr std::string_view kOther = "[other]";
constexpr double kFading = 0.9;
// Of all CPU time and memory of the workload: less is not worth a change.
constexpr double kNegligible = 0.001;

}  // namespace

bool ProgramSums::evict_idle(Time time) {
  auto oldest = programs_.end();
  for (auto it = programs_.begin(); it != programs_.end(); ++it) {
    const Program& one = it->second;
    const bool idle = one.processes == 0 && (!one.named || time - one.last_seen > kIdle);
    if (idle && one.last_seen < time && (oldest == programs_.end() || one.last_seen < oldest->second.last_seen)) {
      oldest = it;
    }
  }
  if (oldest == programs_.end()) {
    return false;
  }
  named_ -= oldest->second.named ? 1U : 0U;
  programs_.erase(oldest);
  return true;
}

ProgramSums::Program* ProgramSums::track(std::string_view name, Time time) {
  auto found = programs_.find(name);
  if (found == programs_.end()) {
    if (name == kOther || (programs_.size() >= kMaxTracked && !evict_idle(time))) {
      return nullptr;
    }
    found = programs_.try_emplace(std::string(name)).first;
    if (named_ < kMaxNamed) {
      this->name(found->second);
    }
  }
  found->second.last_seen = time;
  return &found->second;
}

void ProgramSums::name(Program& program) {
  program.named = true;
  ++named_;
  if (!chosen_) {
    program.cpu_nsec += program.unnamed_cpu_nsec;
    others_.cpu_nsec -= program.unnamed_cpu_nsec;
    program.unnamed_cpu_nsec = 0;
  }
}

void ProgramSums::book(std::string_view program, std::uint64_t cpu_nsec, Time time) {
  Program* const one = track(program, time);
  if (one == nullptr || !one->named) {
    others_.cpu_nsec += cpu_nsec;
  }
  if (one != nullptr) {
    (one->named ? one->cpu_nsec : one->unnamed_cpu_nsec) += cpu_nsec;
    one->recent_cpu += static_cast<double>(cpu_nsec);
  }
}

void ProgramSums::begin() {
  for (auto& [name, one] : programs_) {
    one.processes = one.threads = one.resident_bytes = 0;
  }
  others_.processes = others_.threads = others_.rss_bytes = 0;
}

void ProgramSums::add(std::string_view program, std::uint64_t threads, std::uint64_t resident_bytes, Time time) {
  if (Program* const one = track(program, time); one != nullptr) {
    ++one->processes;
    one->threads += threads;
    one->resident_bytes += resident_bytes;
    return;
  }
  ++others_.processes;
  others_.threads += threads;
  others_.rss_bytes += resident_bytes;
}

void ProgramSums::end() {
  double all_cpu = 1, all_memory = 1;
  for (const auto& [name, one] : programs_) {
    all_cpu += one.recent_cpu;
    all_memory += static_cast<double>(one.resident_bytes);
  }
  std::vector<std::pair<double, Program*>> named, unnamed;
  for (auto& [name, one] : programs_) {
    const double part = one.recent_cpu / all_cpu + static_cast<double>(one.resident_bytes) / all_memory;
    (one.named ? named : unnamed).emplace_back(part, &one);
    one.recent_cpu *= kFading;
  }
  const auto by_part = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::stable_sort(named.begin(), named.end(), by_part);
  std::stable_sort(unnamed.begin(), unnamed.end(), [&](const auto& a, const auto& b) { return by_part(b, a); });
  const double ahead = chosen_ ? kAhead : 1;
  const double least = chosen_ ? kNegligible : 0;
  for (std::size_t i = 0; i < std::min(named.size(), unnamed.size()); ++i) {
    if (unnamed[i].first <= named[i].first * ahead + least) {
      break;
    }
    Program& smaller = *named[i].second;
    smaller.named = false;
    --named_;
    if (!chosen_) {
      smaller.unnamed_cpu_nsec = std::exchange(smaller.cpu_nsec, 0);
      others_.cpu_nsec += smaller.unnamed_cpu_nsec;
    }
    name(*unnamed[i].second);
  }
  chosen_ = true;
}

std::vector<ExecutableStats> ProgramSums::facts() const {
  std::vector<ExecutableStats> facts;
  ExecutableStats others = others_;
  others.name = kOther;
  bool has_others = others.processes != 0 || others.cpu_nsec != 0;
  for (const auto& [name, one] : programs_) {
    if (one.named) {
      facts.push_back({name, one.processes, one.threads, one.resident_bytes, one.cpu_nsec});
      continue;
    }
    has_others = true;
    others.processes += one.processes;
    others.threads += one.threads;
    others.rss_bytes += one.resident_bytes;
  }
  if (has_others) {
    const auto place = std::find_if(facts.begin(), facts.end(), [](const auto& one) { return one.name > kOther; });
    facts.insert(place, std::move(others));
  }
  return facts;
}

}  // namespace tallyman
