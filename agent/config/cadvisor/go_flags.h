// Command lines as Go's package flag reads them (https://pkg.go.dev/flag#hdr-Command_line_flag_syntax): -x and --x are
// the same, a value follows "=" or is the next argument, a switch takes none unless it follows "=". The last of a kind
// wins. Pure; thread-safe.
#pragma once

#include "agent/config/input_error.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

enum class GoType : std::uint8_t { kBool, kInt, kUint, kFloat, kDuration, kText };

std::optional<bool> go_bool(std::string_view text);         // 1, t, T, true, TRUE, True, and their opposites
std::optional<std::int64_t> go_int(std::string_view text);  // 12, -3, 0x10, 0b1, 0o7, 017, 1_000
std::optional<double> go_float(std::string_view text);
// "1h30m", "1.5s", "300ms", "-2us", "0". No value beyond 2^63 ns. The rest of a nanosecond is cut off.
std::optional<std::chrono::nanoseconds> go_duration(std::string_view text);

bool is_of_type(GoType type, std::string_view text);
std::string_view expectation(GoType type);  // "a duration, for example 10s or 1m30s"

struct GoFlag {
  std::string name;
  std::string value;    // "true" of a switch without a value
  std::string written;  // "--port=8080", for messages
};

// The name of an argument that is a flag: "port" of "--port=8080". Empty: it is none.
std::string_view go_flag_name(std::string_view argument);

// Of a name that is not known: what to say. The first fault is the error; values are not checked.
using GoTypeOf = std::function<Result<GoType, InputError>(std::string_view name)>;
Result<std::vector<GoFlag>, InputError> read_go_flags(std::span<const std::string> arguments, const GoTypeOf& type_of);

}  // namespace tallyman
