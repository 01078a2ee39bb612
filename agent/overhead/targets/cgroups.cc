#include "agent/overhead/targets/cgroups.h"

#include "collectors/kernel/cgroup/file_stats_source.h"
#include "collectors/kernel/system/file_descriptor.h"
#include "collectors/kernel/system/kernel_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <sstream>

namespace tallyman::overhead {
namespace {

constexpr int kMaxTriesToEmpty = 200;  // of 10 ms

void copy_from_parent(const std::string& directory, const std::string& file) {
  ReadBuffer buffer;
  const std::string parent = directory.substr(0, directory.rfind('/')) + "/" + file;
  const std::string value = read_line(parent, buffer);
  const FileDescriptor fd(open((directory + "/" + file).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid() || value.empty()) return;
  // If this is refused, entering the cgroup reports it.
  [[maybe_unused]] const ssize_t written = write(fd.get(), value.data(), value.size());
}

void end_processes_in(const std::string& directory) {
  ReadBuffer buffer;
  const auto text = read_file(directory + "/cgroup.procs", buffer);
  if (!text) return;
  std::istringstream lines{std::string(*text)};
  for (int pid = 0; lines >> pid;) {
    if (pid > 1 && pid != getpid()) kill(pid, SIGKILL);
  }
}

}  // namespace

std::vector<std::string> cgroup_directories(const CgroupMounts& mounts, const std::string& name) {
  std::vector<std::string> directories;
  for (const Hierarchy& one : mounts.hierarchies()) directories.push_back(one.path + name);
  return directories;
}

Result<std::string> make_cgroup(const std::string& directory) {
  if (mkdir(directory.c_str(), 0755) != 0) return failure_from_errno("cannot make the cgroup " + directory);
  copy_from_parent(directory, "cpuset.cpus");
  copy_from_parent(directory, "cpuset.mems");
  return directory + "/cgroup.procs";
}

Result<void> remove_cgroup(const std::string& directory) {
  for (int i = 0; i < kMaxTriesToEmpty; ++i) {
    if (rmdir(directory.c_str()) == 0 || errno == ENOENT) return {};
    if (errno != EBUSY) break;
    end_processes_in(directory);
    usleep(10'000);
  }
  return failure_from_errno(directory);
}

std::string cgroup_of_process(const HostRoot& root, const CgroupMounts& mounts, int pid) {
  ReadBuffer buffer;
  const auto text = read_file(root.proc_path(std::to_string(pid) + "/cgroup"), buffer);
  if (!text) return {};
  const bool v1 = mounts.v1_index(Controller::kCpuacct) >= 0;
  std::istringstream lines{std::string(*text)};
  for (std::string line; std::getline(lines, line);) {  // "5:cpu,cpuacct:/docker/ID", "0::/docker/ID"
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (v1 ? controllers.find(",cpuacct,") != controllers.npos : controllers == ",,") return line.substr(second + 1);
  }
  return {};
}

CgroupClock::CgroupClock(const CgroupMounts& mounts) : source_(make_file_stats_source(HostRoot{}, mounts, 0)) {}

CgroupClock::~CgroupClock() = default;

CgroupTimes CgroupClock::times(const std::string& cgroup) {
  if (cgroup.empty()) return {};
  const auto handle = source_->attach(cgroup);
  source_->begin_pass(false);
  source_->read(CgroupStatsKind::kLimits);  // without a known quota no throttled time is read
  source_->read(CgroupStatsKind::kCpu);
  source_->end_pass();
  CgroupTimes times;
  if (!source_->gone(handle)) {
    const auto& cpu = source_->stats(handle).cpu;
    times = {cpu.usage_nsec, cpu.throttled_nsec};
  }
  source_->detach(handle);
  return times;
}

}  // namespace tallyman::overhead
