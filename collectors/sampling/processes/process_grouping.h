// Which group a process in no container and no service belongs to: the first
// rule that matches, else its executable's name. Thread-safe.
#pragma once

#include "collectors/kernel/system/error.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// Expressions (RE2, unanchored); an empty one matches everything. All must match.
struct ProcessRule {
  std::string name;  // of the group
  std::string executable, command, user, cgroup;
  bool operator==(const ProcessRule&) const = default;
};

struct ProcessIdentity {
  std::string_view executable;  // its file's name
  std::string_view command;     // its arguments, a blank between two
  std::string_view user;        // name, or the number where it has none
  std::string_view cgroup;
};

class ProcessGrouping {
 public:
  // An error that names the rule and has RE2's words, if an expression is none.
  static Result<ProcessGrouping> make(std::vector<ProcessRule> rules);
  ProcessGrouping(ProcessGrouping&&) noexcept;
  ProcessGrouping& operator=(ProcessGrouping&&) noexcept;
  ~ProcessGrouping();

  std::string group_of(const ProcessIdentity& process) const;
  // Whether a rule uses the command line: else it need not be read.
  bool needs_command() const;
  bool needs_user() const;

 private:
  struct Impl;
  explicit ProcessGrouping(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallyman
