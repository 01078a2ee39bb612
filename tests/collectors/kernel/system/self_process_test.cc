#include "collectors/kernel/system/self_process.h"

#include "tests/support/eventually.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <latch>
#include <thread>
#include <vector>

namespace tallyman {
namespace {

TEST(SelfProcess, CountsTheDescriptorsThatAreOpen) {
  const Count before = read_self_process().open_fds;
  ASSERT_TRUE(before);
  std::vector<int> fds;
  for (int i = 0; i < 7; ++i) fds.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(read_self_process().open_fds, *before + 7);
  for (int fd : fds) close(fd);
  EXPECT_EQ(read_self_process().open_fds, before);
}

TEST(SelfProcess, ReportsTheLimitOnDescriptors) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(read_self_process().max_fds, limit.rlim_cur == RLIM_INFINITY ? kUnlimited : limit.rlim_cur);
}

TEST(SelfProcess, CountsCpuTimeThatWasBurnt) {
  const Count before = read_self_process().cpu_nsec;
  const std::clock_t start = std::clock();
  while (std::clock() - start < CLOCKS_PER_SEC / 20) {
  }
  const Count after = read_self_process().cpu_nsec;
  ASSERT_TRUE(before && after);
  EXPECT_GE(*after - *before, 49'000'000U);
}

TEST(SelfProcess, SeesMemoryThatIsTouched) {
  const Count before = read_self_process().resident_bytes;
  constexpr std::size_t kBytes = 32 * 1024 * 1024;
  // Not from the heap: what an earlier test gave back to it may be resident still.
  void* const memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const SelfProcessStats after = read_self_process();
  munmap(memory, kBytes);
  ASSERT_TRUE(before && after.resident_bytes && after.virtual_bytes);
  EXPECT_GE(*after.resident_bytes, *before + kBytes / 2);
  EXPECT_GE(*after.virtual_bytes, *after.resident_bytes);
}

TEST(SelfProcess, CountsThreads) {
  std::thread([] {}).join();  // with the first one ThreadSanitizer starts its own
  // The kernel counts a joined thread until it is gone: tried until no earlier one disturbs.
  EXPECT_TRUE(eventually([] {
    const Count before = read_self_process().threads;
    std::latch end(1);
    std::thread other([&end] { end.wait(); });
    const Count with_it = read_self_process().threads;
    end.count_down();
    other.join();
    return before && with_it == *before + 1;
  }));
}

TEST(SelfProcess, StartedAWhileAgo) {
  const auto start = read_self_process().start_time_seconds;
  ASSERT_TRUE(start);
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_LE(*start, now + 2);
  EXPECT_GE(*start, now - 3600);
}

}  // namespace
}  // namespace tallyman
