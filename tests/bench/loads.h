// What processes of a farm do so that their figures move as those of real
// containers: most idle, some serve now and then, some never rest.
#pragma once

#include <cstddef>

namespace tallyman::bench {

enum class Load {
  kIdle,     // sleeps
  kService,  // some milliseconds of work some times a second, memory and traffic with it
  kBusy,     // computes, allocates and frees, sends and writes all the time
};

// Of 20: 12 idle, 5 services, 3 busy.
Load load_of(std::size_t index);
const char* name_of(Load load);

// Runs it for ever, in a network namespace of its own; its lo carries the traffic.
[[noreturn]] void run_load(std::size_t index);

}  // namespace tallyman::bench
