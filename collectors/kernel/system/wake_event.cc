#include "collectors/kernel/system/wake_event.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <span>

namespace tallyman {
namespace {

int poll_until(std::span<pollfd> events, std::chrono::steady_clock::time_point until) {
  const auto left = std::max(until - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{seconds.count(), std::chrono::duration_cast<std::chrono::nanoseconds>(left - seconds).count()};
  return ppoll(events.data(), events.size(), &timeout, nullptr);
}

}  // namespace

WakeEvent::WakeEvent() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void WakeEvent::ring() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(fd_.get(), &one, sizeof one);
}

bool WakeEvent::take() {
  std::uint64_t count = 0;
  return read(fd_.get(), &count, sizeof count) == sizeof count;
}

bool WakeEvent::wait_until(std::chrono::steady_clock::time_point until, const WakeEvent* other) {
  for (;;) {
    pollfd events[] = {{fd_.get(), POLLIN, 0}, {other == nullptr ? -1 : other->fd_.get(), POLLIN, 0}};
    const int ready = poll_until(events, until);
    if (ready > 0 && events[0].revents != 0 && take()) {
      return true;
    }
    if (ready == 0 || (ready > 0 && events[1].revents != 0) || (ready < 0 && errno != EINTR)) {
      return false;
    }
  }
}

bool WakeEvent::is_rung_until(std::chrono::steady_clock::time_point until) const {
  for (;;) {
    pollfd event[] = {{fd_.get(), POLLIN, 0}};
    const int ready = poll_until(event, until);
    if (ready >= 0 || errno != EINTR) {
      return ready > 0;
    }
  }
}

}  // namespace tallyman
