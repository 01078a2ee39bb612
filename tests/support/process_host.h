// Processes of a host built by hand: the files below /proc/PID.
#pragma once

#include "collectors/kernel/stats/process_stats.h"
#include "tests/support/host_builder.h"

#include <filesystem>
#include <string>

namespace tallyman {

struct FakeProcess {
  std::uint32_t pid = 0, ppid = 1;
  std::string comm = "nginx", executable = "/usr/sbin/nginx";  // no executable: a kernel thread
  std::string cgroup = "/";
  std::uint64_t start_ticks = 100, utime = 0, stime = 0, cutime = 0, cstime = 0, minflt = 0, majflt = 0, threads = 1;
  std::uint64_t resident_pages = 10, shared_pages = 4, read_bytes = 0, write_bytes = 0;
  char state = 'S';
};

class ProcessHost {
 public:
  ProcessHost() { host.dir("proc"); }

  // Creates it, or rewrites its files.
  void set(const FakeProcess& process) {
    const std::string at = "proc/" + std::to_string(process.pid) + "/";
    host.file(at + "stat", stat_line(process));
    host.file(at + "cgroup", "4:memory:" + process.cgroup + "\n0::" + process.cgroup + "\n");
    if (process.executable.empty()) {
      return;
    }
    host.file(at + "statm", "100 " + std::to_string(process.resident_pages) + " " +
                                std::to_string(process.shared_pages) + " 0 0 0 0\n");
    host.file(at + "io", "rchar: 1\nread_bytes: " + std::to_string(process.read_bytes) +
                             "\nwrite_bytes: " + std::to_string(process.write_bytes) + "\n");
    host.file(at + "status", "Name:\tx\nUid:\t33\t33\t33\t33\nVmSwap:\t       8 kB\n");
    host.file(at + "limits", "Max open files            1024                 4096                 files     \n");
    const std::string link = host.path(at + "exe");
    std::filesystem::remove(link);
    std::filesystem::create_symlink(process.executable, link);
  }
  void end(std::uint32_t pid) { host.remove("proc/" + std::to_string(pid)); }

  static std::string stat_line(const FakeProcess& p) {
    const std::uint64_t flags = p.executable.empty() ? 0x00200000 : 0x00400000;
    const auto text = [](std::uint64_t number) { return std::to_string(number) + " "; };
    return text(p.pid) + "(" + p.comm + ") " + p.state + " " + text(p.ppid) + "1 1 0 -1 " + text(flags) +
           text(p.minflt) + "0 " + text(p.majflt) + "0 " + text(p.utime) + text(p.stime) + text(p.cutime) +
           text(p.cstime) + "20 0 " + text(p.threads) + "0 " + text(p.start_ticks) + "1000000 " +
           std::to_string(p.resident_pages) + " 18446744073709551615 0 0\n";
  }

  HostBuilder host;
};

}  // namespace tallyman
