#include "agent/overhead/targets/probe_image.h"

#include "agent/overhead/model/plan.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

// The assembler embeds the file in the read-only data.
__asm__(
    ".section .rodata\n"
    ".global tallyman_probe_begin\n"
    ".global tallyman_probe_end\n"
    ".balign 16\n"
    "tallyman_probe_begin:\n"
    ".incbin \"" TALLYMAN_PROBE
    "\"\n"
    "tallyman_probe_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const char tallyman_probe_begin[];
extern const char tallyman_probe_end[];
}

namespace tallyman::overhead {
namespace {

constexpr std::size_t kTarBlock = 512;
constexpr std::string_view kMagic{"ustar\00000", 8};  // the format and its version

Result<void> write_whole(const std::string& path, std::string_view bytes, mode_t mode) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return failure_from_errno(path);
  while (!bytes.empty()) {
    const ssize_t done = write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      const Failure why = failure_from_errno(path);
      close(fd);
      return why;
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  if (close(fd) != 0) return failure_from_errno(path);
  return {};
}

std::string random_bytes(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, '\0');
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, 8);
  }
  return bytes;
}

struct Entry {
  std::string name;
  char type = '0';  // '0' file, '2' link, '5' directory
  unsigned mode = 0755;
  std::string_view bytes{};
  std::string link{};
};

// One member of a POSIX.1-1988 (ustar) archive; owner root, time 0.
void append(std::string& tar, const Entry& entry) {
  char header[kTarBlock] = {};
  const auto put = [&](std::size_t at, std::size_t size, const char* format, auto value) {
    std::snprintf(header + at, size, format, value);
  };
  put(0, 100, "%s", entry.name.c_str());
  put(100, 8, "%07o", entry.mode);
  put(108, 8, "%07o", 0U);
  put(116, 8, "%07o", 0U);
  put(124, 12, "%011lo", static_cast<unsigned long>(entry.bytes.size()));
  put(136, 12, "%011lo", 0UL);
  std::memset(header + 148, ' ', 8);
  header[156] = entry.type;
  put(157, 100, "%s", entry.link.c_str());
  kMagic.copy(header + 257, kMagic.size());
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, 8, "%06o", sum);
  tar.append(header, sizeof header);
  tar += entry.bytes;
  tar.append((kTarBlock - entry.bytes.size() % kTarBlock) % kTarBlock, '\0');
}

template <class Take>
void each_lower_file(Take take) {
  std::uint64_t seed = 1;
  for (const LowerFiles& size : lower_files()) {
    for (unsigned i = 0; i < size.count; ++i) {
      take(std::string(size.name) + "-" + std::to_string(i), random_bytes(size.bytes, seed++));
    }
  }
}

}  // namespace

std::string_view probe_bytes() {
  return {tallyman_probe_begin, static_cast<std::size_t>(tallyman_probe_end - tallyman_probe_begin)};
}

std::string probe_digest() {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : probe_bytes()) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  char text[17];
  std::snprintf(text, sizeof text, "%016lx", hash);
  return text;
}

Result<void> write_probe(const std::string& path) { return write_whole(path, probe_bytes(), 0755); }

Result<void> write_lower_files(const std::string& directory) {
  Result<void> result;
  each_lower_file([&](const std::string& name, const std::string& bytes) {
    if (result) result = write_whole(directory + "/" + name, bytes, 0644);
  });
  return result;
}

std::string image_tar() {
  std::string tar;
  for (const std::string directory : {"proc", "sys", "dev", "etc", "tmp", "usr", "run", "var", "work", "lower"}) {
    append(tar, {directory + "/", '5', 0755, {}, {}});
  }
  for (const std::string name : {"bin", "sbin", "lib", "lib64"}) append(tar, {name, '2', 0777, {}, "usr/" + name});
  append(tar, {"probe", '0', 0755, probe_bytes(), {}});
  each_lower_file([&](const std::string& name, const std::string& bytes) {
    append(tar, {"lower/" + name, '0', 0644, bytes, {}});
  });
  tar.append(2 * kTarBlock, '\0');
  return tar;
}

}  // namespace tallyman::overhead
