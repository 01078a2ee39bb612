// Gives freed memory back to the kernel. glibc keeps what was freed in the middle of a heap:
// after a flood of short-lived cgroups the agent would hold more than ten times what it needs,
// for as long as it runs.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <utility>

namespace tallyman {

class FreedMemory {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Heap {
    std::size_t used = 0, freed = 0;  // bytes; `freed` is kept by malloc
  };
  // glibc's own by default.
  struct Ports {
    std::function<Heap()> heap;
    std::function<void()> give_back;
  };
  FreedMemory();
  explicit FreedMemory(Ports ports) : ports_(std::move(ports)) {}

  // Looking costs a lock of each heap, and giving back costs page faults later: so it looks
  // every kInterval, and gives back only what is worth it.
  static constexpr std::chrono::seconds kInterval{15};
  static constexpr std::size_t kWorthIt = std::size_t{16} << 20;
  // True if it gave something back.
  bool check(Time now = std::chrono::steady_clock::now());

 private:
  Ports ports_;
  Time next_{};
};

}  // namespace tallyman
