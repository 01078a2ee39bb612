// The text of a setting's value: reading it into the options, and writing it again.
// Pure, except for the check that a directory exists; thread-safe.
#pragma once

#include "agent/config/input_error.h"
#include "agent/config/settings.h"

#include <chrono>
#include <string>
#include <string_view>

namespace tallyman {

// Reads `text` into the field. If it does not fit, the error ("needs a unit: 100ms
// to 1h, for example 5s") lacks the name of the setting, and the options are unchanged.
Result<void, InputError> set_value(Options& options, const Setting& setting, std::string_view text);
// The value as set_value() reads it; "" if an empty default means "detected".
std::string value_text(const Options& options, const Setting& setting);

std::string_view placeholder(Shape shape);        // "DURATION"
std::string expectation(const Setting& setting);  // "a duration, 100ms to 1h, for example 5s"
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace tallyman
