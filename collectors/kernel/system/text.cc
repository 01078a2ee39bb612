#include "collectors/kernel/system/text.h"

namespace tallyman {
namespace {

constexpr std::size_t kMaxShownLength = 100;

}  // namespace

std::string without_controls(std::string_view text, char instead) {
  std::string result(text);
  std::replace_if(result.begin(), result.end(), is_control, instead);
  return result;
}

std::string shown(std::string_view text) {
  std::string result = without_controls(text.substr(0, kMaxShownLength));
  if (text.size() > kMaxShownLength) result += "...";
  return result;
}

}  // namespace tallyman
