#include "tests/bench/cgroup_farm.h"

#include "collectors/kernel/cgroup/cgroup_mounts.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace tallyman::bench {
namespace {

constexpr int kStopSignals[] = {SIGINT, SIGTERM, SIGHUP};

bool write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// A process that waits until it is ended, in a network namespace of its own if permitted.
// `work` begins before it is in its cgroup.
pid_t start_process(const std::function<void()>& work) {
  std::array<int, 2> ready{};
  if (pipe(ready.data()) != 0) {
    throw std::runtime_error("pipe: " + std::string(std::strerror(errno)));
  }
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const int number : kStopSignals) {
      signal(number, SIG_IGN);
    }
    const bool own = unshare(CLONE_NEWNET) == 0;
    const char byte = own ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1) {
      _exit(1);
    }
    close(ready[0]);
    close(ready[1]);
    if (work) {
      work();
    }
    for (;;) {
      pause();
    }
  }
  close(ready[1]);
  char byte = 'n';
  const bool answered = child > 0 && read(ready[0], &byte, 1) == 1;
  close(ready[0]);
  if (!answered) {
    throw std::runtime_error("a sleeping process could not be started");
  }
  return child;
}

void remove_directory(const std::string& path) {
  for (int tries = 0; tries < 200; ++tries) {
    if (rmdir(path.c_str()) == 0 || errno != EBUSY) {
      return;
    }
    usleep(10'000);  // a process leaves its cgroup a little after it was waited for
  }
}

}  // namespace

CgroupFarm::CgroupFarm(std::size_t count, Work work)
    : work_(std::move(work)), root_("/tallyman-bench-" + std::to_string(getpid())) {
  const Result<CgroupMounts> mounts = CgroupMounts::detect(HostRoot{});
  if (!mounts) {
    throw std::runtime_error("no cgroup hierarchy here");
  }
  for (const Hierarchy& one : mounts->hierarchies()) {
    trees_.push_back(one.path);
  }
  try {
    make_directory(root_);
    for (std::size_t i = 0; i < count; ++i) {
      char name[32];
      std::snprintf(name, sizeof name, "/c%05zu", i);
      cgroups_.push_back(root_ + name);
      add(cgroups_.back());
    }
  } catch (...) {
    remove();
    throw;
  }
}

CgroupFarm::~CgroupFarm() { remove(); }

void CgroupFarm::make_directory(const std::string& cgroup) {
  for (const std::string& tree : trees_) {
    const std::string path = tree + cgroup;
    if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
      throw std::runtime_error(path + ": " + std::strerror(errno));
    }
    const std::string parent = path.substr(0, path.rfind('/'));
    for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {  // v1: empty at first, and then takes no process
      if (access((path + file).c_str(), W_OK) == 0 && access((path + "/cpuset.cpus.effective").c_str(), F_OK) != 0) {
        write_text(path + file, first_line(parent + file));
      }
    }
  }
}

void CgroupFarm::add(const std::string& cgroup) {
  make_directory(cgroup);
  const std::size_t index = processes_.size();
  const pid_t pid = start_process(work_ ? [this, index] { work_(index); } : std::function<void()>());
  processes_.push_back(pid);
  for (const std::string& tree : trees_) {
    if (!write_text(tree + cgroup + "/cgroup.procs", std::to_string(pid))) {
      throw std::runtime_error(tree + cgroup + "/cgroup.procs: " + std::strerror(errno));
    }
  }
}

void CgroupFarm::remove() {
  for (const pid_t pid : processes_) {
    kill(pid, SIGKILL);
  }
  for (const pid_t pid : processes_) {
    waitpid(pid, nullptr, 0);
  }
  processes_.clear();
  cgroups_.push_back(root_);
  for (const std::string& cgroup : cgroups_) {
    for (const std::string& tree : trees_) {
      remove_directory(tree + cgroup);
    }
  }
  cgroups_.clear();
}

int with_farm(std::size_t count, const std::function<int(const CgroupFarm&)>& work,
              const CgroupFarm::Work& of_processes) {
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  for (const int number : kStopSignals) {
    sigaddset(&awaited, number);
  }
  sigprocmask(SIG_BLOCK, &awaited, nullptr);
  try {
    const CgroupFarm farm(count, of_processes);
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      sigprocmask(SIG_UNBLOCK, &awaited, nullptr);
      std::exit(work(farm));
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, WNOHANG) == 0) {
      if (sigwaitinfo(&awaited, nullptr) != SIGCHLD) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        break;
      }
    }
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  } catch (const std::runtime_error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace tallyman::bench
