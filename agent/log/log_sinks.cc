#include "agent/log/log_sinks.h"

#include "collectors/kernel/system/text.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>

namespace tallyman {
namespace {

// Up to this size, a line with its date is one atomic write to a pipe.
constexpr std::size_t kMaxMessageLength = PIPE_BUF - 96;

// Messages contain untrusted names, so line breaks and escape sequences are replaced.
std::string plain(spdlog::string_view_t payload) {
  std::string text = without_controls({payload.data(), std::min(payload.size(), kMaxMessageLength)}, ' ');
  if (payload.size() > text.size()) text += " [...]";
  return text;
}

enum class Kind { kFile, kSocket, kOther };

Kind kind_of(int descriptor) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return Kind::kOther;
  if (S_ISSOCK(status.st_mode)) return Kind::kSocket;
  return S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) ? Kind::kFile : Kind::kOther;
}

class DescriptorSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  DescriptorSink(int descriptor, DropCounter dropped)
      : kind_(kind_of(descriptor)), descriptor_(descriptor), dropped_(std::move(dropped)) {
    // O_NONBLOCK on the descriptor itself would affect every process that shares the
    // pipe or terminal. Opening it again gives the agent a description of its own.
    if (kind_ != Kind::kOther) return;
    const std::string self = "/proc/self/fd/" + std::to_string(descriptor);
    own_ = open(self.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_APPEND);
  }
  ~DescriptorSink() override {
    if (own_ >= 0) close(own_);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string text = plain(message.payload);
    spdlog::details::log_msg line = message;
    line.payload = text;
    spdlog::memory_buf_t formatted;
    formatter_->format(line, formatted);
    if (lost_ > 0 && !write_lost_notice()) return drop();
    if (!write_whole(formatted.data(), formatted.size())) drop();
  }
  void flush_() override {}

 private:
  void drop() {
    ++lost_;
    dropped_->fetch_add(1, std::memory_order_relaxed);
  }

  bool write_lost_notice() {
    const std::string text =
        std::to_string(lost_) + " log lines were lost before this one: " + std::generic_category().message(last_error_);
    const spdlog::details::log_msg notice("tallyman", spdlog::level::warn, text);
    spdlog::memory_buf_t formatted;
    formatter_->format(notice, formatted);
    if (!write_whole(formatted.data(), formatted.size())) return false;
    lost_ = 0;
    return true;
  }

  bool write_whole(const char* data, std::size_t size) {
    if (torn_) {
      if (write_some("\n", 1) != 1) return false;
      torn_ = false;
    }
    const ssize_t written = write_some(data, size);
    if (written == static_cast<ssize_t>(size)) return true;
    torn_ = written > 0;
    if (torn_) last_error_ = ENOSPC;
    return false;
  }

  ssize_t write_some(const char* data, std::size_t size) {
    const ssize_t written = write_once(data, size);
    if (written < 0) last_error_ = errno;
    return written;
  }

  ssize_t write_once(const char* data, std::size_t size) const {
    if (kind_ == Kind::kSocket) return send(descriptor_, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (own_ >= 0) return write(own_, data, size);
    if (kind_ == Kind::kOther) {
      pollfd ready{descriptor_, POLLOUT, 0};
      if (poll(&ready, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
      }
    }
    return write(descriptor_, data, size);
  }

  const Kind kind_;
  const int descriptor_;
  int own_ = -1;
  DropCounter dropped_;
  std::uint64_t lost_ = 0;
  int last_error_ = 0;
  bool torn_ = false;  // the last line was written without its end
};

int syslog_priority(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
      return 2;
    case spdlog::level::err:
      return 3;
    case spdlog::level::warn:
      return 4;
    case spdlog::level::trace:
    case spdlog::level::debug:
      return 7;
    default:
      return 6;
  }
}

class JournalSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  JournalSink(const std::string& path, spdlog::sink_ptr fallback, DropCounter dropped)
      : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
        fallback_(std::move(fallback)),
        dropped_(std::move(dropped)) {
    address_.sun_family = AF_UNIX;
    path.copy(address_.sun_path, sizeof address_.sun_path - 1);
  }
  ~JournalSink() override {
    if (socket_ >= 0) close(socket_);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string datagram = "MESSAGE=" + plain(message.payload) +
                                 "\nPRIORITY=" + std::to_string(syslog_priority(message.level)) +
                                 "\nSYSLOG_IDENTIFIER=tallyman\n";
    const auto* address = reinterpret_cast<const sockaddr*>(&address_);
    if (sendto(socket_, datagram.data(), datagram.size(), MSG_NOSIGNAL, address, sizeof address_) >= 0) return;
    if (errno == EAGAIN || errno == ENOBUFS) {
      dropped_->fetch_add(1, std::memory_order_relaxed);
    } else {
      fallback_->log(message);
    }
  }
  void flush_() override {}
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
    fallback_->set_formatter(formatter->clone());
    formatter_ = std::move(formatter);
  }

 private:
  const int socket_;
  sockaddr_un address_{};
  spdlog::sink_ptr fallback_;
  DropCounter dropped_;
};

}  // namespace

spdlog::sink_ptr make_descriptor_sink(int descriptor, DropCounter dropped) {
  return std::make_shared<DescriptorSink>(descriptor, std::move(dropped));
}

spdlog::sink_ptr make_journal_sink(const std::string& socket_path, spdlog::sink_ptr fallback, DropCounter dropped) {
  return std::make_shared<JournalSink>(socket_path, std::move(fallback), std::move(dropped));
}

bool is_journal_stream(int descriptor, const char* journal_stream) {
  struct stat status;
  if (journal_stream == nullptr || fstat(descriptor, &status) != 0) return false;
  return journal_stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

}  // namespace tallyman
