#include "agent/commands/health_command.h"

#include "agent/http/http_client.h"
#include "agent/http/listen_address.h"
#include "collectors/kernel/system/kernel_file.h"

#include <chrono>
#include <ostream>
#include <string_view>
#include <vector>

namespace tallyman {
namespace {

constexpr std::chrono::seconds kTimeout{2};
constexpr unsigned kReady = 200;

std::vector<std::string> words_of_process_1(const HostRoot& own) {
  ReadBuffer buffer;
  const auto text = read_file(own.proc_path("1/cmdline"), buffer);
  std::vector<std::string> words;
  for (std::string_view rest = text ? *text : std::string_view(); !rest.empty();) {
    const auto end = std::min(rest.find('\0'), rest.size());
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words;
}

std::string address_of_agent(const Options& options, const HostRoot& own) {
  const std::vector<std::string> words = words_of_process_1(own);
  const std::string program = words.empty() ? std::string() : words[0].substr(words[0].rfind('/') + 1);
  if (program != "tallyman" && program != "cadvisor") return options.web.listen_address;
  std::vector<const char*> arguments;
  arguments.reserve(words.size());
  for (const std::string& word : words) arguments.push_back(word.c_str());
  const auto running = parse_options(static_cast<int>(arguments.size()), arguments.data());
  return running ? running->web.listen_address : options.web.listen_address;
}

}  // namespace

int run_health_command(const Options& options, const HostRoot& own, std::ostream& out, std::ostream& err) {
  const std::string listening = address_of_agent(options, own);
  const auto parsed = parse_listen_address(listening);
  if (!parsed) {
    err << "tallyman: " << to_string(parsed.error()) << '\n';
    return 1;
  }
  const ListenAddress address = address_to_ask(*parsed);
  const auto answer = http_get(address, "/-/ready", kTimeout);
  if (!answer) {
    err << "tallyman: " << to_string(answer.error()) << '\n';
    return 1;
  }
  (answer->status == kReady ? out : err) << answer->body << std::flush;
  return answer->status == kReady ? 0 : 1;
}

}  // namespace tallyman
