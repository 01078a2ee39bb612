// Which software makes a network interface, by its name and kind.
#pragma once

#include <string_view>

namespace tallyman {

// "flannel.1", vxlan -> "flannel". Empty: unknown.
std::string_view maker_of(std::string_view name, std::string_view kind);

}  // namespace tallyman
