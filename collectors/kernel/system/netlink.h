// Netlink (linux/netlink.h): dumps the kernel's objects, and reads its messages and
// attributes. Their lengths are not trusted: nothing is read beyond the received bytes.
// The readers are pure and are fuzz targets; one thread owns a socket.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace tallyman::netlink {

struct Message {
  std::uint16_t type = 0, flags = 0;
  std::uint32_t sequence = 0;
  std::string_view payload;  // after the header
};

// The messages of one datagram.
class MessageReader {
 public:
  explicit MessageReader(std::string_view datagram) : rest_(datagram) {}
  bool next(Message& message);
  // A length did not fit: the rest was not read.
  bool malformed() const { return malformed_; }

 private:
  std::string_view rest_;
  bool malformed_ = false;
};

struct Attribute {
  std::uint16_t type = 0;  // without the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER
  std::string_view value;
};

class AttributeReader {
 public:
  explicit AttributeReader(std::string_view bytes) : rest_(bytes) {}
  bool next(Attribute& attribute);
  bool malformed() const { return malformed_; }

 private:
  std::string_view rest_;
  bool malformed_ = false;
};

// The value's first bytes as a T, in this machine's byte order; empty if it is shorter.
template <class T>
std::optional<T> as(std::string_view value) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (value.size() < sizeof(T)) {
    return {};
  }
  T result;
  std::memcpy(&result, value.data(), sizeof result);
  return result;
}
// A text, up to its first NUL.
std::string_view as_text(std::string_view value);

// Appends an attribute to a request, padded.
void append_attribute(std::string& request, std::uint16_t type, std::string_view value);
// Appends the bytes of a T to a request.
template <class T>
void append(std::string& request, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  request.append(reinterpret_cast<const char*>(&value), sizeof value);
}

class Socket {
 public:
  // Stays in the network namespace of the calling thread. `protocol`: NETLINK_ROUTE, NETLINK_SOCK_DIAG.
  static Result<Socket> open(int protocol);

  // Requests all objects and passes each message to `each`. The kernel changes the set
  // during a long dump: objects that appear or disappear meanwhile may be missed, nothing
  // else. An answer that does not end within seconds is an error.
  Result<void> dump(std::uint16_t type, std::string_view request, const std::function<void(const Message&)>& each);
  // Requests one object.
  Result<void> ask(std::uint16_t type, std::string_view request, const std::function<void(const Message&)>& each);

 private:
  explicit Socket(FileDescriptor fd);
  Result<void> send(std::uint16_t type, std::uint16_t flags, std::string_view request);
  Result<void> receive(const std::function<void(const Message&)>& each);

  FileDescriptor fd_;
  std::uint32_t sequence_ = 0;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace tallyman::netlink
