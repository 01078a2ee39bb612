#include "agent/service/freed_memory.h"

#include <malloc.h>

#include <algorithm>

namespace tallyman {

FreedMemory::FreedMemory()
    : ports_{[] {
               const auto now = mallinfo2();
               return Heap{now.uordblks, now.fordblks};
             },
             [] { malloc_trim(0); }} {}

bool FreedMemory::check(Time now) {
  if (now < next_) return false;
  next_ = now + kInterval;
  const Heap heap = ports_.heap();
  if (heap.freed < std::max(kWorthIt, heap.used / 2)) return false;
  ports_.give_back();
  return true;
}

}  // namespace tallyman
