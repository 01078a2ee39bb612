// The container runtimes' own processes on this host: their command lines say where they keep
// their files.
#pragma once

#include "collectors/kernel/system/host_root.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

struct HostDaemon {
  std::uint32_t pid = 0;
  std::string name;                    // its comm
  std::vector<std::string> arguments;  // the first is the program
};

// Root's processes whose comm `wanted` accepts. None inside of a container: what runs there is
// nobody's runtime here. Reads all of /proc: rarely.
std::vector<HostDaemon> host_daemons(const HostRoot& root, const std::function<bool(std::string_view)>& wanted);

// The value of the last of --NAME=VALUE and --NAME VALUE, with one dash or two, for any of the
// names; empty: none.
std::string argument_of(const std::vector<std::string>& arguments, std::initializer_list<std::string_view> names);

}  // namespace tallyman
