// The YAML configuration file: a mapping of settings, nested or with dots in the
// keys. A setting's name is the path of keys to it, joined by dots. Strict: no
// unknown key, no duplicate key, no anchors, no tags, no second document. Values
// are not checked here. Thread-safe.
#pragma once

#include "agent/config/input_error.h"
#include "agent/config/settings.h"

#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

inline constexpr std::size_t kMaxConfigurationBytes = std::size_t{1024} * 1024;

// The assignments in the order of the file. The error is "FILE:LINE: ...".
using ConfigurationResult = Result<std::vector<Assignment>, InputError>;

ConfigurationResult parse_configuration(const std::string& text, const std::string& file_name);
ConfigurationResult read_configuration_file(const std::string& path);

}  // namespace tallyman
