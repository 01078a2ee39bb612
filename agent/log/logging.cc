#include "agent/log/logging.h"

#include "agent/log/log_sinks.h"
#include "agent/log/repeat_limiter.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>

namespace tallyman {
namespace {

constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";

const DropCounter& drop_counter() {
  static const auto kCounter = std::make_shared<std::atomic<std::uint64_t>>(0);
  return kCounter;
}

RepeatLimiter& limiter() {
  static RepeatLimiter kLimiter;
  return kLimiter;
}

bool to_journal(const Options::Log& options) {
  if (options.format != "auto") return options.format == "journal";
  return is_journal_stream(STDERR_FILENO, std::getenv("JOURNAL_STREAM"));
}

void reserve_standard_descriptors() {
  // open() takes the lowest free number.
  int descriptor = open("/dev/null", O_RDWR | O_NOCTTY);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO) descriptor = open("/dev/null", O_RDWR | O_NOCTTY);
  if (descriptor >= 0) close(descriptor);
}

void make_logger(const Options::Log& options) {
  auto sink = make_descriptor_sink(STDERR_FILENO, drop_counter());
  if (to_journal(options)) sink = make_journal_sink(kJournalSocket, sink, drop_counter());
  const auto logger = std::make_shared<spdlog::logger>("tallyman", std::move(sink));
  logger->set_pattern(kPattern, spdlog::pattern_time_type::utc);
  logger->set_error_handler([](const std::string&) { drop_counter()->fetch_add(1, std::memory_order_relaxed); });
  spdlog::set_default_logger(logger);
}

}  // namespace

// spdlog's default logger cannot be replaced while other threads log.
void set_up_logging(const Options::Log& options) {
  static std::once_flag made;
  std::call_once(made, [&] {
    reserve_standard_descriptors();
    make_logger(options);
  });
  set_log_level(options.level);
}

void set_log_level(std::string_view level) {
  spdlog::default_logger_raw()->set_level(spdlog::level::from_str(std::string(level)));
}

std::uint64_t log_lines_dropped() { return drop_counter()->load(std::memory_order_relaxed); }

void warn_limited(std::string_view cause, const std::string& message) {
  const auto repeats = limiter().admit(cause);
  if (repeats && *repeats == 0) spdlog::warn("{}", message);
  if (repeats && *repeats > 0) spdlog::warn("{} ({} more times since the last message)", message, *repeats);
  log_suppressed_warnings();
}

void warn_limited(const std::string& message) { warn_limited(message, message); }

void log_suppressed_warnings() {
  for (const auto& suppressed : limiter().take_suppressed()) {
    spdlog::warn("{}: {} more times since the last message", suppressed.cause, suppressed.repeats);
  }
}

}  // namespace tallyman
