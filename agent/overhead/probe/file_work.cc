#include "agent/overhead/probe/file_work.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace tallyman::probe {
namespace {

constexpr std::size_t kBlock = std::size_t{64} * 1024, kPage = 4096;

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
using Buffer = std::unique_ptr<char, Free>;

Buffer aligned_buffer(std::size_t bytes) {
  Buffer buffer(static_cast<char*>(std::aligned_alloc(kPage, bytes)));
  for (std::size_t i = 0; i < bytes; ++i) buffer.get()[i] = static_cast<char>(i * 131 + (i >> 8));
  return buffer;
}

std::uint64_t file_bytes(const Order& order) { return order.number("bytes", 16 << 20) / kBlock * kBlock; }

bool is_complete(const std::string& path, std::uint64_t bytes) {
  struct stat facts {};
  return stat(path.c_str(), &facts) == 0 && static_cast<std::uint64_t>(facts.st_size) == bytes;
}

// Opens DIR/data after writing it fully to disk, so that no work meets an unallocated
// block. A negative number with errno on failure.
int open_data(const Order& order, int flags) {
  const std::string path = order.text("dir") + "/data";
  const std::uint64_t bytes = file_bytes(order);
  if (!is_complete(path, bytes)) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return fd;
    const Buffer buffer = aligned_buffer(kBlock);
    bool good = true;
    for (std::uint64_t at = 0; good && at < bytes; at += kBlock) {
      good = write(fd, buffer.get(), kBlock) == static_cast<ssize_t>(kBlock);
    }
    good = good && fsync(fd) == 0;
    close(fd);
    if (!good) return -1;
  }
  return open(path.c_str(), flags | O_CLOEXEC);
}

// Repeats transfer(fd, buffer, offset) of `step` bytes, sequentially or at random offsets.
template <class Transfer>
Outcome transfers(const Order& order, int flags, std::size_t step, bool anywhere, int batch, Transfer transfer) {
  const int fd = open_data(order, flags);
  if (fd < 0 && errno == EINVAL) return failed_with("no direct I/O on this filesystem");
  if (fd < 0) return failed(order.text("dir"));
  const Buffer buffer = aligned_buffer(step);
  const std::uint64_t targets = file_bytes(order) / step;
  std::uint64_t target = 0, random = order.number("seed", 1) | 1;
  Outcome outcome = measure(order, [&] {
    for (int i = 0; i < batch; ++i) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      target = anywhere ? random % targets : (target + 1) % targets;
      if (!transfer(fd, buffer.get(), static_cast<off_t>(target * step))) return -1;
    }
    return batch;
  });
  close(fd);
  return outcome;
}

bool write_at(int fd, const char* from, std::size_t bytes, off_t at) {
  return pwrite(fd, from, bytes, at) == static_cast<ssize_t>(bytes);
}

bool read_at(int fd, char* into, std::size_t bytes, off_t at) {
  return pread(fd, into, bytes, at) == static_cast<ssize_t>(bytes);
}

}  // namespace

Outcome sequential_write(const Order& order) {
  return transfers(order, O_WRONLY, kBlock, false, 8,
                   [](int fd, char* buffer, off_t at) { return write_at(fd, buffer, kBlock, at); });
}

Outcome sequential_read(const Order& order) {
  return transfers(order, O_RDONLY, kBlock, false, 8,
                   [](int fd, char* buffer, off_t at) { return read_at(fd, buffer, kBlock, at); });
}

Outcome synced_write(const Order& order) {
  return transfers(order, O_WRONLY, kPage, false, 1,
                   [](int fd, char* buffer, off_t at) { return write_at(fd, buffer, kPage, at) && fsync(fd) == 0; });
}

Outcome random_read(const Order& order) {
  return transfers(order, O_RDONLY | O_DIRECT, kPage, true, 1,
                   [](int fd, char* buffer, off_t at) { return read_at(fd, buffer, kPage, at); });
}

Outcome random_write(const Order& order) {
  return transfers(order, O_WRONLY | O_DIRECT, kPage, true, 1,
                   [](int fd, char* buffer, off_t at) { return write_at(fd, buffer, kPage, at); });
}

// Creates files of 1 KiB, lists them, deletes them. An operation is a file.
Outcome small_files(const Order& order) {
  constexpr int kFiles = 100;
  const std::string directory = order.text("dir") + "/small";
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return failed(directory);
  const Buffer buffer = aligned_buffer(kPage);
  Outcome outcome = measure(order, [&] {
    for (int i = 0; i < kFiles; ++i) {
      const std::string path = directory + "/" + std::to_string(i);
      const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      if (fd < 0) return -1;
      const bool good = write(fd, buffer.get(), 1024) == 1024;
      close(fd);
      if (!good) return -1;
    }
    int seen = 0;
    if (DIR* list = opendir(directory.c_str())) {
      while (readdir(list) != nullptr) ++seen;
      closedir(list);
    }
    for (int i = 0; i < kFiles; ++i) unlink((directory + "/" + std::to_string(i)).c_str());
    return seen >= kFiles ? kFiles : -1;
  });
  rmdir(directory.c_str());
  return outcome;
}

// The first write to files DIR/NAME-0 ..., which copies each up if it lies in a lower
// layer. Possible only once per file and container, so it is not repeated.
Outcome first_write(const Order& order) {
  const std::uint64_t files = order.number("files", 1);
  Outcome outcome;
  const Meter meter;
  for (std::uint64_t i = 0; i < files; ++i) {
    const std::string path = order.text("dir") + "/" + order.text("name") + "-" + std::to_string(i);
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return failed(path);
    const bool good = write_at(fd, "tally", 5, 0);
    close(fd);
    if (!good) return failed(path);
  }
  meter.read_into(outcome);
  outcome.operations = files;
  return outcome;
}

}  // namespace tallyman::probe
