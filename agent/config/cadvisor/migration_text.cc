#include "agent/config/cadvisor/migration_text.h"

#include "agent/config/cadvisor/cadvisor_flags.h"

#include <algorithm>
#include <vector>

namespace tallyman {
namespace {

constexpr std::size_t kHelpWidth = 80;

bool is_plain(std::string_view word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:,@%+";
  return !word.empty() && word.find_first_not_of(kPlain) == word.npos;
}

std::string quoted(const std::string& word) {
  if (is_plain(word)) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::vector<std::string> texts_for(const std::vector<std::string>& arguments) {
  const auto call = own_flags(arguments, CadvisorHost::kAtRoot);
  return call ? texts_of(call->flags) : std::vector<std::string>();
}

// What the flag's example changes: the flags that are there because of it.
std::vector<std::string> own_flags_of_example(const CadvisorFlag& flag) {
  std::vector<std::string> arguments;
  if (!flag.with.empty()) arguments.emplace_back(flag.with);
  const std::vector<std::string> without = texts_for(arguments);
  arguments.push_back("--" + std::string(flag.name) + "=" + std::string(flag.example));
  std::vector<std::string> changed = texts_for(arguments);
  std::erase_if(changed, [&](const std::string& text) {
    return std::find(without.begin(), without.end(), text) != without.end();
  });
  return changed;
}

std::string code_cell(const std::string& text) {
  std::string cell = "`";
  for (const char c : text) cell += c == '|' ? std::string("\\|") : std::string(1, c);
  return cell + "`";
}

std::string sentence(std::string_view clause) {
  std::string text(clause);
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string joined_code(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + code_cell(word);
  return text;
}

std::string translated_row(const CadvisorFlag& flag) {
  std::string example = code_cell("--" + std::string(flag.name) + "=" + std::string(flag.example));
  if (!flag.with.empty()) example += " with " + code_cell(std::string(flag.with));
  return "| " + example + " | " + joined_code(own_flags_of_example(flag)) + " | " + sentence(flag.reason) + " |\n";
}

// Flags of one fate that have one reason, in the order of the table.
struct Group {
  std::string_view reason;
  std::vector<std::string> flags;  // "--docker"
};

std::vector<Group> groups_with(CadvisorFate fate) {
  std::vector<Group> groups;
  for (const CadvisorFlag& flag : cadvisor_flags()) {
    if (flag.fate != fate) continue;
    auto found =
        std::find_if(groups.begin(), groups.end(), [&](const Group& one) { return one.reason == flag.reason; });
    if (found == groups.end()) found = groups.insert(groups.end(), {flag.reason, {}});
    found->flags.push_back("--" + std::string(flag.name));
  }
  return groups;
}

std::string group_rows(CadvisorFate fate) {
  std::string rows;
  for (const Group& group : groups_with(fate))
    rows += "| " + joined_code(group.flags) + " | " + sentence(group.reason) + " |\n";
  return rows;
}

// In lines of 80 columns, each after two blanks.
std::string folded(const std::vector<std::string>& words) {
  std::string text = " ";
  std::size_t line = 1;
  for (const std::string& word : words) {
    if (line + 1 + word.size() > kHelpWidth && line > 1) {
      text += "\n ";
      line = 1;
    }
    text += " " + word;
    line += 1 + word.size();
  }
  return text + "\n";
}

std::string group_paragraphs(CadvisorFate fate) {
  std::string text;
  for (const Group& group : groups_with(fate)) {
    text += folded(group.flags);
    text += "      " + std::string(group.reason) + "\n";
  }
  return text;
}

std::string metric_set_row(const CadvisorMetricSet& set) {
  std::string collectors;
  for (std::string_view rest = set.collectors; !rest.empty();) {
    const auto comma = rest.find(',');
    collectors += (collectors.empty() ? "" : ", ") + code_cell("collector." + std::string(rest.substr(0, comma)));
    rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1);
  }
  return "| " + code_cell(std::string(set.name)) + " | " + (set.on_by_default ? "on" : "off") + " | " +
         (collectors.empty() ? "none: " + std::string(set.reason) : collectors) + " |\n";
}

}  // namespace

std::vector<std::string> texts_of(std::span<const OwnFlag> flags) {
  std::vector<std::string> texts;
  for (const OwnFlag& flag : flags) texts.push_back(flag.text);
  return texts;
}

std::string shell_command(std::span<const std::string> flags, std::size_t columns) {
  std::string text = "tallyman";
  std::size_t line = text.size();
  for (const std::string& flag : flags) {
    const std::string next = quoted(flag);
    constexpr std::size_t kBackslash = 2;
    if (line + 1 + next.size() + kBackslash > columns) {
      text += " \\\n   ";
      line = 3;
    }
    text += " " + next;
    line += 1 + next.size();
  }
  return text;
}

std::string migration_text(const CadvisorCall& call) {
  std::string text = shell_command(texts_of(call.flags)) + "\n";
  for (const std::string& note : call.notes) text += "# " + note + "\n";
  return text;
}

std::string cadvisor_help() {
  std::string text =
      "Tallyman in cAdvisor's place takes cAdvisor's flags. The same in its own:\n"
      "tallyman migrate -- FLAGS... More: docs/migrating-from-cadvisor.md\n\n"
      "What they become (an example of each):\n";
  for (const CadvisorFlag& flag : cadvisor_flags()) {
    if (flag.fate != CadvisorFate::kTranslated) continue;
    text += "  --" + std::string(flag.name) + "=" + std::string(flag.example) + "\n";
    for (const std::string& own : own_flags_of_example(flag)) text += "      " + own + "\n";
  }
  text += "\nRefused, unless they have their default:\n" + group_paragraphs(CadvisorFate::kRefused);
  return text + "\nNot needed; accepted:\n" + group_paragraphs(CadvisorFate::kNotNeeded);
}

std::string cadvisor_flags_markdown() {
  std::string text = "| an example of the flag | becomes | |\n|---|---|---|\n";
  for (const CadvisorFlag& flag : cadvisor_flags()) {
    if (flag.fate == CadvisorFate::kTranslated) text += translated_row(flag);
  }
  text += "\n| refused, unless it has its default | why |\n|---|---|\n" + group_rows(CadvisorFate::kRefused);
  text += "\n| not needed, and accepted | why |\n|---|---|\n" + group_rows(CadvisorFate::kNotNeeded);
  text += "\n| set of metrics | in cAdvisor by default | collectors here |\n|---|---|---|\n";
  for (const CadvisorMetricSet& set : cadvisor_metric_sets()) text += metric_set_row(set);
  return text;
}

}  // namespace tallyman
