#include "agent/overhead/targets/launch.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace tallyman::overhead {
namespace {

constexpr std::uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;

[[noreturn]] void give_up(const std::string& what) {
  dprintf(STDERR_FILENO, "%s: %s\n", what.c_str(), std::strerror(errno));
  _exit(126);
}

void enter_cgroup(const std::string& procs) {
  const int fd = open(procs.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "0", 1) != 1) give_up(procs);
  close(fd);
}

void mount_overlay(const OverlayMount& overlay) {
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) give_up("mount namespace");
  const std::string options = "lowerdir=" + overlay.lower + ",upperdir=" + overlay.upper + ",workdir=" + overlay.work;
  if (mount("overlay", overlay.merged.c_str(), "overlay", 0, options.c_str()) != 0) give_up("overlay mount");
}

int fork_into(std::uint64_t namespaces) {
  clone_args arguments{};
  arguments.flags = namespaces;
  arguments.exit_signal = SIGCHLD;
  return static_cast<int>(syscall(SYS_clone3, &arguments, sizeof arguments));
}

[[noreturn]] void become(const std::string& program, const std::vector<std::string>& command,
                         const SpawnOptions& options, std::array<int, 3> streams, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Killed before that: nothing may be started that the next run does not find. In a PID namespace of its own
  // there is no parent to be seen.
  if (getppid() != parent && !options.namespaces) _exit(126);
  setsid();
  for (int i = 0; i < 3; ++i) dup2(streams[static_cast<std::size_t>(i)], i);
  for (const std::string& procs : options.cgroup_procs) enter_cgroup(procs);
  if (options.namespaces && unshare(CLONE_NEWCGROUP) != 0) give_up("cgroup namespace");
  if (options.overlay) mount_overlay(*options.overlay);
  for (const std::string& variable : options.environment) putenv(const_cast<char*>(variable.c_str()));

  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  execv(program.c_str(), arguments.data());
  give_up(program);
}

}  // namespace

int launch(const std::string& program, const std::vector<std::string>& command, const SpawnOptions& options,
           std::array<int, 3> streams) {
  const pid_t parent = getpid();
  const int pid = options.namespaces ? fork_into(kNamespaces) : fork();
  if (pid == 0) become(program, command, options, streams, parent);
  return pid;
}

}  // namespace tallyman::overhead
