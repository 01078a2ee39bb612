// Which labels of containers leave the agent. The same for /metrics and for the API: labels
// may hold passwords. Immutable; cheap to copy; thread-safe.
#pragma once

#include "collectors/kernel/system/error.h"

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}  // namespace re2

namespace tallyman {

class LabelFilter {
 public:
  LabelFilter() = default;  // no labels
  // An RE2, unanchored; empty: no labels. An error, with RE2's text, if it is invalid.
  static Result<LabelFilter> make(const std::string& expression);

  bool allows(std::string_view label) const;

 private:
  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace tallyman
