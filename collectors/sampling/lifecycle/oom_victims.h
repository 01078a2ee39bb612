// Names in the event of an OOM kill whom it took, where the kernel's log tells. One thread.
#pragma once

#include "collectors/kernel/process/oom_log.h"
#include "collectors/model/events.h"

#include <deque>
#include <functional>
#include <vector>

namespace tallyman {

class OomVictims {
 public:
  // `read` gives those since its last call; asked only when there is an event.
  using Read = std::function<std::vector<OomVictim>()>;
  explicit OomVictims(Read read) : read_(std::move(read)) {}

  // Whoever was killed in the event's workload or below it: in its message and as
  // details `process` and `pid`, those of the last of them. Each is named in one event.
  void name_in(Event& event);

 private:
  static constexpr std::size_t kMaxWaiting = 256;  // for an event that may not come

  Read read_;
  std::deque<OomVictim> waiting_;
};

}  // namespace tallyman
