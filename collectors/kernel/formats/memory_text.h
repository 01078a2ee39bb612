// Formats of the memory controller's files: cgroup-v2.rst and cgroup-v1/memory.rst
// in the kernel's Documentation/admin-guide.
// The rules of text_scanner.h hold.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tallyman {
struct MemoryStats;
struct MemoryEvents;
struct NumaStats;
}  // namespace tallyman

namespace tallyman::formats {

unsigned parse_memory_stat_v2(std::string_view text, MemoryStats& out);
// v1: total_* for the hierarchy; pgfault and pgmajfault also for the cgroup alone. The
// plain keys never replace total_*: every kernel writes both, regardless of
// use_hierarchy. In a truncated file they would be wrong numbers.
unsigned parse_memory_stat_v1(std::string_view text, MemoryStats& out);
unsigned parse_memory_events(std::string_view text, MemoryEvents& out);
// memory.oom_control (v1): only oom_kill is read.
unsigned parse_oom_control(std::string_view text, MemoryEvents& out);

// memory.numa_stat: rows "file", "anon" and "unevictable". v1 is in pages, v2 in
// bytes (divided by `page_size`) and always of the hierarchy.
unsigned parse_numa_stat_v1(std::string_view text, std::vector<NumaStats>& out);
unsigned parse_numa_stat_v2(std::string_view text, std::uint64_t page_size, std::vector<NumaStats>& out);

}  // namespace tallyman::formats
