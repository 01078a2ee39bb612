// The probe, which the program carries within itself, and what is made of it: a
// file to run and an image for container runtimes, so that no registry and no
// second file is needed.
#pragma once

#include "agent/overhead/model/failure.h"

#include <string>
#include <string_view>

namespace tallyman::overhead {

std::string_view probe_bytes();
std::string probe_digest();  // 16 hexadecimal digits (FNV-1a): which probe it is, no more

// Writes it, executable.
Result<void> write_probe(const std::string& path);
// Makes the files of lower_files() in `directory`, with bytes that do not compress.
Result<void> write_lower_files(const std::string& directory);

// A tar of the root file system: /probe, /lower/*, /work, and where host
// programs are mounted (/usr, /etc, /lib and so on as links).
std::string image_tar();

}  // namespace tallyman::overhead
