#include "collectors/sampling/processes/first_processes.h"

#include "collectors/sampling/processes/proc_table.h"
#include "tests/collectors/sampling/processes/process_parts_fixture.h"

#include <sys/stat.h>

namespace tallyman {
namespace {

constexpr std::uint64_t kBootSecond = 1'700'000'000;

class FirstProcessesTest : public ProcessPartsTest {
 protected:
  FirstProcessesTest() {
    processes_.host.file("proc/stat", "cpu  1 2 3 4\nbtime " + std::to_string(kBootSecond) + "\n");
  }
  void limit(std::uint32_t pid, int files) {
    processes_.host.file("proc/" + std::to_string(pid) + "/limits",
                         "Max open files            " + std::to_string(files) + "                 4096      files \n");
  }
  // A file for the namespace of one type; its inode is the namespace's.
  std::uint64_t network_namespace(std::uint32_t pid) {
    const std::string at = "proc/" + std::to_string(pid) + "/ns/net";
    processes_.host.file(at, "");
    struct stat status {};
    EXPECT_EQ(::stat(processes_.host.path(at).c_str(), &status), 0);
    return status.st_ino;
  }
  static std::uint64_t network_of(const NamespaceIds& ids) {
    return ids[static_cast<std::size_t>(NamespaceType::kNet)];
  }

  HostRoot root_ = processes_.host.root();
  ProcTable table_{files_};
  FirstProcesses first_{root_, files_, table_, accounts_};
};

TEST_F(FirstProcessesTest, TheLimitIsReadOfANewFirstProcessAndInSlowScans) {
  limit(10, 1024);
  limit(11, 512);
  account("/docker").now.first_pid = 10;
  first_.read(next_scan());
  EXPECT_EQ(account("/docker").open_files_limit, 1024U);
  limit(10, 2048);
  first_.read(next_scan());
  EXPECT_EQ(account("/docker").open_files_limit, 1024U);
  first_.read(next_scan(true));
  EXPECT_EQ(account("/docker").open_files_limit, 2048U);
  account("/docker").now.first_pid = 11;
  first_.read(next_scan());
  EXPECT_EQ(account("/docker").open_files_limit, 512U);
}

TEST_F(FirstProcessesTest, NeitherTheKernelNorNobodyHasALimit) {
  limit(kKernelThreads, 1024);
  account("/").now.first_pid = kKernelThreads;
  account("/docker").open_files_limit = 1024;
  first_.read(next_scan(true));
  EXPECT_FALSE(account("/").open_files_limit);
  EXPECT_FALSE(account("/docker").open_files_limit);
}

TEST_F(FirstProcessesTest, TheInitIsTheOldestThatTwoScansHaveFound) {
  ProcessAccount& web = account("/docker/web");
  web.now.first_pid = 10;  // a helper of the runtime
  first_.read(next_scan());
  web.now.first_pid = 11;
  first_.read(next_scan());
  EXPECT_EQ(web.init_pid, 0U);
  first_.read(next_scan());
  EXPECT_EQ(web.init_pid, 11U);
  web.now.first_pid = 12;
  first_.read(next_scan());
  first_.read(next_scan());
  EXPECT_EQ(web.init_pid, 11U) << "what is left after its end is another process";
}

TEST_F(FirstProcessesTest, AGroupStartsWithItsOldestProcess) {
  ProcessAccount& group = *accounts_.group("nginx", scan_.time.steady, 0);
  group.now.first_pid = 10;
  group.now.first_start_ticks = 500;  // 5 s after the boot
  first_.read(next_scan());
  EXPECT_FALSE(group.workload->cgroup_created_nsec);  // the time of the boot is not yet known
  first_.read(next_scan(true));
  EXPECT_EQ(group.workload->cgroup_created_nsec, (kBootSecond + 5) * 1'000'000'000);
  // The clock was set by a second: the same start.
  const WorkloadPtr before = group.workload;
  processes_.host.file("proc/stat", "btime " + std::to_string(kBootSecond + 1) + "\n");
  first_.read(next_scan(true));
  EXPECT_EQ(group.workload, before);
  group.now.first_start_ticks = 900;
  first_.read(next_scan());
  EXPECT_EQ(group.workload->cgroup_created_nsec, (kBootSecond + 10) * 1'000'000'000);
}

TEST_F(FirstProcessesTest, AContainersNamespacesAreItsFirstsAndAnyOthersItsOwns) {
  const std::uint64_t first = network_namespace(10), own = network_namespace(11);
  for (const char* id : {"/docker", "/docker/web"}) {
    account(id).now.first_pid = 10;
    account(id).now.own_pid = 11;
  }
  first_.read(next_scan());
  EXPECT_EQ(network_of(account("/docker/web").namespaces), 0U);  // in slow scans only
  first_.read(next_scan(true));
  EXPECT_EQ(network_of(account("/docker/web").namespaces), first);
  EXPECT_EQ(network_of(account("/docker").namespaces), own);
  EXPECT_EQ(network_of(account("/").namespaces), 0U);
}

TEST_F(FirstProcessesTest, TheHostsNamespacesAreInitsOrTheKernels) {
  const std::uint64_t kernel = network_namespace(kKernelThreads);
  first_.read(next_scan(true));
  EXPECT_EQ(network_of(first_.host_namespaces()), 0U);  // that process may be any
  processes_.set({.pid = kKernelThreads, .ppid = 0, .comm = "kthreadd", .executable = ""});
  table_.walk(next_scan(true), true, [](ScannedProcess&, bool) {});
  first_.read(scan_);
  EXPECT_EQ(network_of(first_.host_namespaces()), kernel);
  const std::uint64_t init = network_namespace(1);
  first_.read(next_scan(true));
  EXPECT_EQ(network_of(first_.host_namespaces()), init);
}

}  // namespace
}  // namespace tallyman
