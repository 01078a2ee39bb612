#include "agent/config/configuration_file.h"

#include "agent/config/nearest.h"
#include "agent/config/setting_values.h"
#include "collectors/kernel/system/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>
#include <boost/json.hpp>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

namespace tallyman {
namespace {

struct LineError {
  int line;
  std::string text;
};

bool is_section(std::string_view name) {
  const auto inside = [&](const Setting& s) {
    return s.scope == SettingScope::kEverywhere && s.name.size() > name.size() && s.name.starts_with(name) &&
           s.name[name.size()] == '.';
  };
  return std::any_of(settings().begin(), settings().end(), inside);
}

std::string unknown_key(std::string_view name) {
  const std::string unknown = "unknown key '" + shown(name) + "'";
  const Setting* flag = find_setting(name);
  if (flag != nullptr) return unknown + ": --" + std::string(name) + " is only a flag";
  if (name.starts_with("no-") && find_setting(name.substr(3)) != nullptr) {
    return unknown + ": write '" + std::string(name.substr(3)) + ": false'";
  }
  std::vector<std::string> names;
  for (const Setting& setting : settings()) {
    if (setting.scope != SettingScope::kEverywhere) continue;
    names.emplace_back(setting.name);
    for (auto dot = setting.name.find('.'); dot != setting.name.npos; dot = setting.name.find('.', dot + 1)) {
      names.emplace_back(setting.name.substr(0, dot));
    }
  }
  const std::string meant = nearest(name.starts_with("--") ? name.substr(2) : name, names);
  if (!meant.empty()) return unknown + "; did you mean '" + meant + "'?";
  return unknown + "; docs/configuration.md has all of them, and so has tallyman --help=markdown";
}

// yaml-cpp's tree expands aliases and accepts duplicate keys; its events show both.
class SettingsHandler : public YAML::EventHandler {
 public:
  explicit SettingsHandler(std::string file_name) : file_name_(std::move(file_name)) {}

  std::vector<Assignment> take() { return std::move(assignments_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw LineError{mark.line, "a second document ('---'): one is enough"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    if (list_) throw LineError{list_->key ? list_->key_line : mark.line, "'" + name() + "': a value is missing"};
    if (open_.empty()) return;
    if (!key_) throw LineError{mark.line, "a key is missing before ':'"};
    if (!is_only_section()) throw LineError{key_line_, "'" + name() + "' needs a value: " + expectation(known())};
    open_section();
    OnMapEnd();
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override { refuse_anchor(mark, anchor); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (list_) return list_->scalar(mark.line, value, *this);
    const std::string found = "'" + shown(value) + "'";
    if (open_.empty()) refuse_whole(mark, found);
    if (key_) {
      if (is_only_section()) refuse_value(found);
      return assign(value);
    }
    if (value.empty()) throw LineError{mark.line, "a key is missing before ':'"};
    key_ = value;
    key_line_ = mark.line;
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_anchor(mark, anchor);
    if (open_.empty()) refuse_whole(mark, "a list");
    if (!key_) throw LineError{mark.line, "a list is no key"};
    if (list_) throw LineError{mark.line, "'" + name() + "' expects " + expectation(known()) + ", not a list"};
    const Setting* setting = find_setting(name());
    if (setting == nullptr || setting->shape != Shape::kRules) refuse_value("a list");
    list_ = ObjectList{};  // not emplace(): clang 14 finds a nested struct not constructible
  }
  void OnSequenceEnd() override {
    const std::string text = boost::json::serialize(list_->objects);
    list_.reset();
    assign(text);
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (list_) return list_->begin_object(mark.line, *this);
    if (open_.empty()) return open_.push_back("");
    if (!key_) throw LineError{mark.line, "a mapping is no key"};
    if (!is_section(name())) refuse_value("a mapping");
    open_section();
  }
  void OnMapEnd() override {
    if (list_) return list_->end_object();
    open_.pop_back();
    key_.reset();
  }

 private:
  // A list of flat mappings that is being read; converted to the same in JSON.
  struct ObjectList {
    boost::json::array objects;
    bool in_object = false;
    std::optional<std::string> key;
    int key_line = 0;

    void begin_object(int line, const SettingsHandler& handler) {
      if (in_object) throw LineError{line, "'" + handler.name() + "' expects texts, not a mapping"};
      in_object = true;
      objects.emplace_back(boost::json::object());
    }
    void end_object() { in_object = false; }
    void scalar(int line, const std::string& value, const SettingsHandler& handler) {
      if (!in_object) throw LineError{line, "'" + handler.name() + "' expects " + expectation(handler.known())};
      boost::json::object& object = objects.back().as_object();
      if (!key) {
        if (object.contains(value)) throw LineError{line, "'" + shown(value) + "' comes twice in a rule"};
        key = value;
        key_line = line;
      } else {
        object[*std::exchange(key, std::nullopt)] = value;
      }
    }
  };

  std::string name() const { return open_.back() + *key_; }
  bool is_only_section() const { return find_setting(name()) == nullptr && is_section(name()); }

  const Setting& known() const {
    const Setting* setting = find_setting(name());
    if (setting == nullptr || setting->scope != SettingScope::kEverywhere)
      throw LineError{key_line_, unknown_key(name())};
    return *setting;
  }

  void refuse_second(const std::string& key) {
    const auto [first, is_new] = lines_.emplace(key, key_line_);
    if (is_new) return;
    throw LineError{key_line_, "'" + name() + "' comes twice, first in line " + std::to_string(first->second + 1)};
  }

  void open_section() {
    refuse_second(name() + ".");
    open_.push_back(name() + ".");
    key_.reset();
  }

  void assign(const std::string& value) {
    const Setting& setting = known();
    refuse_second(name());
    std::string place =
        file_name_ + ":" + std::to_string(key_line_ + 1) + ": " + name() + (value.empty() ? "" : ": " + shown(value));
    assignments_.push_back({&setting, value, std::move(place)});
    key_.reset();
  }

  [[noreturn]] static void refuse_whole(const YAML::Mark& mark, const std::string& found) {
    throw LineError{mark.line, "expects settings, as in 'log.level: debug', not " + found};
  }
  [[noreturn]] void refuse_value(const std::string& found) const {
    if (is_only_section()) {
      throw LineError{key_line_, "'" + name() + "' is a section: expects settings in it, not " + found};
    }
    throw LineError{key_line_, "'" + name() + "' expects " + expectation(known()) + ", not " + found};
  }
  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor == YAML::NullAnchor) return;
    throw LineError{mark.line, "anchors and aliases (&name, *name) are not taken: write the value out"};
  }
  // yaml-cpp gives "?" for plain scalars and "!" for quoted ones.
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.size() > 1) throw LineError{mark.line, "tags (" + shown(tag) + ") are not taken: write the plain value"};
  }

  std::string file_name_;
  std::vector<Assignment> assignments_;
  std::map<std::string, int> lines_;  // first line of each setting, and of each section (its name ends in '.')
  std::vector<std::string> open_;     // prefixes of the enclosing mappings
  std::optional<std::string> key_;
  std::optional<ObjectList> list_;
  int key_line_ = 0;  // line of the newest key, counted from 0
  int documents_ = 0;
};

// yaml-cpp misreads both, and its messages do not help.
std::optional<LineError> strange_character(const std::string& text) {
  int line = 0;
  bool indented = true;
  for (const char c : text) {
    if (c == '\t' && indented) return LineError{line, "has a tab at the beginning: YAML is indented with spaces"};
    if (is_control(c) && c != '\n' && c != '\r' && c != '\t') {
      return LineError{line,
                       "is no text in UTF-8: byte " + std::to_string(static_cast<unsigned char>(c)) + " is in it"};
    }
    indented = c == '\n' || (indented && c == ' ');
    if (c == '\n') ++line;
  }
  return {};
}

std::string error_text(int code) { return std::generic_category().message(code); }

}  // namespace

ConfigurationResult parse_configuration(const std::string& text, const std::string& file_name) {
  const auto refusal = [&](const LineError& complaint) {
    return InputError{file_name + ":" + std::to_string(std::max(complaint.line, 0) + 1) + ": " + complaint.text};
  };
  if (text.size() > kMaxConfigurationBytes) return InputError{file_name + ": is larger than 1 MiB"};
  if (const auto complaint = strange_character(text)) return refusal(*complaint);
  SettingsHandler handler(file_name);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(handler)) {
    }
    return handler.take();
  } catch (const LineError& complaint) {
    return refusal(complaint);
  } catch (const YAML::Exception& error) {
    return refusal({error.mark.line, "is no YAML: " + shown(error.msg)});
  }
}

ConfigurationResult read_configuration_file(const std::string& path) {
  const auto refusal = [&](const std::string& why) {
    return InputError{shown(path) + ": the configuration file cannot be read: " + why};
  };
  // O_NONBLOCK: do not wait for the other end of a pipe.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return refusal(error_text(errno));
  const auto close_it = [](const int* fd) { close(*fd); };
  const std::unique_ptr<const int, decltype(close_it)> closer(&descriptor, close_it);

  struct stat status;
  if (fstat(descriptor, &status) != 0) return refusal(error_text(errno));
  if (S_ISDIR(status.st_mode)) return refusal("it is a directory");
  if (!S_ISREG(status.st_mode)) return refusal("it is no regular file");

  std::string text(kMaxConfigurationBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(descriptor, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refusal(error_text(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return parse_configuration(text, shown(path));
}

}  // namespace tallyman
