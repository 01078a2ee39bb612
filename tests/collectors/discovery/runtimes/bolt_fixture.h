// Writes files as bbolt lays them out, for the tests of what reads them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

constexpr std::size_t kBoltPageBytes = 4096;

template <class T>
std::string bolt_number(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

struct BoltEntry {
  std::string key, value;
  bool is_bucket = false;
};

// A page's header. `count` elements, `overflow` more pages.
inline std::string bolt_header(std::uint64_t id, std::uint16_t flags, std::size_t count, std::uint32_t overflow = 0) {
  return bolt_number(id) + bolt_number(flags) + bolt_number(static_cast<std::uint16_t>(count)) + bolt_number(overflow);
}

inline std::string bolt_leaf(const std::vector<BoltEntry>& entries, std::uint64_t id = 0) {
  std::string elements, data;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::size_t to_data = (entries.size() - i) * 16 + data.size();
    elements += bolt_number<std::uint32_t>(entries[i].is_bucket ? 1 : 0) +
                bolt_number(static_cast<std::uint32_t>(to_data)) +
                bolt_number(static_cast<std::uint32_t>(entries[i].key.size())) +
                bolt_number(static_cast<std::uint32_t>(entries[i].value.size()));
    data += entries[i].key + entries[i].value;
  }
  const std::size_t bytes = 16 + elements.size() + data.size();
  return bolt_header(id, 2, entries.size(), static_cast<std::uint32_t>((bytes - 1) / kBoltPageBytes)) + elements + data;
}

// Children: the first key of each, and its page.
inline std::string bolt_branch(const std::vector<std::pair<std::string, std::uint64_t>>& children) {
  std::string elements, data;
  for (std::size_t i = 0; i < children.size(); ++i) {
    const std::size_t to_data = (children.size() - i) * 16 + data.size();
    elements += bolt_number(static_cast<std::uint32_t>(to_data)) +
                bolt_number(static_cast<std::uint32_t>(children[i].first.size())) + bolt_number(children[i].second);
    data += children[i].first;
  }
  return bolt_header(0, 1, children.size()) + elements + data;
}

// A bucket that is inside of its parent's value, and one whose root is a page.
inline BoltEntry bolt_bucket(const std::string& name, const std::vector<BoltEntry>& entries) {
  return {name, bolt_number<std::uint64_t>(0) + bolt_number<std::uint64_t>(0) + bolt_leaf(entries), true};
}
inline BoltEntry bolt_bucket_at(const std::string& name, std::uint64_t page) {
  return {name, bolt_number(page) + bolt_number<std::uint64_t>(0), true};
}

inline std::string bolt_meta(std::uint64_t root, std::uint64_t transaction) {
  const std::string fields = bolt_number<std::uint32_t>(0xED0CDAED) + bolt_number<std::uint32_t>(2) +
                             bolt_number(static_cast<std::uint32_t>(kBoltPageBytes)) + bolt_number<std::uint32_t>(0) +
                             bolt_number(root) + bolt_number<std::uint64_t>(0) + bolt_number<std::uint64_t>(2) +
                             bolt_number<std::uint64_t>(64) + bolt_number(transaction);
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char byte : fields) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  return bolt_header(0, 4, 0) + fields + bolt_number(hash);
}

// Pages 0 and 1 are metas of transactions 6 and 7, 2 the list of free pages; `pages` follow from
// page 3, each padded to whole pages. The newer meta's root is page 3.
inline std::string bolt_file(const std::vector<std::string>& pages) {
  std::string file;
  const auto add = [&file](std::string page) {
    page.resize((page.size() + kBoltPageBytes - 1) / kBoltPageBytes * kBoltPageBytes);
    file += page;
  };
  add(bolt_meta(2, 6));
  add(bolt_meta(3, 7));
  add(bolt_leaf({}));
  for (const std::string& page : pages) add(page);
  return file;
}

}  // namespace tallyman
