// Real cgroups, each with one process in a network namespace of its own: for the kernel's
// accounting this is a host full of containers. Needs root. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace tallyman::bench {

class CgroupFarm {
 public:
  // In all mounted hierarchies below /sys/fs/cgroup. Throws std::runtime_error,
  // with everything removed again, when the system does not permit it. The
  // processes sleep, or do `work`, which is given their index and never returns.
  using Work = std::function<void(std::size_t)>;
  explicit CgroupFarm(std::size_t count, Work work = {});
  ~CgroupFarm();  // ends the processes, removes the cgroups
  CgroupFarm(const CgroupFarm&) = delete;
  CgroupFarm& operator=(const CgroupFarm&) = delete;

  // "/tallyman-bench-123/c0007"
  const std::vector<std::string>& cgroups() const { return cgroups_; }
  const std::string& root() const { return root_; }

 private:
  void make_directory(const std::string& cgroup);
  void add(const std::string& cgroup);
  void remove();

  Work work_;
  std::vector<std::string> trees_;
  std::string root_;
  std::vector<std::string> cgroups_;
  std::vector<pid_t> processes_;
};

// Makes a farm and runs `work` in a child process, so that the cgroups are
// removed however the child ends and on SIGINT, SIGTERM and SIGHUP too. Returns
// the exit code for main().
int with_farm(std::size_t count, const std::function<int(const CgroupFarm&)>& work,
              const CgroupFarm::Work& of_processes = {});

}  // namespace tallyman::bench
