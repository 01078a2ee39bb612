// The table of settings. It defines the flags, the keys of the YAML file, --help,
// docs/configuration.md and which settings a reload can change.
// Pure, except for the check that a directory exists; thread-safe.
#pragma once

#include "agent/config/options.h"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace tallyman {

// The syntax of a value.
enum class Shape : std::uint8_t {
  kSwitch,     // true, false; as a flag --NAME and --no-NAME
  kAddress,    // HOST:PORT, [V6]:PORT, :PORT
  kUrlPath,    // /metrics
  kFile,       // any path
  kHostPath,   // absolute, as the host names it; need not be there
  kDirectory,  // an existing directory
  kDuration,   // 100ms, 5s, 2m, 1h; `min` and `max` in milliseconds
  kCount,      // a whole number from `min` to `max`
  kSize,       // 64MB (of 2^20 bytes), 1GB; 0, or from `min` to `max` bytes
  kPattern,    // RE2, unanchored
  kChoice,     // one of `choices`
  kRules,      // for process groups: a JSON list of objects, in the file a YAML list of mappings
  kText,       // any text except an empty one
};

inline constexpr std::uint64_t kSecondMs = 1'000, kHourMs = 3'600 * kSecondMs;

// Where a setting is accepted. All but kEverywhere are only flags, never keys of the file.
enum class SettingScope : std::uint8_t { kEverywhere, kFlagOnly, kServe, kList, kMetrics, kOverhead, kListAndOverhead };
// Whether the flag belongs to this command.
bool belongs_to(SettingScope scope, Command command);

// Whether a running agent can apply a new value (SIGHUP).
enum class Change : std::uint8_t { kAtRunTime, kNeedsRestart };

struct CollectorSwitch {
  std::string_view collector;
  bool on_by_default = true;
};

// A field of the options, in whichever part it is.
template <class T>
struct FieldRef {
  T& (*mutable_field)(Options&);
  const T& (*const_field)(const Options&);

  T& in(Options& options) const { return mutable_field(options); }
  const T& in(const Options& options) const { return const_field(options); }
};

template <auto... path>
struct MemberAt {
  using Type = std::remove_reference_t<decltype((std::declval<Options&>().*....*path))>;
  static Type& in(Options& options) { return (options.*....*path); }
  static const Type& const_in(const Options& options) { return (options.*....*path); }
};

// field<&Options::web, &Options::Web::listen_address>()
template <auto... path>
constexpr FieldRef<typename MemberAt<path...>::Type> field() {
  return {&MemberAt<path...>::in, &MemberAt<path...>::const_in};
}

using Field = std::variant<FieldRef<bool>, FieldRef<unsigned>, FieldRef<std::uint64_t>, FieldRef<std::string>,
                           FieldRef<std::chrono::milliseconds>, FieldRef<std::vector<ProcessRule>>, CollectorSwitch>;

struct Setting {
  std::string_view name;  // "web.listen-address"
  Shape shape;
  Field field;
  SettingScope scope = SettingScope::kEverywhere;
  Change change = Change::kAtRunTime;  // of flags alone it is never asked
  std::string_view brief;              // for --help; at most 43 characters including the default
  std::string_view detail;             // for the docs, in whole sentences
  std::uint64_t min = 0, max = 0;
  std::string_view choices{};   // "debug, info, warn, error"
  std::string_view fallback{};  // the meaning of an empty default: "ROOTFS/proc"
};

// All settings, including one switch for each collector, in the order of the docs.
std::span<const Setting> settings();
// Null if there is no setting of that name.
const Setting* find_setting(std::string_view name);

// A value as the user wrote it. `place` begins a complaint: "--sampling.interval=5"
// or "tallyman.yml:3: sampling.interval: 5".
struct Assignment {
  const Setting* setting;
  std::string text;
  std::string place;
};

}  // namespace tallyman
