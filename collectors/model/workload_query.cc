#include "collectors/model/workload_query.h"

#include "collectors/model/utf8.h"
#include "collectors/model/workload_id.h"

#include <tuple>
#include <utility>

namespace tallyman {
namespace {

// Hexadecimal, and the dashes of a UUID. Other ids (LXC's, ctr's) are names, and count as such.
bool is_of_container_id(std::string_view text) {
  return text.size() >= kShortIdDigits && text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

}  // namespace

WorkloadQuery::WorkloadQuery(std::string text)
    : text_(std::move(text)),
      is_container_id_(is_of_container_id(text_)),
      is_escaped_(text_.find("\\x") != std::string::npos) {}

WorkloadQuery::Match WorkloadQuery::match(const WorkloadNames& names) const {
  if (text_.empty()) return Match::kNone;
  if (is_escaped_ && match_escaped(names)) return Match::kId;
  const bool without_slash = names.id.starts_with('/') && names.id.substr(1) == text_;
  if (names.id == text_ || without_slash) return Match::kId;
  if (is_container_id_ && names.container_id.starts_with(text_)) return Match::kContainerId;
  const bool named = names.workload == text_ || names.name == text_ || names.container_id == text_;
  return named ? Match::kName : Match::kNone;
}

// Bytes that are not UTF-8 are shown as \xNN, and asked for so.
bool WorkloadQuery::match_escaped(const WorkloadNames& names) const {
  const std::string shown = valid_utf8(names.id);
  return shown == text_ || (shown.starts_with('/') && std::string_view(shown).substr(1) == text_);
}

void WorkloadMatches::offer(const WorkloadNames& names, bool exists) {
  const WorkloadQuery::Match match = query_.match(names);
  const auto rank = std::tuple(exists, match), best = std::tuple(exist_, match_);
  if (match == WorkloadQuery::Match::kNone || (!ids_.empty() && rank < best)) return;
  if (ids_.empty() || best < rank) {
    ids_.clear();
    more_ = false;
    std::tie(exist_, match_) = rank;
  }
  if (ids_.contains(names.id)) return;
  if (ids_.size() < kMaxCandidates) {
    ids_.emplace(names.id);
  } else {
    more_ = true;
  }
}

}  // namespace tallyman
