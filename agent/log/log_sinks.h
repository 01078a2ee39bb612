// Sinks for log lines: a descriptor, or the systemd journal. They never block,
// throw or retry: a line that cannot be written now is dropped and counted. When a
// descriptor accepts lines again, the number of lost lines is written first.
// Thread-safe, as spdlog's own sinks.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <spdlog/spdlog.h>

namespace tallyman {

using DropCounter = std::shared_ptr<std::atomic<std::uint64_t>>;

// `descriptor` stays the caller's. Writing to a pipe or socket without a reader
// raises SIGPIPE unless that is ignored.
spdlog::sink_ptr make_descriptor_sink(int descriptor, DropCounter dropped);

// Datagrams in the journal's native protocol; lines that it refuses go to `fallback`.
spdlog::sink_ptr make_journal_sink(const std::string& socket_path, spdlog::sink_ptr fallback, DropCounter dropped);

// $JOURNAL_STREAM, "DEVICE:INODE", names what `descriptor` is connected to.
bool is_journal_stream(int descriptor, const char* journal_stream);

}  // namespace tallyman
