// What a client accepts, from Accept and Accept-Encoding (RFC 9110, 12.4 and 12.5).
// Pure functions; invalid items are ignored.
#pragma once

#include "exporters/prometheus_text.h"

#include <string_view>

namespace tallyman {

// OpenMetrics only for a client that names application/openmetrics-text, with
// version 1.0.0 or none, and does not prefer text/plain. All others get text 0.0.4,
// also without a header and for "*/*" or only OpenMetrics 0.0.1.
TextFormat choose_format(std::string_view accept);

// True when gzip (or "*") has a quality above 0 and identity is not preferred.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace tallyman
