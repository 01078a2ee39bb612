#include "exporters/gzip.h"

#include <libdeflate.h>

#include <cstdlib>
#include <new>

namespace tallyman {

void GzipCompressor::Free::operator()(libdeflate_compressor* compressor) const {
  libdeflate_free_compressor(compressor);
}
void GzipCompressor::Free::operator()(char* memory) const { std::free(memory); }

GzipCompressor::GzipCompressor() : compressor_(libdeflate_alloc_compressor(1)) {
  if (!compressor_) throw std::bad_alloc();
}

void GzipCompressor::compress(std::string_view text, std::string& out) {
  const std::size_t bound = libdeflate_gzip_compress_bound(compressor_.get(), text.size());
  if (bound > scratch_bytes_ || bound < scratch_bytes_ / 4) {
    scratch_.reset();
    scratch_bytes_ = 0;
    scratch_.reset(static_cast<char*>(std::malloc(bound)));
    if (!scratch_) throw std::bad_alloc();
    scratch_bytes_ = bound;
  }
  const std::size_t size =
      libdeflate_gzip_compress(compressor_.get(), text.data(), text.size(), scratch_.get(), scratch_bytes_);
  out.assign(scratch_.get(), size);
}

std::optional<std::string> gunzip(std::string_view packed, std::size_t bytes) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw std::bad_alloc();
  std::string text(bytes, '\0');
  std::size_t written = 0;
  const libdeflate_result result =
      libdeflate_gzip_decompress(decompressor.get(), packed.data(), packed.size(), text.data(), text.size(), &written);
  if (result != LIBDEFLATE_SUCCESS || written != bytes) return std::nullopt;
  return text;
}

}  // namespace tallyman
