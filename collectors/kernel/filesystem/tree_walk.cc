#include "collectors/kernel/filesystem/tree_walk.h"

#include "collectors/kernel/system/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

namespace tallyman {
namespace {

using std::chrono::steady_clock;

constexpr int kOpenFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr std::uint64_t kBytesPerBlock = 512;
constexpr std::uint64_t kEntriesPerClockCheck = 16;
constexpr std::size_t kMaxWhereLength = 200;

// Reading a directory would set its access time, which is a write to the disk.
FileDescriptor open_directory(int above, const char* name) {
  FileDescriptor opened(openat(above, name, kOpenFlags | O_NOATIME));
  if (!opened.valid() && errno == EPERM) {  // only the owner may set it
    opened = FileDescriptor(openat(above, name, kOpenFlags));
  }
  return opened;
}

// It no longer exists, or something else has its name.
bool is_vanished(int code) { return code == ENOENT || code == ENOTDIR || code == ELOOP || code == ESTALE; }

bool is_itself_or_above(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

}  // namespace

struct TreeWalk::Budget {
  std::uint64_t entries;
  steady_clock::time_point until;
  bool is_over = false;

  void take() {
    entries -= entries > 0 ? 1 : 0;
    is_over = entries == 0 || (entries % kEntriesPerClockCheck == 0 && steady_clock::now() >= until);
  }
};

TreeWalk::TreeWalk(OpenTop open_top, TreeWalkLimits limits) : open_top_(std::move(open_top)), limits_(limits) {}

TreeUsage TreeWalk::usage() const {
  return {usage_.bytes, usage_.inodes + static_cast<std::uint64_t>(std::llround(shared_inodes_))};
}

TreeWalk::State TreeWalk::advance(std::uint64_t entries, steady_clock::time_point until) {
  Budget budget{std::max<std::uint64_t>(entries, 1), until};
  if (state_ == State::kRunning && open_levels()) {
    while (state_ == State::kRunning && !budget.is_over) {
      step(budget);
    }
  }
  current_.reset();
  return state_;
}

void TreeWalk::step(Budget& budget) {
  Level& level = levels_.back();
  if (level.next < level.pending.size()) {
    enter_next();
    budget.take();
  } else if (!level.read_all) {
    read_entries(budget);
  } else if (levels_.size() > 1) {
    leave();
  } else {
    state_ = State::kDone;
  }
}

bool TreeWalk::open_top() {
  Result<FileDescriptor> top = open_top_();
  struct stat status {};
  if (!top || fstat(top->get(), &status) != 0) {
    const int code = top ? errno : top.error().code;
    fail(top ? ErrorKind::kIo : is_vanished(code) ? ErrorKind::kGone : top.error().kind, code, {});
    return false;
  }
  if (levels_.empty()) {
    device_ = status.st_dev;
    levels_.emplace_back();
    levels_.back().inode = status.st_ino;
    usage_ = {static_cast<std::uint64_t>(status.st_blocks) * kBytesPerBlock, 1};
  } else if (device_ != status.st_dev || levels_.front().inode != status.st_ino) {
    fail(ErrorKind::kGone, 0, {});
    return false;
  }
  current_ = std::move(*top);
  return true;
}

// Back to where the last slice ended. Levels that no longer exist are skipped.
bool TreeWalk::open_levels() {
  if (!open_top()) {
    return false;
  }
  for (std::size_t depth = 1; depth < levels_.size(); ++depth) {
    FileDescriptor next = open_directory(current_.get(), levels_[depth].name.c_str());
    struct stat status {};
    if (!next.valid() || fstat(next.get(), &status) != 0 || status.st_dev != device_ ||
        status.st_ino != levels_[depth].inode) {
      while (levels_.size() > depth) {
        pop();
      }
      return true;
    }
    current_ = std::move(next);
  }
  return true;
}

void TreeWalk::read_entries(Budget& budget) {
  alignas(dirent64) char buffer[32 * 1024];
  Level& level = levels_.back();
  if (lseek(current_.get(), level.position, SEEK_SET) < 0) {
    return fail_by_errno(errno, {});
  }
  const ssize_t size = getdents64(current_.get(), buffer, sizeof buffer);
  if (size < 0 && !is_vanished(errno)) {
    return fail_by_errno(errno, {});
  }
  level.read_all = size <= 0;
  for (ssize_t at = 0; at < size && state_ == State::kRunning && !budget.is_over;) {
    const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
    at += entry->d_reclen;
    level.position = entry->d_off;
    if (is_itself_or_above(entry->d_name)) {
      continue;
    }
    visit(entry->d_name, level);
    ++entries_;
    budget.take();
    if (pending_bytes_ > limits_.pending_bytes) {
      break;  // enter the known directories first
    }
  }
}

void TreeWalk::visit(const char* name, Level& level) {
  struct statx status {};
  // Not synchronised: the server of a network file system mounted below is not asked.
  if (statx(current_.get(), name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
            STATX_TYPE | STATX_NLINK | STATX_INO | STATX_BLOCKS, &status) != 0) {
    if (!is_vanished(errno)) {
      fail_by_errno(errno, name);
    }
    return;
  }
  if (makedev(status.stx_dev_major, status.stx_dev_minor) != device_) {
    return;
  }
  const std::uint64_t bytes = status.stx_blocks * kBytesPerBlock;
  if (!S_ISDIR(status.stx_mode)) {
    return add_file(status.stx_ino, bytes, status.stx_nlink);
  }
  usage_.bytes += bytes;
  ++usage_.inodes;
  level.pending.append(name).push_back('\0');
  pending_bytes_ += std::char_traits<char>::length(name) + 1;
}

void TreeWalk::add_file(std::uint64_t inode, std::uint64_t bytes, std::uint32_t links) {
  if (links > 1 && links_.size() >= limits_.links && !links_.contains(inode)) {
    usage_.bytes += bytes / links;
    shared_inodes_ += 1.0 / links;
    ++links_estimated_;
    return;
  }
  if (links > 1 && !links_.insert(inode).second) {
    return;
  }
  usage_.bytes += bytes;
  ++usage_.inodes;
}

void TreeWalk::enter_next() {
  Level& level = levels_.back();
  const std::string name = level.pending.c_str() + level.next;
  level.next += name.size() + 1;
  pending_bytes_ -= name.size() + 1;
  if (level.next == level.pending.size()) {
    level.pending = std::string();
    level.next = 0;
  }
  FileDescriptor next = open_directory(current_.get(), name.c_str());
  struct stat status {};
  if (!next.valid() || fstat(next.get(), &status) != 0) {
    if (!is_vanished(errno)) {
      fail_by_errno(errno, name);
    }
    return;
  }
  if (status.st_dev != device_) {
    return;
  }
  if (levels_.size() >= limits_.depth) {
    ++too_deep_;
    return;
  }
  levels_.emplace_back();
  levels_.back().name = name;
  levels_.back().inode = status.st_ino;
  current_ = std::move(next);
}

void TreeWalk::leave() {
  pop();
  FileDescriptor above = open_directory(current_.get(), "..");
  struct stat status {};
  if (above.valid() && fstat(above.get(), &status) == 0 && status.st_dev == device_ &&
      status.st_ino == levels_.back().inode) {
    current_ = std::move(above);
    return;
  }
  open_levels();  // the directory was moved meanwhile
}

void TreeWalk::pop() {
  pending_bytes_ -= levels_.back().pending.size() - levels_.back().next;
  levels_.pop_back();
}

void TreeWalk::fail_by_errno(int code, std::string_view name) {
  fail(code == EACCES || code == EPERM ? ErrorKind::kDenied : ErrorKind::kIo, code, name);
}

void TreeWalk::fail(ErrorKind kind, int code, std::string_view name) {
  std::string where;
  for (std::size_t depth = 1; depth < levels_.size() && where.size() < kMaxWhereLength; ++depth) {
    where.append(levels_[depth].name).push_back('/');
  }
  error_ = {kind, code, without_controls(std::string_view(where.append(name)).substr(0, kMaxWhereLength))};
  state_ = State::kFailed;
}

}  // namespace tallyman
