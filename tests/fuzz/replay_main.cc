// Runs a fuzz target over files, or over all files of directories, and over
// every beginning of each: a file cut short is the commonest damage.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kMaxPrefixes = 4096;

bool replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    return false;
  }
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::fprintf(stderr, "%s\n", path.c_str());
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    if (size == bytes.size() || size < kMaxPrefixes) {
      // A separate copy, so that a sanitizer sees a read beyond its end.
      const std::vector<std::uint8_t> copy(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      LLVMFuzzerTestOneInput(copy.data(), copy.size());
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  unsigned replayed = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    if (!std::filesystem::is_directory(argv[i], error)) {
      if (!replay(argv[i])) {
        return 1;
      }
      ++replayed;
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (entry.is_regular_file()) {
        if (!replay(entry.path())) {
          return 1;
        }
        ++replayed;
      }
    }
  }
  std::printf("%u files replayed\n", replayed);
  return replayed == 0 ? 1 : 0;
}
