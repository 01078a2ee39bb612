// /proc/PID/mountinfo.
#include "tests/fuzz/properties.h"

using namespace tallyman;
using namespace tallyman::fuzz;

namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || c == '\\') {
      const char octal[] = {'\\', static_cast<char>('0' + (byte >> 6U)), static_cast<char>('0' + (byte >> 3U & 7U)),
                            static_cast<char>('0' + (byte & 7U))};
      out.append(octal, sizeof octal);
    } else {
      out += c;
    }
  }
  return out;
}

void check_mounts(std::string_view text) {
  std::vector<formats::Mount> mounts;
  const unsigned not_understood = formats::parse_mountinfo(text, mounts);
  require(mounts.size() + not_understood == rows_in(text), "a row is a mount or a fault");
  std::string again;
  for (const formats::Mount& mount : mounts) {
    require(mount.mount_point.find('\0') == std::string::npos, "no NUL in a path");
    require(mount.mount_point.front() == '/', "mount points are absolute");
    again += "36 35 " + std::to_string(mount.major) + ":" + std::to_string(mount.minor) + " " + escaped(mount.root) +
             " " + escaped(mount.mount_point) + " rw,noatime master:1 shared:2 - " + escaped(mount.fs_type) + " " +
             escaped(mount.source) + " " + escaped(mount.super_options) + "\n";
  }
  std::vector<formats::Mount> back;
  require(formats::parse_mountinfo(again, back) == 0 && same(back, mounts), "mounts come back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  require_row_rules<std::vector<formats::Mount>>(text, formats::parse_mountinfo, Halves::kConcatenate);
  check_mounts(text);
  return 0;
}
