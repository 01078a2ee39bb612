// What the kernel's taskstats report, written by the test.
#pragma once

#include "collectors/kernel/process/taskstats.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tallyman {

class FakeTaskstats final : public Taskstats {
 public:
  std::vector<std::optional<TaskTimes>> times(std::span<const std::uint32_t> pids) override {
    std::vector<std::optional<TaskTimes>> result;
    for (const std::uint32_t pid : pids) {
      const auto found = by_pid.find(pid);
      result.push_back(found == by_pid.end() ? std::nullopt : std::optional(found->second));
    }
    return result;
  }
  std::vector<ExecutableFile> executables(std::span<const std::uint32_t> pids) override {
    std::vector<ExecutableFile> result;
    for (const std::uint32_t pid : pids) {
      result.push_back(executable_of[pid]);
    }
    return result;
  }
  void take_exits(std::vector<TaskExit>& out) override {
    out.insert(out.end(), exits.begin(), exits.end());
    exits.clear();
  }
  std::uint64_t overflows() const override { return overflow_count; }

  std::unordered_map<std::uint32_t, TaskTimes> by_pid;
  std::unordered_map<std::uint32_t, ExecutableFile> executable_of;
  std::vector<TaskExit> exits;
  std::uint64_t overflow_count = 0;
};

inline TaskTimes ran(std::uint64_t nsec) {
  TaskTimes times;
  times.run_nsec = nsec;
  times.runqueue_nsec = nsec / 10;
  times.voluntary_switches = 3;
  return times;
}

// A process of one thread has ended.
inline TaskExit exit_of(std::uint32_t pid, std::uint32_t ppid, std::string comm, std::uint64_t run_nsec) {
  TaskExit exit;
  exit.pid = exit.tgid = pid;
  exit.ppid = ppid;
  exit.comm = std::move(comm);
  exit.thread = ran(run_nsec);
  exit.process = exit.thread;
  return exit;
}

}  // namespace tallyman
