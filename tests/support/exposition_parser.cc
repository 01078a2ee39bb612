#include "tests/support/exposition_parser.h"

#include <charconv>
#include <limits>
#include <optional>
#include <set>

namespace tallyman::test {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_name(std::string_view& text, bool colon) {
  std::size_t size = 0;
  while (size < text.size() &&
         (is_letter(text[size]) || (colon && text[size] == ':') || (size > 0 && is_digit(text[size])))) {
    ++size;
  }
  const std::string_view name = text.substr(0, size);
  text.remove_prefix(size);
  return name;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<std::string> take_quoted(std::string_view& text) {
  if (!take(text, "\"")) return {};
  std::string value;
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\0') return {};
    if (text.front() != '\\') {
      value += text.front();
      text.remove_prefix(1);
    } else if (take(text, "\\n")) {
      value += '\n';
    } else if (take(text, "\\\\")) {
      value += '\\';
    } else if (take(text, "\\\"")) {
      value += '"';
    } else {
      return {};
    }
  }
  if (!take(text, "\"")) return {};
  return value;
}

std::optional<double> number_of(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  for (char c : text) {
    if (!is_digit(c) && c != '.' && c != '-' && c != '+' && c != 'e') return {};
  }
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return {};
  return value;
}

class Parser {
 public:
  explicit Parser(bool openmetrics) : openmetrics_(openmetrics) {}

  ParsedExposition parse(std::string_view text) {
    if (!text.empty() && text.back() != '\n') fault("no newline at the end");
    while (!text.empty()) {
      ++line_;
      const std::size_t end = text.find('\n');
      parse_line(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    end_family();
    if (openmetrics_ && !ended_) fault("no # EOF");
    return std::move(out_);
  }

 private:
  void fault(std::string what) { out_.faults.push_back("line " + std::to_string(line_) + ": " + std::move(what)); }

  void parse_line(std::string_view line) {
    if (ended_) return fault("text after # EOF");
    if (openmetrics_ && line == "# EOF") {
      ended_ = true;
    } else if (take(line, "# HELP ")) {
      parse_help(line);
    } else if (take(line, "# TYPE ")) {
      parse_type(line);
    } else if (openmetrics_ && take(line, "# UNIT ")) {
      parse_unit(line);
    } else {
      parse_sample(line);
    }
  }

  ParsedFamily& family() { return out_.families[family_]; }

  void end_family() {
    if (family_.empty()) return;
    if (family().type.empty()) fault("no TYPE for " + family_);
    if (family().samples == 0) fault("no sample for " + family_);
  }

  void parse_help(std::string_view line) {
    end_family();
    family_ = take_name(line, true);
    if (family_.empty() || !take(line, " ")) return fault("HELP without a name");
    if (out_.families.count(family_) != 0) fault(family_ + " comes twice");
    std::string& help = family().help;
    while (!line.empty()) {
      if (take(line, "\\n")) {
        help += '\n';
      } else if (take(line, "\\\\")) {
        help += '\\';
      } else if (openmetrics_ && take(line, "\\\"")) {
        help += '"';
      } else if (line.front() == '\\' || (openmetrics_ && line.front() == '"')) {
        return fault("HELP is not escaped");
      } else {
        help += line.front();
        line.remove_prefix(1);
      }
    }
  }

  void parse_type(std::string_view line) {
    static const std::set<std::string_view> kTypes{"counter", "gauge", "histogram", "summary", "untyped"};
    static const std::set<std::string_view> kOpenMetricsTypes{"counter", "gauge", "histogram", "summary", "unknown"};
    if (take_name(line, true) != family_ || !take(line, " ")) return fault("TYPE is not right behind its HELP");
    if ((openmetrics_ ? kOpenMetricsTypes : kTypes).count(line) == 0) fault("unknown type");
    if (!family().type.empty()) fault("TYPE comes twice");
    family().type = line;
  }

  void parse_unit(std::string_view line) {
    if (take_name(line, true) != family_ || !take(line, " ")) return fault("UNIT is not with its HELP");
    if (!family_.ends_with("_" + std::string(line))) fault(family_ + " does not end in its unit");
    family().unit = line;
  }

  bool belongs(std::string_view name) {
    const std::string& type = family().type;
    if (type == "histogram") {
      return name == family_ + "_bucket" || name == family_ + "_sum" || name == family_ + "_count";
    }
    return openmetrics_ && type == "counter" ? name == family_ + "_total" : name == family_;
  }

  void parse_sample(std::string_view line) {
    const std::string_view name = take_name(line, true);
    if (name.empty()) return fault("not a sample");
    if (family_.empty() || !belongs(name)) fault(std::string(name) + " is not of the family " + family_);
    std::map<std::string, std::string> labels;
    if (take(line, "{") && !parse_labels(line, labels)) return fault("labels are broken");
    if (!take(line, " ")) return fault("no blank before the value");
    const std::optional<double> value = number_of(line);
    if (!value) return fault("not a value: " + std::string(line));
    std::string key(name);
    for (const auto& [label, text] : labels) {
      key += (key.size() == name.size() ? "{" : ",") + label + "=\"" + text + "\"";
    }
    if (!labels.empty()) key += '}';
    if (!out_.series.emplace(key, *value).second) fault("twice: " + key);
    ++family().samples;
  }

  bool parse_labels(std::string_view& line, std::map<std::string, std::string>& labels) {
    do {
      const std::string name(take_name(line, false));
      if (name.empty() || !take(line, "=")) return false;
      std::optional<std::string> value = take_quoted(line);
      if (!value || value->empty()) return false;
      if (!labels.emplace(name, *value).second) return false;
    } while (take(line, ","));
    return take(line, "}");
  }

  bool openmetrics_, ended_ = false;
  std::size_t line_ = 0;
  std::string family_;
  ParsedExposition out_;
};

}  // namespace

ParsedExposition parse_prometheus_text(std::string_view text) { return Parser(false).parse(text); }
ParsedExposition parse_openmetrics(std::string_view text) { return Parser(true).parse(text); }

}  // namespace tallyman::test
