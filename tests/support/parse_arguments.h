// The command line as a list of words, and a file that lasts as long as its object.
#pragma once

#include "agent/config/options.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace tallyman {

inline Result<Options, EarlyExit> parse(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"tallyman"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return parse_options(static_cast<int>(argv.size()), argv.data());
}

// A refusal is a failure of the test, with its text.
inline Options accepted(const std::vector<std::string>& arguments) {
  auto parsed = parse(arguments);
  if (parsed) return std::move(*parsed);
  ADD_FAILURE() << "refused: " << parsed.error().text;
  return {};
}

// The text of the refusal; being accepted is a failure of the test.
inline std::string refused(const std::vector<std::string>& arguments) {
  const auto parsed = parse(arguments);
  if (parsed) {
    ADD_FAILURE() << "accepted";
    return {};
  }
  const EarlyExit& exit = parsed.error();
  EXPECT_EQ(exit.code, 2) << exit.text;
  EXPECT_TRUE(exit.text.starts_with("tallyman: ")) << exit.text;
  EXPECT_TRUE(exit.text.ends_with("\nSee tallyman --help.\n")) << exit.text;
  return exit.text;
}

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) {
    const int descriptor = mkstemp(path_.data());
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), path_);
    const ssize_t written = write(descriptor, text.data(), text.size());
    close(descriptor);
    if (written != static_cast<ssize_t>(text.size())) throw std::runtime_error("cannot write " + path_);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "tallyman-test-XXXXXX";
};

}  // namespace tallyman
