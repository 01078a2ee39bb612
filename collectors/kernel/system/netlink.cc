#include "collectors/kernel/system/netlink.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>

namespace tallyman::netlink {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} * 1024;  // the kernel fills 32 KiB at most (netlink_recvmsg)
constexpr timeval kTimeout{2, 0};
constexpr const char* kWhere = "netlink";

// Lengths are padded to four bytes; the last one's padding may be missing.
std::string_view without(std::string_view bytes, std::size_t length) {
  return bytes.substr(std::min(bytes.size(), NLMSG_ALIGN(length)));
}

// Empty: the dump continues. Else how it ended.
std::optional<Result<void>> end_of_dump(const Message& message) {
  if (message.type != NLMSG_DONE && message.type != NLMSG_ERROR) {
    return {};
  }
  const int code = -as<std::int32_t>(message.payload).value_or(0);  // the first field of both kinds
  if (code > 0) {
    return Result<void>(error_from_errno(code, kWhere));
  }
  return Result<void>();  // an error of 0 is the acknowledgement that ask() wants
}

}  // namespace

bool MessageReader::next(Message& message) {
  if (rest_.empty()) {
    return false;
  }
  const auto header = as<nlmsghdr>(rest_);
  if (!header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > rest_.size()) {
    malformed_ = true;
    rest_ = {};
    return false;
  }
  message = {header->nlmsg_type, header->nlmsg_flags, header->nlmsg_seq,
             rest_.substr(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr))};
  rest_ = without(rest_, header->nlmsg_len);
  return true;
}

bool AttributeReader::next(Attribute& attribute) {
  if (rest_.empty()) {
    return false;
  }
  const auto header = as<nlattr>(rest_);
  if (!header || header->nla_len < sizeof(nlattr) || header->nla_len > rest_.size()) {
    malformed_ = true;
    rest_ = {};
    return false;
  }
  attribute = {static_cast<std::uint16_t>(header->nla_type & NLA_TYPE_MASK),
               rest_.substr(sizeof(nlattr), header->nla_len - sizeof(nlattr))};
  rest_ = without(rest_, header->nla_len);
  return true;
}

std::string_view as_text(std::string_view value) { return value.substr(0, value.find('\0')); }

void append_attribute(std::string& request, std::uint16_t type, std::string_view value) {
  nlattr header{};
  header.nla_len = static_cast<std::uint16_t>(sizeof header + value.size());
  header.nla_type = type;
  append(request, header);
  request += value;
  request.resize(NLMSG_ALIGN(request.size()), '\0');
}

Socket::Socket(FileDescriptor fd) : fd_(std::move(fd)), buffer_(std::make_unique<char[]>(kBufferBytes)) {}

Result<Socket> Socket::open(int protocol) {
  FileDescriptor fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd.valid()) {
    return error_from_errno(errno, kWhere);
  }
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kTimeout, sizeof kTimeout) != 0) {
    return error_from_errno(errno, kWhere);
  }
  return Socket(std::move(fd));
}

Result<void> Socket::send(std::uint16_t type, std::uint16_t flags, std::string_view request) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + request.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  header.nlmsg_seq = ++sequence_;
  std::string message;
  append(message, header);
  message += request;
  if (::send(fd_.get(), message.data(), message.size(), 0) < 0) {
    return error_from_errno(errno, kWhere);
  }
  return {};
}

Result<void> Socket::dump(std::uint16_t type, std::string_view request,
                          const std::function<void(const Message&)>& each) {
  const Result<void> sent = send(type, NLM_F_DUMP, request);
  return sent ? receive(each) : sent;
}

Result<void> Socket::ask(std::uint16_t type, std::string_view request,
                         const std::function<void(const Message&)>& each) {
  const Result<void> sent = send(type, NLM_F_ACK, request);
  return sent ? receive(each) : sent;
}

Result<void> Socket::receive(const std::function<void(const Message&)>& each) {
  for (;;) {
    const ssize_t size = recv(fd_.get(), buffer_.get(), kBufferBytes, MSG_TRUNC);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return error_from_errno(size == 0 ? EIO : errno, kWhere);
    }
    if (static_cast<std::size_t>(size) > kBufferBytes) {
      return Error{ErrorKind::kMalformed, EMSGSIZE, kWhere};
    }
    MessageReader messages({buffer_.get(), static_cast<std::size_t>(size)});
    for (Message message; messages.next(message);) {
      if (message.sequence != sequence_) {
        continue;  // from an earlier, abandoned dump
      }
      if (const auto ended = end_of_dump(message)) {
        return *ended;
      }
      each(message);
    }
    if (messages.malformed()) {
      return Error{ErrorKind::kMalformed, 0, kWhere};
    }
  }
}

}  // namespace tallyman::netlink
