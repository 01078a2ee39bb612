// The table of settings. It defines the flags, the keys of the YAML file, --help,
// docs/configuration.md and which settings a reload can change.
// Pure, except for the check that a directory exists; thread-safe.
#pragma once

#include "agent/config/options.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

using Field = std::variant<bool Options::*, unsigned Options::*, std::uint64_t Options::*, std::string Options::*,
                           std::chrono::milliseconds Options::*, std::string HostRoot::*,
                           std::vector<ProcessRule> Options::*, CollectorSwitch>;

struct Setting {
  std::string_view name;  // "web.listen-address"
  Shape shape;
  Field field;
  SettingScope scope;
  Change change;
  std::string_view brief;   // for --help; at most 43 characters including the default
  std::string_view detail;  // for the docs, in whole sentences
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

// Reads `text` into the field. If it does not fit, returns a complaint ("needs a
// unit: 100ms to 1h, for example 5s") and leaves the options unchanged.
std::optional<std::string> set_value(Options& options, const Setting& setting, std::string_view text);
// The value as set_value() reads it; "" if an empty default means "detected".
std::string value_text(const Options& options, const Setting& setting);

std::string_view placeholder(Shape shape);        // "DURATION"
std::string expectation(const Setting& setting);  // "a duration, 100ms to 1h, for example 5s"
std::string duration_text(std::chrono::milliseconds duration);

// The candidate that the user most likely meant; empty if none is similar.
std::string nearest(std::string_view word, std::span<const std::string> candidates);
// Untrusted text made safe for a message: bounded length, no control characters.
std::string shown(std::string_view text);

}  // namespace tallyman
