#include "collectors/discovery/runtimes/bolt_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace tallyman {
namespace {

constexpr std::uint32_t kMagic = 0xED0CDAED, kVersion = 2;
constexpr std::uint16_t kBranch = 0x01, kLeaf = 0x02;
constexpr std::uint32_t kIsBucket = 0x01;
constexpr std::size_t kPageHeader = 16, kMetaBytes = 64, kElement = 16, kBucketHeader = 16;
constexpr std::size_t kMinPageBytes = 512, kMaxPageBytes = std::size_t{64} * 1024;
// A page and what overflows it; pages from the root to a leaf; pairs of one bucket.
constexpr std::size_t kMaxNodeBytes = std::size_t{4} * 1024 * 1024, kMaxDepth = 24, kMaxPairs = 4096;
constexpr std::size_t kMaxPages = 512;  // for one bucket
constexpr int kMaxReadings = 3;

const char* const kWhere = "bbolt file";
const Error kMalformed{ErrorKind::kMalformed, 0, kWhere};

// The owner's byte order is this machine's. The caller has checked the bounds.
template <class T>
T number_at(std::string_view bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

std::optional<std::string_view> part(std::string_view bytes, std::size_t at, std::size_t size) {
  if (at > bytes.size() || size > bytes.size() - at) return {};
  return bytes.substr(at, size);
}

struct Meta {
  std::size_t page_bytes = 0;
  std::uint64_t root_page = 0, transaction = 0;
};

// FNV-1a of 64 bits, over all fields before the checksum itself.
std::uint64_t checksum_of(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  return hash;
}

// magic, version, page size, flags, root page, sequence, freelist, high-water mark, transaction, checksum
std::optional<Meta> parse_meta(std::string_view bytes) {
  constexpr std::size_t kPageBytesAt = 8, kRootAt = 16, kTransactionAt = 48, kChecksumAt = 56;
  if (bytes.size() < kMetaBytes || number_at<std::uint32_t>(bytes, 0) != kMagic ||
      number_at<std::uint32_t>(bytes, 4) != kVersion ||
      number_at<std::uint64_t>(bytes, kChecksumAt) != checksum_of(bytes.substr(0, kChecksumAt)))
    return {};
  const Meta meta{number_at<std::uint32_t>(bytes, kPageBytesAt), number_at<std::uint64_t>(bytes, kRootAt),
                  number_at<std::uint64_t>(bytes, kTransactionAt)};
  if (meta.page_bytes < kMinPageBytes || meta.page_bytes > kMaxPageBytes) return {};
  return meta;
}

using Bytes = std::vector<char>;

std::string_view text_of(const Bytes& bytes) { return {bytes.data(), bytes.size()}; }

// A branch or leaf: a header, then the elements, then the keys and values they point to.
class Node {
 public:
  static std::optional<Node> of(Bytes bytes) {
    if (bytes.size() < kPageHeader) return {};
    Node node;
    node.flags_ = number_at<std::uint16_t>(text_of(bytes), 8);
    node.count_ = number_at<std::uint16_t>(text_of(bytes), 10);
    node.bytes_ = std::move(bytes);
    const bool known = node.flags_ == kBranch || node.flags_ == kLeaf;
    if (!known || (node.bytes_.size() - kPageHeader) / kElement < node.count_) return {};
    return node;
  }

  bool is_leaf() const { return flags_ == kLeaf; }
  std::size_t count() const { return count_; }
  bool is_bucket(std::size_t i) const { return (number_at<std::uint32_t>(text_of(bytes_), at(i)) & kIsBucket) != 0; }
  std::uint64_t child(std::size_t i) const { return number_at<std::uint64_t>(text_of(bytes_), at(i) + 8); }
  std::optional<std::string_view> key(std::size_t i) const {
    const std::string_view bytes = text_of(bytes_);
    const std::size_t field = is_leaf() ? 4 : 0;
    return part(bytes, at(i) + number_at<std::uint32_t>(bytes, at(i) + field),
                number_at<std::uint32_t>(bytes, at(i) + field + 4));
  }
  std::optional<std::string_view> value(std::size_t i) const {
    const std::string_view bytes = text_of(bytes_);
    const std::size_t begin = at(i) + number_at<std::uint32_t>(bytes, at(i) + 4);
    return part(bytes, begin + number_at<std::uint32_t>(bytes, at(i) + 8), number_at<std::uint32_t>(bytes, at(i) + 12));
  }

 private:
  static std::size_t at(std::size_t i) { return kPageHeader + i * kElement; }

  Bytes bytes_;
  std::uint16_t flags_ = 0, count_ = 0;
};

class Reader {
 public:
  explicit Reader(int fd) : fd_(fd) {}

  // Of the two at the file's begin the one of the later transaction: the other is being written.
  Result<Meta> newest_meta() const {
    const std::optional<Meta> first = parse_meta(text_of(bytes_at(kPageHeader, kMetaBytes)));
    std::optional<Meta> newest = first;
    for (std::size_t page = kMinPageBytes; page <= kMaxPageBytes; page *= 2) {
      if (first && first->page_bytes != page) continue;
      const auto second = parse_meta(text_of(bytes_at(page + kPageHeader, kMetaBytes)));
      if (second && second->page_bytes == page && (!newest || second->transaction > newest->transaction))
        newest = second;
    }
    if (!newest) return kMalformed;
    return *newest;
  }

  Result<BoltPairs> read(const Meta& meta, std::span<const std::string_view> path) {
    page_bytes_ = meta.page_bytes;
    pages_left_ = kMaxPages;
    auto node = page(meta.root_page);
    for (const std::string_view name : path) {
      if (!node) return node.error();
      node = bucket_in(std::move(*node), name);
    }
    if (!node) return node.error();
    BoltPairs pairs;
    if (!collect(*node, pairs, 0)) return kMalformed;
    return pairs;
  }

 private:
  // What there is of it.
  Bytes bytes_at(std::uint64_t offset, std::size_t size) const {
    Bytes bytes(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = pread(fd_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }

  Result<Node> page(std::uint64_t id) {
    constexpr std::uint64_t kMaxId = std::uint64_t{1} << 40;
    if (pages_left_ == 0 || id > kMaxId) return kMalformed;
    --pages_left_;
    Bytes bytes = bytes_at(id * page_bytes_, page_bytes_);
    if (bytes.size() < kPageHeader) return kMalformed;
    const std::uint64_t overflow = number_at<std::uint32_t>(text_of(bytes), 12);
    if (overflow >= kMaxNodeBytes / page_bytes_) return kMalformed;
    if (overflow > 0) {
      const Bytes more = bytes_at((id + 1) * page_bytes_, static_cast<std::size_t>(overflow) * page_bytes_);
      bytes.insert(bytes.end(), more.begin(), more.end());
    }
    auto node = Node::of(std::move(bytes));
    if (!node) return kMalformed;
    return std::move(*node);
  }

  // A small bucket is inside of its parent's value, behind the header.
  Result<Node> bucket_in(Node node, std::string_view name) {
    for (std::size_t depth = 0; depth < kMaxDepth; ++depth) {
      const std::size_t i = place_of(node, name);
      if (i == node.count()) return Error{ErrorKind::kUnsupported, ENOENT, std::string(name)};
      if (!node.is_leaf()) {
        auto child = page(node.child(i));
        if (!child) return child.error();
        node = std::move(*child);
        continue;
      }
      const auto value = node.value(i);
      if (!value || !node.is_bucket(i) || value->size() < kBucketHeader) return kMalformed;
      if (const auto root = number_at<std::uint64_t>(*value, 0); root != 0) return page(root);
      auto inside = Node::of(Bytes(value->begin() + kBucketHeader, value->end()));
      if (!inside) return kMalformed;
      return std::move(*inside);
    }
    return kMalformed;
  }

  // In a leaf the element of that key, in a branch the last that is not behind it; count() if none.
  static std::size_t place_of(const Node& node, std::string_view name) {
    std::size_t first = 0, last = node.count();
    while (first < last) {
      const std::size_t middle = (first + last) / 2;
      const auto key = node.key(middle);
      if (key && *key <= name) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    if (first == 0) return node.count();
    if (node.is_leaf() && node.key(first - 1) != name) return node.count();
    return first - 1;
  }

  bool collect(const Node& node, BoltPairs& pairs, std::size_t depth) {
    if (depth == kMaxDepth) return false;
    for (std::size_t i = 0; i < node.count(); ++i) {
      if (!node.is_leaf()) {
        const auto child = page(node.child(i));
        if (!child || !collect(*child, pairs, depth + 1)) return false;
        continue;
      }
      if (node.is_bucket(i)) continue;
      const auto key = node.key(i), value = node.value(i);
      if (!key || !value || pairs.size() == kMaxPairs) return false;
      pairs.emplace(*key, *value);
    }
    return true;
  }

  int fd_;
  std::size_t page_bytes_ = 0, pages_left_ = 0;
};

}  // namespace

Result<BoltPairs> read_bolt_bucket(const FileDescriptor& file, std::span<const std::string_view> path) {
  Reader reader(file.get());
  for (int reading = 0; reading < kMaxReadings; ++reading) {
    const auto before = reader.newest_meta();
    if (!before) return before.error();
    auto pairs = reader.read(*before, path);
    const auto after = reader.newest_meta();
    if (after && after->transaction == before->transaction) return pairs;
  }
  return Error{ErrorKind::kGone, 0, kWhere};
}

}  // namespace tallyman
