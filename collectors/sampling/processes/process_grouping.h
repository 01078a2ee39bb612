// The group of a process outside containers and services: the first rule that matches,
// else its executable's name. Thread-safe.
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
  std::string_view command;     // its arguments, separated by blanks
  std::string_view user;        // name, or the number if it has none
  std::string_view cgroup;
};

class ProcessGrouping {
 public:
  // An error, with the rule's name and RE2's text, if an expression is invalid.
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
