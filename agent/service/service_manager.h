// Notifications to systemd (Type=notify): readiness, reloads, the end, a status
// line, and watchdog messages. Without a service manager all functions do nothing.
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

class ServiceManager {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID.
  ServiceManager();

  bool present() const { return present_; }

  void ready(std::string_view status);  // after start-up, and after each reloading()
  void reloading();
  void stopping();
  void status(std::string_view text);  // one line of `systemctl status`

  // The watchdog timeout; empty if there is no watchdog.
  std::optional<std::chrono::microseconds> watchdog_timeout() const { return watchdog_timeout_; }

  // Call it at least four times per timeout, but only while sampling works: a sampler
  // that hangs must not look alive. Notifies systemd at most that often. Returns
  // whether it did. Thread-safe.
  bool feed_watchdog(TimePoint now = std::chrono::steady_clock::now());

 private:
  bool notify(const std::string& state) const;

  bool present_ = false;
  std::optional<std::chrono::microseconds> watchdog_timeout_;
  std::atomic<TimePoint::rep> next_beat_{TimePoint::min().time_since_epoch().count()};
};

}  // namespace tallyman
