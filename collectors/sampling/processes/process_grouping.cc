#include "collectors/sampling/processes/process_grouping.h"

#include <re2/re2.h>

#include <algorithm>

namespace tallyman {
namespace {

using Expression = std::unique_ptr<RE2>;

struct CompiledRule {
  std::string name;
  Expression executable, command, user, cgroup;  // null: everything
};

bool matches(const Expression& expression, std::string_view text) {
  return !expression || RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression);
}

}  // namespace

struct ProcessGrouping::Impl {
  std::vector<CompiledRule> rules;
};

ProcessGrouping::ProcessGrouping(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProcessGrouping::ProcessGrouping(ProcessGrouping&&) noexcept = default;
ProcessGrouping& ProcessGrouping::operator=(ProcessGrouping&&) noexcept = default;
ProcessGrouping::~ProcessGrouping() = default;

Result<ProcessGrouping> ProcessGrouping::make(std::vector<ProcessRule> rules) {
  auto impl = std::make_unique<Impl>();
  for (ProcessRule& rule : rules) {
    CompiledRule compiled;
    const std::pair<const std::string*, Expression*> parts[] = {{&rule.executable, &compiled.executable},
                                                                {&rule.command, &compiled.command},
                                                                {&rule.user, &compiled.user},
                                                                {&rule.cgroup, &compiled.cgroup}};
    for (const auto& [text, expression] : parts) {
      if (text->empty()) {
        continue;
      }
      *expression = std::make_unique<RE2>(*text, RE2::Quiet);
      if (!(*expression)->ok()) {
        return Error{ErrorKind::kMalformed, 0, "processes.groups: " + rule.name + ": " + (*expression)->error()};
      }
    }
    compiled.name = std::move(rule.name);
    impl->rules.push_back(std::move(compiled));
  }
  return ProcessGrouping(std::move(impl));
}

std::string ProcessGrouping::group_of(const ProcessIdentity& process) const {
  for (const CompiledRule& rule : impl_->rules) {
    if (matches(rule.executable, process.executable) && matches(rule.command, process.command) &&
        matches(rule.user, process.user) && matches(rule.cgroup, process.cgroup)) {
      return rule.name;
    }
  }
  return std::string(process.executable);
}

bool ProcessGrouping::needs_command() const {
  return std::any_of(impl_->rules.begin(), impl_->rules.end(), [](const CompiledRule& r) { return !!r.command; });
}

bool ProcessGrouping::needs_user() const {
  return std::any_of(impl_->rules.begin(), impl_->rules.end(), [](const CompiledRule& r) { return !!r.user; });
}

}  // namespace tallyman
