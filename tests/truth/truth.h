// Parts of the truth program: loads of exactly known size, to hold the agent's
// figures against. Each prints one line that says what it has done, and ends the
// program with a message on stderr when it cannot.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tallyman::truth {

inline constexpr std::uint64_t kMebibyte = 1024 * 1024;

[[noreturn]] void fail(std::string_view what);        // exit 1
[[noreturn]] void fail_errno(std::string_view what);  // exit 1, with errno's text
// One line on stdout, at once.
void say(const std::string& line);

// Writes so many MiB of incompressible bytes, and fsyncs. `direct`: past the page cache.
void write_file(const std::string& path, std::uint64_t mebibytes, bool direct);
// Reads the whole file; drops its pages from the cache first where the kernel lets it.
void read_file(const std::string& path, bool direct);

// Exactly `bytes` of TCP payload on one connection; host is an IPv4 address. The
// sender waits up to 10 s for a receiver to listen, and until it has taken all.
void send_bytes(const std::string& host, std::uint16_t port, std::uint64_t bytes);
void receive_bytes(std::uint16_t port, std::uint64_t bytes);

}  // namespace tallyman::truth
