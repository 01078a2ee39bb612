// Reading an inotify instance, see inotify(7).
#pragma once

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace tallyman {

// Calls take(watch, mask, name) for each event that waits on `fd`, which must be
// non-blocking. `name` is empty if the event is about the watched object itself, and is
// valid only during the call. After `max_reads` of 64 KiB it leaves the rest: an endless
// source of events must not block everything else.
template <typename Take>
void read_inotify_events(int fd, int max_reads, const Take& take) {
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  for (int reads = 0; reads < max_reads; ++reads) {
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      take(event.wd, event.mask, std::string_view(name, strnlen(name, event.len)));
      at += sizeof event + event.len;
    }
  }
}

}  // namespace tallyman
