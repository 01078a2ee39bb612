#include "collectors/model/label_filter.h"

#include <re2/re2.h>

namespace tallyman {

Result<LabelFilter> LabelFilter::make(const std::string& expression) {
  LabelFilter filter;
  if (expression.empty()) {
    return filter;
  }
  auto compiled = std::make_shared<const RE2>(expression, RE2::Quiet);
  if (!compiled->ok()) {
    return Error{ErrorKind::kMalformed, 0, "labels.container: " + compiled->error()};
  }
  filter.expression_ = std::move(compiled);
  return filter;
}

bool LabelFilter::allows(std::string_view label) const {
  return expression_ != nullptr && RE2::PartialMatch({label.data(), label.size()}, *expression_);
}

}  // namespace tallyman
