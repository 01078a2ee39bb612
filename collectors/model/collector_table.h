// The list of collectors that CMake makes from the one in collectors/CMakeLists.txt.
#pragma once

#include <span>

namespace tallyman {

struct Collector;

// In the order of collectors/CMakeLists.txt.
std::span<const Collector* const> all_collectors();

}  // namespace tallyman
