// Names the killed process in the event of an OOM kill, if the kernel's log has it. One
// thread.
#pragma once

#include "collectors/kernel/process/oom_log.h"
#include "collectors/model/events.h"

#include <deque>
#include <functional>
#include <vector>

namespace tallyman {

class OomVictims {
 public:
  // `read` returns the victims since its last call; called only if there is an event.
  using Read = std::function<std::vector<OomVictim>()>;
  explicit OomVictims(Read read) : read_(std::move(read)) {}

  // The processes killed in the event's workload or below it: named in its message; the
  // last one also in its details `process` and `pid`. Each is named in one event.
  void name_in(Event& event);

 private:
  static constexpr std::size_t kMaxWaiting = 256;  // the event may never arrive

  Read read_;
  std::deque<OomVictim> waiting_;
};

}  // namespace tallyman
