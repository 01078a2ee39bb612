#include "agent/overhead/probe/kernel_work.h"

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace tallyman::probe {
namespace {

// Pins this process and its children to the current CPU until the end of the scope.
class OneCpu {
 public:
  OneCpu() {
    sched_getaffinity(0, sizeof all_, &all_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  ~OneCpu() { sched_setaffinity(0, sizeof all_, &all_); }
  OneCpu(const OneCpu&) = delete;
  OneCpu& operator=(const OneCpu&) = delete;

 private:
  cpu_set_t all_{};
};

[[noreturn]] void echo(int in, int out) {
  char byte = 0;
  while (read(in, &byte, 1) == 1 && write(out, &byte, 1) == 1) {
  }
  _exit(0);
}

}  // namespace

// getppid(): the minimum cost of a system call, including the seccomp filter.
Outcome system_calls(const Order& order) {
  constexpr int kBatch = 1'000;
  return measure(order, [] {
    for (int i = 0; i < kBatch; ++i) syscall(SYS_getppid);
    return kBatch;
  });
}

// Sends a byte to another process and back, both on one CPU: two context switches.
Outcome context_switches(const Order& order) {
  constexpr int kBatch = 50;
  int there[2], back[2];
  if (pipe2(there, O_CLOEXEC) != 0) return failed("pipe");
  if (pipe2(back, O_CLOEXEC) != 0) return failed("pipe");
  const OneCpu pinned;
  const int partner = fork_bound();
  if (partner == 0) {
    close(there[1]);
    close(back[0]);
    echo(there[0], back[1]);
  }
  close(there[0]);
  close(back[1]);
  Outcome outcome = partner < 0 ? failed("fork")
                                : measure(
                                      order,
                                      [&] {
                                        char byte = 'x';
                                        for (int i = 0; i < kBatch; ++i) {
                                          if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) return -1;
                                        }
                                        return kBatch;
                                      },
                                      partner);
  close(there[1]);
  close(back[0]);
  if (partner > 0) waitpid(partner, nullptr, 0);
  return outcome;
}

// Maps memory, touches each page for the first time and unmaps it. An operation is a page.
Outcome page_faults(const Order& order) {
  constexpr std::size_t kBytes = 4 << 20, kPageBytes = 4096;
  return measure(order, [] {
    void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -1;
    madvise(memory, kBytes, MADV_NOHUGEPAGE);
    auto* bytes = static_cast<volatile char*>(memory);
    for (std::size_t i = 0; i < kBytes; i += kPageBytes) bytes[i] = 1;
    munmap(memory, kBytes);
    return static_cast<int>(kBytes / kPageBytes);
  });
}

// Forks a child that executes this program, which ends at once, and waits for it.
Outcome fork_exec(const Order& order) {
  const int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
  if (self < 0) return failed("/proc/self/exe");
  Outcome outcome = measure(order, [&] {
    const int pid = fork();
    if (pid == 0) {
      char name[] = "probe", word[] = "nothing";
      char* arguments[] = {name, word, nullptr};
      char* environment[] = {nullptr};
      fexecve(self, arguments, environment);
      _exit(127);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return -1;
    if (status != 0) {
      errno = ENOEXEC;
      return -1;
    }
    return 1;
  });
  close(self);
  return outcome;
}

}  // namespace tallyman::probe
