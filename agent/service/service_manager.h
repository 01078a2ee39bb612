// What systemd is told (Type=notify): readiness, reloads, the end, a line of
// status, and that the agent is alive. Without a service manager all of it does
// nothing. Thread-safe.
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

  // Looks at $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID.
  ServiceManager();

  bool present() const { return present_; }

  void ready(std::string_view status);  // after start-up, and after each reloading()
  void reloading();
  void stopping();
  void status(std::string_view text);  // one line of `systemctl status`

  // How long the agent may be silent; empty: nobody watches.
  std::optional<std::chrono::microseconds> watchdog_timeout() const { return watchdog_timeout_; }

  // To be called at least four times a timeout, while sampling goes on: a
  // sampler that hangs must not seem alive. Tells systemd at most so often.
  // Returns whether it did. Thread-safe.
  bool feed_watchdog(TimePoint now = std::chrono::steady_clock::now());

 private:
  bool notify(const std::string& state) const;

  bool present_ = false;
  std::optional<std::chrono::microseconds> watchdog_timeout_;
  std::atomic<TimePoint::rep> next_beat_{TimePoint::min().time_since_epoch().count()};
};

}  // namespace tallyman
