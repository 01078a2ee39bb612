// The probe is embedded in the program. From it come an executable file and an image for
// container runtimes, so no registry and no second file is needed.
#pragma once

#include "agent/overhead/model/failure.h"

#include <string>
#include <string_view>

namespace tallyman::overhead {

std::string_view probe_bytes();
std::string probe_digest();  // 16 hexadecimal digits (FNV-1a), only to identify the probe

// Writes the probe as an executable file.
Result<void> write_probe(const std::string& path);
// Creates the files of lower_files() in `directory`, with incompressible bytes.
Result<void> write_lower_files(const std::string& directory);

// A tar of the root file system: /probe, /lower/*, /work, and mount points for host
// programs (/usr, /etc, and /lib and so on as links).
std::string image_tar();

}  // namespace tallyman::overhead
