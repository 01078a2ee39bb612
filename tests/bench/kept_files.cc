#include "tests/bench/kept_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>

namespace tallyman::bench {

std::vector<std::string> files_kept_open(const std::string& below) {
  std::map<int, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string path = std::filesystem::read_symlink(entry.path(), error).string();
    const bool of_cgroup = path.find(below + '/') != std::string::npos && path.find("/cgroup") != std::string::npos;
    if (!error && (of_cgroup || path.ends_with("/net/dev"))) {
      found[std::atoi(entry.path().filename().c_str())] = path;
    }
  }
  std::vector<std::string> paths;
  for (auto& [descriptor, path] : found) {
    paths.push_back(std::move(path));
  }
  return paths;
}

BareReader::BareReader(std::vector<std::string> paths) : paths_(std::move(paths)), buffer_(16 * 1024) {
  for (const std::string& path : paths_) {
    descriptors_.push_back(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptors_.back() < 0) {
      throw std::runtime_error(path + ": " + std::strerror(errno));
    }
  }
}

BareReader::~BareReader() {
  for (const int descriptor : descriptors_) {
    close(descriptor);
  }
}

void BareReader::pread_all() {
  bytes_ = 0;
  for (const int descriptor : descriptors_) {
    bytes_ += static_cast<std::size_t>(std::max<ssize_t>(0, pread(descriptor, buffer_.data(), buffer_.size(), 0)));
  }
}

void BareReader::open_read_close_all() {
  bytes_ = 0;
  for (const std::string& path : paths_) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    bytes_ += static_cast<std::size_t>(std::max<ssize_t>(0, read(descriptor, buffer_.data(), buffer_.size())));
    close(descriptor);
  }
}

}  // namespace tallyman::bench
