#include "agent/config/setting_values.h"

#include "agent/config/process_rules.h"
#include "agent/http/listen_address.h"
#include "collectors/kernel/system/text.h"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace tallyman {
namespace {

using Checked = Result<void, InputError>;

constexpr std::size_t kMaxPathLength = 4'095, kMaxPatternLength = 4'096, kMaxHostLength = 253;

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array kUnits = {Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};

struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array kSizeUnits = {SizeUnit{"KB", 1 << 10}, SizeUnit{"MB", 1 << 20}, SizeUnit{"GB", 1 << 30}};
std::string size_text(std::uint64_t bytes);

// Takes the leading digits off `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::string range_text(const Setting& setting) {
  if (setting.shape == Shape::kDuration) {
    return duration_text(std::chrono::milliseconds(setting.min)) + " to " +
           duration_text(std::chrono::milliseconds(setting.max));
  }
  if (setting.shape == Shape::kSize) return "0, or " + size_text(setting.min) + " to " + size_text(setting.max);
  return std::to_string(setting.min) + " to " + std::to_string(setting.max);
}

// Of a duration; the example is one that is allowed.
std::string range_and_example(const Setting& setting) {
  const auto example = std::chrono::milliseconds(std::max<std::uint64_t>(setting.min, 5'000));
  return range_text(setting) + ", for example " + duration_text(example);
}

Checked read_duration(const Setting& setting, std::string_view text, std::chrono::milliseconds& out) {
  const auto number = take_number(text);
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == text; });
  const std::string want = range_and_example(setting);
  if (number && text.empty()) return InputError{"needs a unit: " + want};
  if (!number || unit == kUnits.end()) return InputError{"expects a whole number and a unit (ms, s, m, h): " + want};
  const auto factor = static_cast<std::uint64_t>(unit->milliseconds);
  if (*number > setting.max / factor || *number * factor < setting.min)
    return InputError{"is outside " + range_text(setting)};
  out = std::chrono::milliseconds(*number * factor);
  return {};
}

Checked read_count(const Setting& setting, std::string_view text, unsigned& out) {
  const auto number = take_number(text);
  if (!number || !text.empty()) return InputError{"expects a whole number, " + range_text(setting)};
  if (*number < setting.min || *number > setting.max) return InputError{"is outside " + range_text(setting)};
  out = static_cast<unsigned>(*number);
  return {};
}

std::string size_text(std::uint64_t bytes) {
  const auto unit = std::find_if(kSizeUnits.rbegin(), kSizeUnits.rend(),
                                 [&](const SizeUnit& u) { return bytes >= u.bytes && bytes % u.bytes == 0; });
  if (unit == kSizeUnits.rend()) return std::to_string(bytes);
  return std::to_string(bytes / unit->bytes) + std::string(unit->name);
}

Checked read_size(const Setting& setting, std::string_view text, std::uint64_t& out) {
  const auto number = take_number(text);
  const std::string want = range_text(setting) + ", for example 64MB";
  if (number && *number == 0 && text.empty()) {
    out = 0;
    return {};
  }
  const auto unit =
      std::find_if(kSizeUnits.begin(), kSizeUnits.end(), [&](const SizeUnit& u) { return u.name == text; });
  if (number && text.empty()) return InputError{"needs a unit: " + want};
  if (!number || unit == kSizeUnits.end()) return InputError{"expects a whole number and a unit (KB, MB, GB): " + want};
  if (*number > setting.max / unit->bytes || *number * unit->bytes < setting.min) {
    return InputError{"is outside " + range_text(setting)};
  }
  out = *number * unit->bytes;
  return {};
}

Checked read_switch(std::string_view text, bool& out) {
  if (text != "true" && text != "false") return InputError{"expects true or false"};
  out = text == "true";
  return {};
}

bool is_address(int family, std::string_view text) {
  in6_addr parsed;  // the larger of the two
  return inet_pton(family, std::string(text.substr(0, text.find('%'))).c_str(), &parsed) == 1;
}

Checked check_address(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789.";
  constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  const std::string want = "expects HOST:PORT, [IPV6]:PORT or :PORT, the port 0 to 65535, for example 127.0.0.1:8255";
  const auto parsed = parse_listen_address(std::string(text));
  if (!parsed) return InputError{want};
  const std::string& host = parsed->host;
  if (host.empty()) return {};
  if (text.front() == '[') {
    if (is_address(AF_INET6, host)) return {};
    return InputError{"has no IPv6 address in its brackets: " + want};
  }
  if (host.find_first_not_of(kDigits) == host.npos && !is_address(AF_INET, host)) {
    return InputError{"has no valid IPv4 address: " + want};
  }
  if (host.find_first_not_of(kName) != host.npos || host.size() > kMaxHostLength) {
    return InputError{"has a host that is neither a name nor an address: " + want};
  }
  return {};
}

Checked check_url_path(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._~-";
  if (text.front() != '/') return InputError{"expects a path that begins with /, for example /metrics"};
  if (text.find_first_not_of(kAllowed) != text.npos || text.find("..") != text.npos || text.size() > 256) {
    return InputError{"expects letters, digits and / . _ ~ - alone, for example /metrics"};
  }
  const auto is_below = [&](std::string_view taken) {
    return text == taken || (text.starts_with(taken) && text[taken.size()] == '/');
  };
  if (text == "/" || is_below("/-") || is_below("/api") || is_below("/assets")) {
    return InputError{"is taken by the agent's own pages: choose another path, for example /metrics"};
  }
  return {};
}

Checked check_path(const Setting& setting, std::string_view text) {
  if (text.size() > kMaxPathLength || text.find('\0') != text.npos)
    return InputError{"is no path: longer than 4095 bytes"};
  if (setting.shape == Shape::kHostPath && !text.starts_with('/')) {
    return InputError{"expects an absolute path, as the host names it: one that begins with /"};
  }
  if (setting.shape != Shape::kDirectory) return {};
  std::error_code error;
  if (!std::filesystem::is_directory(std::filesystem::path(text), error)) {
    return InputError{"expects a directory: " + (error ? error.message() : std::string("this is none"))};
  }
  return {};
}

Checked check_pattern(std::string_view text) {
  if (text.size() > kMaxPatternLength) return InputError{"is longer than 4096 bytes"};
  const re2::RE2 pattern(re2::StringPiece(text.data(), text.size()), RE2::Quiet);
  if (!pattern.ok()) return InputError{"expects a regular expression (RE2): " + shown(pattern.error())};
  return {};
}

Checked check_choice(const Setting& setting, std::string_view text) {
  std::string_view rest = setting.choices;
  while (!rest.empty()) {
    const auto comma = rest.find(", ");
    if (rest.substr(0, comma) == text) return {};
    rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 2);
  }
  return InputError{"expects one of " + std::string(setting.choices)};
}

Checked check_text(const Setting& setting, std::string_view text) {
  switch (setting.shape) {
    case Shape::kAddress:
      return check_address(text);
    case Shape::kUrlPath:
      return check_url_path(text);
    case Shape::kPattern:
      return check_pattern(text);
    case Shape::kChoice:
      return check_choice(setting, text);
    default:
      return check_path(setting, text);
  }
}

Checked read_text(const Setting& setting, std::string_view text, std::string& out) {
  Checked checked = check_text(setting, text);
  if (checked) out = text;
  return checked;
}

Checked read_rules(std::string_view text, std::vector<ProcessRule>& out) {
  auto rules = read_process_rules(text);
  if (!rules) return rules.error();
  out = std::move(*rules);
  return {};
}

template <class... F>
struct Visitor : F... {
  using F::operator()...;
};
template <class... F>
Visitor(F...) -> Visitor<F...>;

bool collector_is_on(const Options& options, const CollectorSwitch& which) {
  const auto named = options.collectors.switches.find(std::string(which.collector));
  return named == options.collectors.switches.end() ? which.on_by_default : named->second;
}

}  // namespace

Result<void, InputError> set_value(Options& options, const Setting& setting, std::string_view text) {
  if (text.empty()) return InputError{"needs a value: " + expectation(setting)};
  return std::visit(
      Visitor{
          [&](FieldRef<bool> field) { return read_switch(text, field.in(options)); },
          [&](FieldRef<unsigned> field) { return read_count(setting, text, field.in(options)); },
          [&](FieldRef<std::uint64_t> field) { return read_size(setting, text, field.in(options)); },
          [&](FieldRef<std::chrono::milliseconds> field) { return read_duration(setting, text, field.in(options)); },
          [&](FieldRef<std::string> field) { return read_text(setting, text, field.in(options)); },
          [&](FieldRef<std::vector<ProcessRule>> field) { return read_rules(text, field.in(options)); },
          [&](const CollectorSwitch& which) {
            bool on = false;
            Checked checked = read_switch(text, on);
            if (checked) options.collectors.switches[std::string(which.collector)] = on;
            return checked;
          }},
      setting.field);
}

std::string value_text(const Options& options, const Setting& setting) {
  const auto word = [](bool value) { return std::string(value ? "true" : "false"); };
  return std::visit(
      Visitor{[&](FieldRef<bool> field) { return word(field.in(options)); },
              [&](FieldRef<unsigned> field) { return std::to_string(field.in(options)); },
              [&](FieldRef<std::uint64_t> field) { return size_text(field.in(options)); },
              [&](FieldRef<std::chrono::milliseconds> field) { return duration_text(field.in(options)); },
              [&](FieldRef<std::string> field) { return field.in(options); },
              [&](FieldRef<std::vector<ProcessRule>> field) { return process_rules_text(field.in(options)); },
              [&](const CollectorSwitch& which) { return word(collector_is_on(options, which)); }},
      setting.field);
}

std::string duration_text(std::chrono::milliseconds duration) {
  const auto unit = std::find_if(kUnits.rbegin(), kUnits.rend(), [&](const Unit& u) {
    return duration.count() >= u.milliseconds && duration.count() % u.milliseconds == 0;
  });
  if (unit == kUnits.rend()) return std::to_string(duration.count()) + "ms";
  return std::to_string(duration.count() / unit->milliseconds) + std::string(unit->name);
}

std::string_view placeholder(Shape shape) {
  switch (shape) {
    case Shape::kSwitch:
      return "";
    case Shape::kAddress:
      return "HOST:PORT";
    case Shape::kUrlPath:
    case Shape::kFile:
    case Shape::kHostPath:
      return "PATH";
    case Shape::kDirectory:
      return "DIR";
    case Shape::kDuration:
      return "TIME";
    case Shape::kCount:
      return "N";
    case Shape::kSize:
      return "SIZE";
    case Shape::kPattern:
      return "REGEX";
    case Shape::kChoice:
      return "WORD";
    case Shape::kRules:
      return "JSON";
    case Shape::kText:
      return "TEXT";
  }
  return "";
}

std::string expectation(const Setting& setting) {
  switch (setting.shape) {
    case Shape::kSwitch:
      return "true or false";
    case Shape::kAddress:
      return "HOST:PORT, [IPV6]:PORT or :PORT";
    case Shape::kUrlPath:
      return "a path, for example /metrics";
    case Shape::kFile:
      return "a path";
    case Shape::kHostPath:
      return "an absolute path";
    case Shape::kDirectory:
      return "a directory";
    case Shape::kDuration:
      return "a duration, " + range_and_example(setting);
    case Shape::kCount:
      return "a whole number, " + range_text(setting);
    case Shape::kSize:
      return "a size, " + range_text(setting) + ", for example 64MB";
    case Shape::kPattern:
      return "a regular expression (RE2)";
    case Shape::kChoice:
      return "one of " + std::string(setting.choices);
    case Shape::kRules:
      return "a list of " + process_rule_keys();
    case Shape::kText:
      return "a text";
  }
  return "";
}

}  // namespace tallyman
