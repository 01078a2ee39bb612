// What all parsers of this folder share: cutting the kernel's text into rows and fields,
// and reading numbers. Views point into the text that was given; only the rows of a vector
// are copied or allocated.
//
// The rules of every parser:
//
// Pure parsers of the kernel's text formats: text in, typed stats out. No I/O. They
// allocate only for the rows of a vector, which is reused (only parse_cpuinfo has a
// scratch vector; it runs once). Safe on any bytes: they are the fuzz targets. Any number
// of threads.
//
// Every parser that returns `unsigned` returns how many rows it could not parse. Such a
// row changes nothing; all other rows count. Unknown keys, a different order and missing
// keys are no errors: later kernels have them. A last row without its newline is torn and
// counts as not parsed, so that a number cut in half is never taken for a smaller number.
// Numbers above 2^64 - 1, negative numbers and rows with '\r' or NUL bytes also count as
// not parsed.
//
// A struct keeps the fields that the text does not have. A vector is replaced by the
// text's rows (except in parse_blkio) and its memory is reused.
#pragma once

#include "collectors/kernel/formats/text_basics.h"
#include "collectors/kernel/stats/count.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace tallyman::formats {

// to_number(), times `scale`. Empty if the result does not fit into 64 bits.
inline std::optional<std::uint64_t> to_scaled(std::string_view text, std::uint64_t scale) {
  auto value = to_number(text);
  if (value && __builtin_mul_overflow(*value, scale, &*value)) {
    return {};
  }
  return value;
}

inline constexpr std::uint64_t kBytesPerKib = 1024;  // the unit kB of /proc

// The kernel writes neither NUL nor '\r'.
inline bool holds_foul_bytes(std::string_view text) {
  return !text.empty() && (std::memchr(text.data(), '\r', text.size()) != nullptr ||
                           std::memchr(text.data(), '\0', text.size()) != nullptr);
}

// Goes through a text row by row and counts the rows that could not be parsed. A torn
// last row and rows with foul bytes are counted here and never returned.
class RowReader {
 public:
  explicit RowReader(std::string_view text) : rest_(text), foul_(holds_foul_bytes(text)) {}

  // The next row, without its newline.
  bool next(std::string_view& row) {
    while (!rest_.empty()) {
      const void* newline = std::memchr(rest_.data(), '\n', rest_.size());
      if (newline == nullptr) {
        torn_ = rest_;
        rest_ = {};
        ++not_understood_;
        return false;
      }
      const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - rest_.data());
      row = rest_.substr(0, length);
      rest_.remove_prefix(length + 1);
      if (!foul_ || !holds_foul_bytes(row)) {
        return true;
      }
      ++not_understood_;
    }
    return false;
  }

  void expect(bool understood) { not_understood_ += understood ? 0 : 1; }
  // After the last row: the text after the last newline, already counted.
  std::string_view torn() const { return torn_; }
  void forgive_torn() { --not_understood_; }
  unsigned not_understood() const { return not_understood_; }

 private:
  std::string_view rest_, torn_;
  bool foul_;
  unsigned not_understood_ = 0;
};

// Fields between runs of blanks and tabs.
class FieldReader {
 public:
  explicit FieldReader(std::string_view row) : rest_(row) {}

  bool next(std::string_view& field) {
    std::size_t begin = 0;
    while (begin < rest_.size() && is_blank(rest_[begin])) {
      ++begin;
    }
    std::size_t end = begin;
    while (end < rest_.size() && !is_blank(rest_[end])) {
      ++end;
    }
    field = rest_.substr(begin, end - begin);
    rest_.remove_prefix(end);
    return !field.empty();
  }

  template <class T>
  bool next_number(T& value) {
    std::string_view field;
    next(field);
    const auto number = to_number<T>(field);
    value = number.value_or(value);
    return number.has_value();
  }

  bool at_end() {
    std::string_view field;
    return !next(field);
  }

 private:
  std::string_view rest_;
};

// Fills a vector from the front and reuses the previous rows, so that their strings'
// memory is kept. Cuts the vector to length at the end.
template <class Row>
class RowWriter {
 public:
  explicit RowWriter(std::vector<Row>& rows) : rows_(rows) {}
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;
  ~RowWriter() { rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(used_), rows_.end()); }

  // The row to write next: it still has its previous content. It belongs to the result
  // only after keep().
  Row& slot() {
    if (used_ == rows_.size()) {
      rows_.emplace_back();
    }
    return rows_[used_];
  }
  void keep() { ++used_; }
  std::size_t used() const { return used_; }
  void back_to(std::size_t used) { used_ = used; }

 private:
  std::vector<Row>& rows_;
  std::size_t used_ = 0;
};

// Where the value of a key is stored.
struct Target {
  Count* field = nullptr;  // null: an unwanted key
  std::uint64_t scale = 1;
  bool may_wrap = false;  // a value that is_wrapped() is left out, and no error
};

// Rows of "key value". `target_of` gets the key. Values of unwanted keys are not parsed.
template <class TargetOf>
unsigned parse_keyed(std::string_view text, TargetOf target_of) {
  RowReader rows(text);
  for (std::string_view row; rows.next(row);) {
    const std::size_t blank = row.find(' ');
    if (blank == std::string_view::npos || blank == 0) {
      rows.expect(false);
      continue;
    }
    const Target target = target_of(row.substr(0, blank));
    if (target.field == nullptr) {
      continue;
    }
    const Count value = to_scaled(row.substr(blank + 1), target.scale);
    rows.expect(value.has_value());
    if (value && !(target.may_wrap && is_wrapped(*value))) {
      *target.field = value;
    }
  }
  return rows.not_understood();
}

}  // namespace tallyman::formats
