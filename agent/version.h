// The version, from CMakeLists.txt.
#pragma once

#include <string_view>

namespace tallyman {

inline constexpr std::string_view kVersion = TALLYMAN_VERSION;

}  // namespace tallyman
