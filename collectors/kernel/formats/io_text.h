// Formats of block I/O accounting: cgroup-v2.rst and cgroup-v1/blkio-controller.rst
// in the kernel's Documentation/admin-guide.
// The rules of text_scanner.h hold.
#pragma once

#include <string_view>
#include <vector>

namespace tallyman {
struct IoDeviceStats;
}  // namespace tallyman

namespace tallyman::formats {

// io.stat. One row per device: "254:0 rbytes=1 wbytes=2 rios=3 ...". Oddities of real
// kernels: "7:7 7:6 7:5 rbytes=0" (devices without values run into the next row: the last
// number pair owns the values), "252:0 \n" (no values: no row, and no error even at the
// end of the text, where the newline is missing), "(unknown) rbytes=..." (the device is
// gone: skipped, no error).
unsigned parse_io_stat(std::string_view text, std::vector<IoDeviceStats>& out);

// v1 blkio.throttle.io_service_bytes_recursive and io_serviced_recursive:
// "254:0 Read 4096\n" ... "Total 4096\n". Rows for a device are merged into
// `out`, so that the two files fill one vector. "Total 0" alone: no row.
enum class BlkioFile { kBytes, kOperations };
unsigned parse_blkio(std::string_view text, BlkioFile which, std::vector<IoDeviceStats>& out);

}  // namespace tallyman::formats
