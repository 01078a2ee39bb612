// cgroup_farm COUNT: makes the cgroups, prints their parent ("/tallyman-bench-123") and
// keeps them until its input ends or it gets a signal.
#include "tests/bench/cgroup_farm.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  const unsigned long count = argc == 2 ? std::strtoul(argv[1], nullptr, 10) : 0;
  if (count == 0 || count > 50'000) {
    std::fputs("usage: cgroup_farm COUNT\n", stderr);
    return 2;
  }
  return tallyman::bench::with_farm(count, [](const tallyman::bench::CgroupFarm& farm) {
    std::printf("%s\n", farm.root().c_str());
    std::fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
  });
}
