// Which workload a request means. The same rules for every route: its id, with or without
// the first slash of a cgroup's path; its container id, or 12 digits or more of it; or a
// name that only one workload has.
#pragma once

#include "collectors/model/workload.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace tallyman {

// By what a workload can be asked for. Views.
struct WorkloadNames {
  static WorkloadNames of(const Workload& workload) {
    // Who asks for a name or an id of the host's does not mean what a user gave the same one.
    if (workload.made_by_user) return {workload.id, {}, workload.workload, {}};
    return {workload.id, workload.container_id, workload.workload, workload.container.name};
  }

  std::string_view id, container_id, workload, name;
};

class WorkloadQuery {
 public:
  // How sure it is that a workload is meant; the later, the surer.
  enum class Match : std::uint8_t { kNone, kName, kContainerId, kId };

  explicit WorkloadQuery(std::string text);

  const std::string& text() const { return text_; }
  Match match(const WorkloadNames& names) const;

 private:
  std::string text_;
  bool match_escaped(const WorkloadNames& names) const;

  bool is_container_id_ = false;  // or the first digits of one
  bool is_escaped_ = false;       // perhaps
};

// The answer to a query, found by offering it one workload after the other. Those that
// exist go before those that have ended, then the surest match counts: more than one
// id that is left is ambiguous. Bounded, however many are offered.
class WorkloadMatches {
 public:
  explicit WorkloadMatches(WorkloadQuery query) : query_(std::move(query)) {}

  // The same id may come many times: as several events, or several lifetimes.
  void offer(const WorkloadNames& names, bool exists);

  const WorkloadQuery& query() const { return query_; }
  bool none() const { return ids_.empty(); }
  bool ambiguous() const { return ids_.size() > 1; }
  // The one that is meant; null if there is none, or more than one.
  const std::string* only() const { return ids_.size() == 1 ? &*ids_.begin() : nullptr; }
  // Sorted, and at most so many.
  static constexpr std::size_t kMaxCandidates = 10;
  const std::set<std::string, std::less<>>& candidates() const { return ids_; }
  bool more_candidates() const { return more_; }

 private:
  WorkloadQuery query_;
  bool exist_ = false;  // those in ids_
  WorkloadQuery::Match match_ = WorkloadQuery::Match::kNone;
  std::set<std::string, std::less<>> ids_;
  bool more_ = false;
};

}  // namespace tallyman
