// One bucket of a bbolt file (https://github.com/etcd-io/bbolt: the layout in page.go and
// node.go), in which containerd keeps what its state directory does not have. The file's owner
// may write meanwhile: it never changes a page that its newest root reaches, so a reading is
// right if the newest root is the same before and after.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace tallyman {

using BoltPairs = std::map<std::string, std::string>;

// The pairs of the bucket that `path` leads to from the root, without the buckets inside of it.
// `file` is open for reading. kUnsupported: there is no such bucket. kMalformed: not such a
// file, or more than its bounds allow. kGone: written to faster than it can be read.
Result<BoltPairs> read_bolt_bucket(const FileDescriptor& file, std::span<const std::string_view> path);

}  // namespace tallyman
