#include "exporters/prometheus_text.h"
#include "collectors/model/catalogue.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace tallyman {
namespace {

constexpr std::size_t kValueBytes = 32;  // enough for any value and its separators

// Writes into a string in steps of a few lines, because a string is filled when it
// grows. Short steps stay in the first-level cache, and memory is fetched while the
// previous lines are being written.
class TextBuffer {
 public:
  // Keeps the first `kept` bytes of `out` and overwrites the rest.
  TextBuffer(std::string& out, std::size_t kept) : out_(out), at_(out.data() + kept), end_(out.data() + out.size()) {}
  ~TextBuffer() { out_.resize(used()); }
  TextBuffer(const TextBuffer&) = delete;
  TextBuffer& operator=(const TextBuffer&) = delete;

  // Room for the next `bytes` bytes; advance() ends the step.
  char* room(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
    return at_;
  }
  void advance(char* written_to) { at_ = written_to; }
  void append(std::string_view text) {
    std::memcpy(room(text.size()), text.data(), text.size());
    at_ += text.size();
  }

 private:
  static constexpr std::size_t kStepBytes = 1024;

  std::size_t used() const { return static_cast<std::size_t>(at_ - out_.data()); }
  void grow(std::size_t bytes) {
    const std::size_t before = used();
    out_.resize(before + std::max(bytes, kStepBytes));
    at_ = out_.data() + before;
    end_ = out_.data() + out_.size();
  }

  std::string& out_;
  char* at_;
  char* end_;
};

char* copy(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

unsigned decimals(Scale scale) {
  switch (scale) {
    case Scale::kUnits:
      return 0;
    case Scale::kMilliseconds:
      return 3;
    case Scale::kMicroseconds:
      return 6;
    case Scale::kNanoseconds:
      return 9;
  }
  return 0;
}

char* write_fraction(char* to, std::uint64_t fraction, unsigned digits) {
  while (fraction % 10 == 0) {
    fraction /= 10;
    --digits;
  }
  *to = '.';
  for (unsigned i = digits; i > 0; --i, fraction /= 10) to[i] = static_cast<char>('0' + fraction % 10);
  return to + digits + 1;
}

// `to` has room for kValueBytes.
char* write_value(char* to, std::uint64_t value, Scale scale) {
  if (scale == Scale::kUnits) return std::to_chars(to, to + kValueBytes, value).ptr;
  const unsigned digits = decimals(scale);
  const std::uint64_t one = digits == 9 ? 1'000'000'000 : digits == 6 ? 1'000'000 : 1'000;
  to = std::to_chars(to, to + kValueBytes, value / one).ptr;
  const std::uint64_t fraction = value % one;
  return fraction == 0 ? to : write_fraction(to, fraction, digits);
}

// The current position in the series of one block, which are sorted by metric.
struct Cursor {
  const Series* next;
  const Series* end;
  const std::uint64_t* values;
  std::string_view base_labels;
  const char* extra_labels;
};

std::vector<Cursor> make_cursors(const Snapshot& snapshot) {
  std::vector<Cursor> cursors;
  cursors.reserve(snapshot.layout->blocks.size());
  for (const Block& block : snapshot.layout->blocks) {
    const SeriesPlan& plan = *block.plan;
    const Series* first = plan.series.data();
    cursors.push_back({first, first + plan.series.size(), snapshot.values.data() + block.first_slot, plan.base_labels,
                       plan.extra_labels.data()});
  }
  return cursors;
}

void write_line(TextBuffer& text, std::string_view name, const Cursor& cursor, const Series& series,
                std::uint64_t value, Scale scale) {
  char* to = text.room(name.size() + cursor.base_labels.size() + series.labels_size + kValueBytes);
  to = copy(to, name);
  if (cursor.base_labels.size() + series.labels_size != 0) {
    *to++ = '{';
    to = copy(to, cursor.base_labels);
    if (series.labels_size != 0) {
      if (!cursor.base_labels.empty()) *to++ = ',';
      to = copy(to, {cursor.extra_labels + series.labels_offset, series.labels_size});
    }
    *to++ = '}';
  }
  *to++ = ' ';
  to = write_value(to, value, scale);
  *to++ = '\n';
  text.advance(to);
}

// A family needs one line of each block, and all blocks together exceed the CPU's
// caches, so prefetch the next ones. This takes two steps, because the series
// holds the position of its value.
constexpr std::size_t kSeriesAhead = 10, kValuesAhead = 5;

void fetch_ahead(const std::vector<Cursor>& cursors, std::size_t at) {
  if (at + kSeriesAhead < cursors.size()) {
    __builtin_prefetch(cursors[at + kSeriesAhead].next);
  }
  if (at + kValuesAhead < cursors.size()) {
    const Cursor& soon = cursors[at + kValuesAhead];
    if (soon.next != soon.end) {
      __builtin_prefetch(soon.values + soon.next->slot);
      const char* labels = soon.base_labels.data();
      for (std::size_t line = 0; line < soon.base_labels.size(); line += 64) __builtin_prefetch(labels + line);
    }
  }
}

void render_family(TextBuffer& text, std::vector<Cursor>& cursors, MetricId id, const MetricDefinition& metric,
                   TextFormat format) {
  bool any = false;
  for (std::size_t i = 0; i < cursors.size(); ++i) {
    fetch_ahead(cursors, i);
    Cursor& cursor = cursors[i];
    while (cursor.next != cursor.end && cursor.next->metric < id) ++cursor.next;
    for (; cursor.next != cursor.end && cursor.next->metric == id; ++cursor.next) {
      const std::uint64_t value = cursor.values[cursor.next->slot];
      if (value == kAbsent) continue;
      if (!any) {
        std::string header;
        append_family_header(header, metric, format);
        text.append(header);
        any = true;
      }
      write_line(text, metric.name, cursor, *cursor.next, value, metric.scale);
    }
  }
}

void render(TextBuffer& text, const Snapshot& snapshot, TextFormat format, const FamilyFilter& filter,
            std::span<const CatalogueEntry> metrics) {
  std::vector<Cursor> cursors = make_cursors(snapshot);
  for (std::size_t id = 0; id < metrics.size(); ++id) {
    if (!filter.empty() && (id >= filter.size() || !filter[id])) continue;
    render_family(text, cursors, static_cast<MetricId>(id), *metrics[id].definition, format);
  }
}

void append_help(std::string& out, std::string_view help, TextFormat format) {
  for (char c : help) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (c == '"' && format == TextFormat::kOpenMetrics)) out += '\\';
    out += c;
  }
}

constexpr std::string_view kTotal = "_total";

}  // namespace

std::string_view content_type(TextFormat format) {
  return format == TextFormat::kOpenMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                            : "text/plain; version=0.0.4; charset=utf-8";
}

void append_family_header(std::string& out, const MetricDefinition& metric, TextFormat format) {
  std::string_view family = metric.name;
  std::string_view type = to_string(metric.type);
  if (format == TextFormat::kOpenMetrics && metric.type == MetricType::kCounter) {
    if (family.ends_with(kTotal)) {
      family.remove_suffix(kTotal.size());
    } else {
      type = "unknown";
    }
  }
  out.append("# HELP ").append(family).append(" ");
  append_help(out, metric.help, format);
  out.append("\n# TYPE ").append(family).append(" ").append(type).append("\n");
  const std::size_t unit = metric.unit.size();
  if (format == TextFormat::kOpenMetrics && unit != 0 && family.size() > unit && family.ends_with(metric.unit) &&
      family[family.size() - unit - 1] == '_') {
    out.append("# UNIT ").append(family).append(" ").append(metric.unit).append("\n");
  }
}

void render_families(const Snapshot& snapshot, TextFormat format, const FamilyFilter& filter, std::string& out,
                     std::span<const CatalogueEntry> metrics) {
  TextBuffer text(out, out.size());
  render(text, snapshot, format, filter, metrics);
}

void replace_by_families(const Snapshot& snapshot, TextFormat format, const FamilyFilter& filter, std::string& out,
                         std::span<const CatalogueEntry> metrics) {
  TextBuffer text(out, 0);
  render(text, snapshot, format, filter, metrics);
}

void append_value(std::string& out, std::uint64_t value, Scale scale) {
  char text[kValueBytes];
  out.append(text, write_value(text, value, scale));
}

void append_double(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char text[kValueBytes];
    constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
    const bool whole =
        std::abs(value) < kExactIntegers && std::trunc(value) == value && !(value == 0 && std::signbit(value));
    // As other exporters write it, "0.0005": a query for the label `le` compares texts.
    const bool plain = std::abs(value) >= 1e-4 && std::abs(value) < kExactIntegers;
    const auto result = whole   ? std::to_chars(text, text + sizeof text, static_cast<std::int64_t>(value))
                        : plain ? std::to_chars(text, text + sizeof text, value, std::chars_format::fixed)
                                : std::to_chars(text, text + sizeof text, value);
    out.append(text, result.ptr);
  }
}

}  // namespace tallyman
