// Reads the kernel's text files: kept open and read by pread, no stat, no stream.
// Thread-compatible: one buffer and one budget belong to one thread.
#pragma once

#include "collectors/kernel/system/error.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// One buffer for all reads of a thread; grows to the longest text, at most kMaxBytes.
class ReadBuffer {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{16} * 1024 * 1024;
  ReadBuffer();
  char* data() { return data_.get(); }
  std::size_t size() const { return size_; }
  bool grow();  // doubles; false at the limit

 private:
  std::size_t size_;
  std::unique_ptr<char[]> data_;
};

// How many files may be kept open. Beyond that, files are opened for each read.
class FileBudget {
 public:
  explicit FileBudget(std::size_t limit) : limit_(limit) {}
  bool take() {
    if (open_ >= limit_) {
      exceeded_ = true;
      return false;
    }
    ++open_;
    return true;
  }
  void give_back() { --open_; }
  std::size_t open() const { return open_; }
  std::size_t limit() const { return limit_; }
  bool exceeded() const { return exceeded_; }  // since the start

 private:
  std::size_t limit_;
  std::size_t open_ = 0;
  bool exceeded_ = false;
};

// A file that the kernel produces in one piece (all single-record seq_files: the stat
// files of cgroupfs, PSI): one pread unless it fills the buffer. The view points into
// `buffer` and is valid until the next read. Errors carry errno and no path: the caller
// knows it.
Result<std::string_view> read_record(int fd, ReadBuffer& buffer);
// Any other file (cgroup.procs, net/dev, mountinfo): the kernel may return less than
// requested in mid-file, so this reads until 0.
Result<std::string_view> read_to_end(int fd, ReadBuffer& buffer);
// A seq_file of rows, none longer than `max_row_bytes`. The kernel ends a read in
// mid-file only if the next row does not fit into its buffer of a page or more
// (fs/seq_file.c), so a read that leaves more room than that was the last.
Result<std::string_view> read_rows(int fd, std::size_t max_row_bytes, ReadBuffer& buffer);

// Opens, reads to the end, closes. Errors name `path`.
Result<std::string_view> read_file(const std::string& path, ReadBuffer& buffer);
bool is_there(const std::string& path);
// The names in a directory except "." and "..", sorted; empty if it cannot be read.
std::vector<std::string> names_in(const std::string& directory);
// The same, but only of directories.
std::vector<std::string> directories_in(const std::string& directory);
// The first line without its newline; empty when there is none or the file cannot be read.
std::string read_line(const std::string& path, ReadBuffer& buffer);

}  // namespace tallyman
