#include "tests/support/host_builder.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace tallyman {
namespace {

[[noreturn]] void fail(const std::string& path) { throw std::system_error(errno, std::generic_category(), path); }

}  // namespace

HostBuilder::HostBuilder() {
  top_ = (std::filesystem::temp_directory_path() / "tallyman-host-XXXXXX").string();
  if (mkdtemp(top_.data()) == nullptr) fail(top_);
  std::filesystem::permissions(top_, std::filesystem::perms(0755));  // readable for tests that drop root
}

HostBuilder::~HostBuilder() {
  std::error_code ignored;
  std::filesystem::remove_all(top_, ignored);
}

HostBuilder& HostBuilder::file(std::string_view path, std::string_view text) {
  const std::string full = this->path(path);
  std::filesystem::create_directories(std::filesystem::path(full).parent_path());
  std::ofstream out(full, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out) fail(full);
  return *this;
}

HostBuilder& HostBuilder::dir(std::string_view path) {
  std::filesystem::create_directories(this->path(path));
  return *this;
}

HostBuilder& HostBuilder::remove(std::string_view path) {
  const std::string full = this->path(path);
  if (std::filesystem::remove_all(full) == 0) {
    errno = ENOENT;
    fail(full);
  }
  return *this;
}

HostRoot HostBuilder::root() const {
  HostRoot root;
  root.rootfs = top_;
  return root;
}

std::string HostBuilder::path(std::string_view relative) const {
  while (relative.starts_with('/')) relative.remove_prefix(1);
  std::string full = top_;
  if (!relative.empty()) full.append("/").append(relative);
  return full;
}

}  // namespace tallyman
