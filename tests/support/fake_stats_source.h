// A StatsSource that a test writes by hand, and that remembers what it was asked.
#pragma once

#include "collectors/kernel/cgroup/stats_source.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

class FakeStatsSource final : public StatsSource {
 public:
  Handle attach(const std::string& cgroup_path) override {
    paths.push_back(cgroup_path);
    calls.push_back("+" + cgroup_path);
    return static_cast<Handle>(paths.size() - 1);
  }
  void detach(Handle handle) override { calls.push_back("-" + paths.at(handle)); }
  void begin_pass(bool slow) override {
    slow_passes.push_back(slow);
    kinds_read.clear();
  }
  ReadReport read(CgroupStatsKind kind) override {
    kinds_read.push_back(kind);
    if (on_read) {
      on_read(kind);
    }
    const auto it = reports.find(kind);
    return it == reports.end() ? ReadReport{} : it->second;
  }
  void end_pass() override { ++passes_ended; }
  const CgroupStats& stats(Handle handle) const override {
    static const CgroupStats kNone;
    const auto it = by_path.find(paths.at(handle));
    return it == by_path.end() ? kNone : it->second;
  }
  bool gone(Handle handle) const override { return gone_paths.contains(paths.at(handle)); }
  std::uint64_t unified_id(Handle) override { return 0; }
  Result<std::vector<std::uint32_t>> processes(Handle) override { return std::vector<std::uint32_t>{}; }
  std::vector<std::uint32_t> processes_below(Handle, std::size_t) override { return {}; }
  std::size_t open_files() const override { return 5; }
  std::size_t open_files_limit() const override { return 7; }
  bool reopens_files() const override { return true; }

  // Written by the test.
  std::map<std::string, CgroupStats> by_path;
  std::set<std::string> gone_paths;
  std::map<CgroupStatsKind, ReadReport> reports;
  std::function<void(CgroupStatsKind)> on_read;
  // Read by the test.
  std::vector<std::string> paths;  // by handle
  std::vector<std::string> calls;  // "+/a", "-/a"
  std::vector<bool> slow_passes;
  std::vector<CgroupStatsKind> kinds_read;  // in the last pass
  int passes_ended = 0;
};

}  // namespace tallyman
