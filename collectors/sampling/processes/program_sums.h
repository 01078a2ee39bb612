// The programs of one workload: the CPU time of each, and its processes in this scan. The largest
// have a name of their own, all others are "[other]" together. Internal to the process scan; one
// thread.
#pragma once

#include "collectors/model/process_facts.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyman {

class ProgramSums {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kMaxNamed = 20, kMaxTracked = 200;
  // A program needs so much more than the smallest one that has a name to take its place.
  static constexpr double kAhead = 1.5;

  void book(std::string_view program, std::uint64_t cpu_nsec, Time time);

  // A scan: begin(), add() for each process, end().
  void begin();
  void add(std::string_view program, std::uint64_t threads, std::uint64_t resident_bytes, Time time);
  // Chooses which have a name: by their part of the CPU time of the last seconds and of the memory. CPU time that was
  // booked before a program got its name stays in "[other]", so that no counter falls or jumps; only the first
  // choice, before anything was reported, takes it along.
  void end();

  // Sorted by name.
  std::vector<ExecutableStats> facts() const;

 private:
  struct Program {
    std::uint64_t cpu_nsec = 0, unnamed_cpu_nsec = 0;  // the second is part of "[other]"
    std::uint64_t processes = 0, threads = 0, resident_bytes = 0;
    double recent_cpu = 0;  // nanoseconds, fading from scan to scan
    bool named = false;
    Time last_seen{};
  };
  using Programs = std::map<std::string, Program, std::less<>>;

  Program* track(std::string_view name, Time time);
  bool evict_idle(Time time);
  void name(Program& program);

  Programs programs_;
  std::size_t named_ = 0;
  bool chosen_ = false;
  ExecutableStats others_{};  // those not tracked; its CPU time is that of all without a name
};

}  // namespace tallyman
