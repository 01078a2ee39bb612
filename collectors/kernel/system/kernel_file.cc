#include "collectors/kernel/system/kernel_file.h"

#include "collectors/kernel/system/file_descriptor.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tallyman {
namespace {

constexpr std::size_t kFirstBytes = std::size_t{16} * 1024;
constexpr std::size_t kSmallestPage = 4096;

ssize_t pread_again(int fd, char* data, std::size_t size, std::size_t offset) {
  ssize_t got;
  do {
    got = pread(fd, data, size, static_cast<off_t>(offset));
  } while (got < 0 && errno == EINTR);
  return got;
}

// A read that returns fewer bytes than `end_below`, and than fit, was the last.
Result<std::string_view> read_from(int fd, ReadBuffer& buffer, std::size_t end_below) {
  std::size_t have = 0;
  for (;;) {
    if (have == buffer.size() && !buffer.grow()) {
      return Error{ErrorKind::kMalformed, EFBIG, {}};
    }
    const std::size_t room = buffer.size() - have;
    const ssize_t got = pread_again(fd, buffer.data() + have, room, have);
    if (got < 0) {
      return error_from_errno(errno, {});
    }
    have += static_cast<std::size_t>(got);
    if (got == 0 || static_cast<std::size_t>(got) < std::min(room, end_below)) {
      return std::string_view(buffer.data(), have);
    }
  }
}

}  // namespace

ReadBuffer::ReadBuffer() : size_(kFirstBytes), data_(new char[kFirstBytes]) {}

bool ReadBuffer::grow() {
  if (size_ * 2 > kMaxBytes) {
    return false;
  }
  std::unique_ptr<char[]> larger(new char[size_ * 2]);
  std::memcpy(larger.get(), data_.get(), size_);
  data_ = std::move(larger);
  size_ *= 2;
  return true;
}

Result<std::string_view> read_record(int fd, ReadBuffer& buffer) {
  return read_from(fd, buffer, ReadBuffer::kMaxBytes);
}

Result<std::string_view> read_to_end(int fd, ReadBuffer& buffer) { return read_from(fd, buffer, 0); }

Result<std::string_view> read_rows(int fd, std::size_t max_row_bytes, ReadBuffer& buffer) {
  return read_from(fd, buffer, kSmallestPage - std::min(max_row_bytes, kSmallestPage));
}

Result<std::string_view> read_file(const std::string& path, ReadBuffer& buffer) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) {
    return error_from_errno(errno, path);
  }
  Result<std::string_view> text = read_to_end(file.get(), buffer);
  if (!text) {
    Error error = text.error();
    error.where = path;
    return error;
  }
  return text;
}

bool is_there(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(directory.c_str()), closedir);
  while (const dirent* entry = stream ? readdir(stream.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> directories_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(directory.c_str()), closedir);
  while (const dirent* entry = stream ? readdir(stream.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_line(const std::string& path, ReadBuffer& buffer) {
  const Result<std::string_view> text = read_file(path, buffer);
  if (!text) {
    return {};
  }
  return std::string(text->substr(0, text->find('\n')));
}

}  // namespace tallyman
