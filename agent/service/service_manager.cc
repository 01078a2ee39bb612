#include "agent/service/service_manager.h"

#include "collectors/kernel/system/text.h"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <cstdlib>

namespace tallyman {
namespace {

constexpr std::size_t kMaxStatusLength = 500;

// A line break would start another assignment.
std::string status_line(std::string_view text) {
  return "STATUS=" + without_controls(text.substr(0, kMaxStatusLength), ' ');
}

}  // namespace

ServiceManager::ServiceManager() : present_(std::getenv("NOTIFY_SOCKET") != nullptr) {
  std::uint64_t timeout_usec = 0;
  if (present_ && sd_watchdog_enabled(0, &timeout_usec) > 0) {
    watchdog_timeout_ = std::chrono::microseconds(timeout_usec);
  }
}

bool ServiceManager::notify(const std::string& state) const { return present_ && sd_notify(0, state.c_str()) > 0; }

void ServiceManager::ready(std::string_view status) { notify("READY=1\n" + status_line(status)); }

void ServiceManager::reloading() {
  // Type=notify-reload uses the time to identify the reload.
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto now_usec = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_usec));
}

void ServiceManager::stopping() { notify("STOPPING=1"); }

void ServiceManager::status(std::string_view text) { notify(status_line(text)); }

bool ServiceManager::feed_watchdog(TimePoint now) {
  if (!watchdog_timeout_) return false;
  auto next = next_beat_.load();
  if (now.time_since_epoch().count() < next) return false;
  const auto following = now + std::chrono::duration_cast<TimePoint::duration>(*watchdog_timeout_ / 4);
  if (!next_beat_.compare_exchange_strong(next, following.time_since_epoch().count())) return false;
  return notify("WATCHDOG=1");
}

}  // namespace tallyman
