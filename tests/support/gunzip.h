#pragma once

#include <libdeflate.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tallyman::test {

// One gzip member; throws on anything else.
inline std::string gunzip(std::string_view compressed) {
  if (compressed.size() < 18) throw std::runtime_error("too short for gzip");
  std::uint32_t size = 0;  // the last four bytes, for texts below 4 GiB
  std::memcpy(&size, compressed.data() + compressed.size() - 4, 4);
  std::string text(size, '\0');
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  std::size_t written = 0;
  const libdeflate_result result = libdeflate_gzip_decompress(decompressor, compressed.data(), compressed.size(),
                                                              text.data(), text.size(), &written);
  libdeflate_free_decompressor(decompressor);
  if (result != LIBDEFLATE_SUCCESS || written != size) throw std::runtime_error("not gzip");
  return text;
}

}  // namespace tallyman::test
