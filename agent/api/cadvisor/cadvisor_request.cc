#include "agent/api/cadvisor/cadvisor_request.h"

#include "agent/config/cadvisor/go_flags.h"
#include "collectors/kernel/system/rfc3339.h"
#include "collectors/kernel/system/text.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace tallyman {
namespace {

namespace json = boost::json;

struct RequestType {
  std::string_view name;
  CadvisorType type;
  std::string_view since_v1, since_v2;  // empty: not in that version's line
};

constexpr std::array kRequestTypes = {
    RequestType{"attributes", CadvisorType::kAttributes, "", "v2.0"},
    RequestType{"containers", CadvisorType::kContainers, "v1.0", ""},
    RequestType{"docker", CadvisorType::kDocker, "v1.2", ""},
    RequestType{"events", CadvisorType::kEvents, "v1.3", "v2.0"},
    RequestType{"machine", CadvisorType::kMachine, "v1.0", "v2.0"},
    RequestType{"machinestats", CadvisorType::kMachineStats, "", "v2.1"},
    RequestType{"spec", CadvisorType::kSpec, "", "v2.0"},
    RequestType{"stats", CadvisorType::kStats, "", "v2.0"},
    RequestType{"storage", CadvisorType::kStorage, "", "v2.0"},
    RequestType{"subcontainers", CadvisorType::kSubcontainers, "v1.1", ""},
    RequestType{"summary", CadvisorType::kSummary, "", "v2.0"},
    RequestType{"version", CadvisorType::kVersion, "", "v2.0"},
};
constexpr std::array<std::string_view, 6> kApiVersions = {"v1.0", "v1.1", "v1.2", "v1.3", "v2.0", "v2.1"};

bool has(const RequestType& type, std::string_view version) {
  const std::string_view since = version.starts_with("v1") ? type.since_v1 : type.since_v2;
  return !since.empty() && since <= version;
}

std::string types_of(std::string_view version) {
  std::string names;
  for (const RequestType& type : kRequestTypes) {
    if (has(type, version)) names += (names.empty() ? "" : ",") + std::string(type.name);
  }
  return names;
}

std::string_view take_segment(std::string_view& path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

// As cAdvisor counts: -1 is all of them. Empty: less than that.
std::optional<std::size_t> samples_of(std::int64_t number) {
  if (number < -1) return std::nullopt;
  return number < 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(number);
}

// {"num_stats":N}
Result<void, CadvisorRefusal> take_body(const std::string& body, CadvisorRequest& wanted) {
  if (trimmed(body).empty()) return {};
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  const json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr) return CadvisorRefusal{400, "The body is no JSON object."};
  for (const auto& [key, member] : *object) {
    if (key == "num_stats") {
      const auto* number = member.if_int64();
      const auto samples = number != nullptr ? samples_of(*number) : std::nullopt;
      if (!samples) return CadvisorRefusal{400, "num_stats: a whole number from -1, which is all of them"};
      wanted.samples = *samples;
    }
  }
  return {};
}

Result<void, CadvisorRefusal> take_v2_option(std::string_view key, const std::string& value, CadvisorRequest& wanted) {
  if (key == "type" && !value.empty()) {
    if (value != "name" && value != "docker" && value != "podman") {
      return CadvisorRefusal{400, "type: name, docker or podman"};
    }
    wanted.id_type = value == "name"     ? CadvisorIdType::kName
                     : value == "docker" ? CadvisorIdType::kDocker
                                         : CadvisorIdType::kPodman;
  } else if (key == "count" && !value.empty()) {
    const bool all = value == "-1";
    const auto number = all ? std::optional<std::uint64_t>(0) : to_number(value);
    if (!number) return CadvisorRefusal{400, "count: a whole number from -1, which is all of them"};
    wanted.samples = all ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(*number);
  } else if (key == "recursive") {
    wanted.recursive = value == "true";
  }
  return {};
}

// As in cAdvisor, a switch that is none, and a number that is none, count as not given.
Result<void, CadvisorRefusal> take_event_option(std::string_view key, const std::string& value,
                                                CadvisorRequest& wanted) {
  const bool on = go_bool(value).value_or(false);
  if (key == "stream") wanted.stream = on;
  if (key == "subcontainers") wanted.subcontainers = on;
  if (key == "creation_events") wanted.creation = on;
  if (key == "deletion_events") wanted.deletion = on;
  if (key == "oom_events") wanted.oom = on;
  if (key == "oom_kill_events") wanted.oom_kill = on;
  if (key == "all_events" && on) wanted.creation = wanted.deletion = wanted.oom = wanted.oom_kill = true;
  if (key == "max_events") {
    if (const auto number = to_number(value)) wanted.max_events = static_cast<std::size_t>(*number);
  }
  if (key == "start_time" || key == "end_time") {
    const auto time_nsec = parse_rfc3339_nsec(value);
    if (!time_nsec) return CadvisorRefusal{400, std::string(key) + ": a time as 2026-11-24T00:25:29Z"};
    (key == "start_time" ? wanted.from_nsec : wanted.until_nsec) = time_nsec;
  }
  return {};
}

}  // namespace

Result<CadvisorRequest, CadvisorRefusal> cadvisor_request(const HttpRequest& request) {
  std::string_view path = request.path;
  take_segment(path);  // api
  const std::string_view version = take_segment(path);
  if (std::find(kApiVersions.begin(), kApiVersions.end(), version) == kApiVersions.end()) {
    return CadvisorRefusal{404, "unsupported API version " + shown(version)};
  }
  const std::string_view name = take_segment(path);
  const auto* const type = std::find_if(kRequestTypes.begin(), kRequestTypes.end(),
                                        [&](const RequestType& one) { return one.name == name; });
  if (name.empty()) return CadvisorRefusal{400, "Supported request types: \"" + types_of(version) + "\""};
  if (type == kRequestTypes.end() || !has(*type, version)) {
    return CadvisorRefusal{404, "unknown request type " + shown(name) + "; there are: " + types_of(version)};
  }

  CadvisorRequest wanted;
  wanted.type = type->type;
  wanted.v2 = version.starts_with("v2");
  wanted.v2_1 = version == "v2.1";
  while (path.ends_with('/')) path.remove_suffix(1);
  wanted.all = path.empty();
  const bool by_cgroup = wanted.type != CadvisorType::kDocker;
  if (!wanted.all) wanted.name = std::string(by_cgroup ? path : path.substr(1));
  if (const auto taken = take_body(request.body, wanted); !taken) return taken.error();
  for (const auto& [key, value] : request.query) {
    if (wanted.type == CadvisorType::kEvents) {
      if (const auto taken = take_event_option(key, value, wanted); !taken) return taken.error();
    }
    if (!wanted.v2) continue;
    if (const auto taken = take_v2_option(key, value, wanted); !taken) return taken.error();
  }
  if (wanted.id_type != CadvisorIdType::kName && !wanted.all) wanted.name = wanted.name.substr(1);
  return wanted;
}

}  // namespace tallyman
