// The bare floor of sampling: preads of the same files, nothing else.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace tallyman::bench {

// The paths behind this process's open descriptors that are below one of
// `cgroups` or a process's net/dev, in the order in which they were opened.
std::vector<std::string> files_kept_open(const std::string& below);

// The files in these directories that `work` opens, each once, as paths; found with inotify.
std::vector<std::string> files_opened(const std::vector<std::string>& directories, const std::function<void()>& work);

class BareReader {
 public:
  // Opens them all; throws std::runtime_error.
  explicit BareReader(std::vector<std::string> paths);
  ~BareReader();
  BareReader(const BareReader&) = delete;
  BareReader& operator=(const BareReader&) = delete;

  void pread_all();            // on kept-open descriptors
  void open_read_close_all();  // by path, each time
  std::size_t files() const { return paths_.size(); }
  std::size_t bytes() const { return bytes_; }  // of the last round

 private:
  std::vector<std::string> paths_;
  std::vector<int> descriptors_;
  std::vector<char> buffer_;
  std::size_t bytes_ = 0;
};

}  // namespace tallyman::bench
