#include "agent/commands/usage_reader.h"

#include "agent/http/http_client.h"
#include "agent/http/listen_address.h"
#include "agent/service/make_sampling_service.h"
#include "collectors/kernel/system/kernel_file.h"
#include "collectors/kernel/system/wall_clock.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

namespace tallyman {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstAnswer{2'000}, kLaterAnswer{5'000}, kBetweenTries{200}, kMinPause{250};
constexpr int kTriesForRates = 15;  // an agent that has just started has no rates yet
constexpr double kStaleSeconds = 30, kStaleIntervals = 3;
constexpr unsigned kOk = 200, kNotFound = 404;

class HostUsage final : public UsageReader {
 public:
  HostUsage(std::unique_ptr<SamplingService> service, milliseconds interval)
      : service_(std::move(service)), interval_(interval), before_(service_->sample_once()) {}

  Result<std::vector<UsageRow>> read() override {
    const SnapshotPtr now = service_->sample_once();
    return usage_between(*std::exchange(before_, now), *now);
  }
  milliseconds first_pause() const override { return interval_; }
  milliseconds pause() const override { return interval_; }
  std::vector<std::string> notes() const override {
    const Reader reader = geteuid() == 0 ? Reader::kRoot : Reader::kOther;
    return {note_on_names(service_->statistics().discovery.unnamed_containers, reader)};
  }

 private:
  std::unique_ptr<SamplingService> service_;
  milliseconds interval_;
  SnapshotPtr before_;
};

class AgentUsage final : public UsageReader {
 public:
  AgentUsage(ListenAddress address, UsageAnswer first) : address_(std::move(address)), answer_(std::move(first)) {}

  static Result<UsageAnswer> ask(const ListenAddress& address, milliseconds timeout) {
    const std::string where = to_string(address);
    const auto answer = http_get(address, "/api/v1/usage", timeout);
    if (!answer) return answer.error();
    if (answer->status == kNotFound) return Error{ErrorKind::kUnsupported, 0, where + ": is no agent, or an older one"};
    if (answer->status != kOk) {
      return Error{ErrorKind::kIo, 0, where + ": answered with status " + std::to_string(answer->status)};
    }
    auto usage = usage_from_json(answer->body);
    if (!usage) return Error{ErrorKind::kMalformed, 0, where + ": " + usage.error().where};
    return usage;
  }

  Result<std::vector<UsageRow>> read() override {
    if (is_first_) {
      is_first_ = false;
      if (const auto waited = wait_for_rates(); !waited) return waited.error();
      return answer_.rows;
    }
    auto answer = ask(address_, kLaterAnswer);
    if (!answer) return answer.error();
    answer_ = std::move(*answer);
    return answer_.rows;
  }
  milliseconds first_pause() const override { return {}; }
  milliseconds pause() const override {
    return std::max(kMinPause, milliseconds(static_cast<std::int64_t>(answer_.interval_seconds * 1'000)));
  }
  std::vector<std::string> notes() const override {
    std::vector<std::string> notes = {note_on_names(answer_.unnamed_containers, Reader::kAgent)};
    const double age = static_cast<double>(wall_clock_nsec()) / 1e9 - answer_.time_seconds;
    if (age > std::max(kStaleSeconds, kStaleIntervals * answer_.interval_seconds)) {
      notes.push_back("the agent's last sample is " + std::to_string(static_cast<long long>(age)) + " s old.");
    }
    return notes;
  }

 private:
  Result<void> wait_for_rates() {
    for (int i = 0; i < kTriesForRates && !answer_.measured_seconds; ++i) {
      std::this_thread::sleep_for(kBetweenTries);
      auto answer = ask(address_, kLaterAnswer);
      if (!answer) return answer.error();
      answer_ = std::move(*answer);
    }
    return {};
  }

  ListenAddress address_;
  UsageAnswer answer_;
  bool is_first_ = true;
};

Result<std::unique_ptr<UsageReader>> host_reader(const Options& options) {
  Options each_time = options;  // two samples are all that there may be: both read what is read rarely
  each_time.sampling.slow_interval = std::min(options.sampling.slow_interval, options.sampling.interval);
  auto service = make_sampling_service(each_time, {});
  if (!service) return service.error();
  return std::make_unique<HostUsage>(std::move(*service), options.sampling.interval);
}

// An agent of another host may be reached at a forwarded port.
bool is_of_this_host(const UsageAnswer& answer, const HostRoot& root) {
  ReadBuffer buffer;
  const std::string own = read_line(root.sysctl_path("kernel/random/boot_id"), buffer);
  return own.empty() || answer.boot_id.empty() || own == answer.boot_id;
}

Result<ListenAddress> agents_address(const Options& options) {
  const auto address = parse_listen_address(options.web.listen_address);
  if (!address) return address.error();
  return address_to_ask(*address);
}

}  // namespace

std::string note_on_names(std::uint64_t unnamed_containers, Reader reader) {
  if (unnamed_containers == 0) return {};
  const std::string who = unnamed_containers == 1
                              ? "a container has its id for a name: "
                              : std::to_string(unnamed_containers) + " containers have their ids for names: ";
  switch (reader) {
    case Reader::kAgent:
      return who + "the agent does not find the files of their runtime, or may not read them.";
    case Reader::kRoot:
      return who + "the files of their runtime were not found (--docker.root, --containerd.state).";
    case Reader::kOther:
      break;
  }
  return who + "the files of their runtime need root.";
}

Result<ChosenReader> choose_reader(const Options& options) {
  ChosenReader chosen;
  const std::string& wanted = options.list.source;
  if (wanted == "agent" || (wanted == "auto" && !options.list.says_what_to_read)) {
    const auto address = agents_address(options);
    auto answer = address ? AgentUsage::ask(*address, kFirstAnswer) : Result<UsageAnswer>(address.error());
    const bool own = answer && is_of_this_host(*answer, options.root);
    if (answer && (own || wanted == "agent")) {
      if (!own) chosen.notes.push_back("the agent at " + to_string(*address) + " is of another host.");
      chosen.reader = std::make_unique<AgentUsage>(*address, std::move(*answer));
      return chosen;
    }
    if (wanted == "agent") return answer.error();
    if (answer) {
      chosen.notes.push_back("the agent at " + to_string(*address) +
                             " is of another host; this is read from this host.");
    } else if (answer.error().code != ECONNREFUSED) {
      chosen.notes.push_back("no agent was asked (" + to_string(answer.error()) + "); this is read from the host.");
    }
  }
  auto reader = host_reader(options);
  if (!reader) return reader.error();
  chosen.reader = std::move(*reader);
  return chosen;
}

}  // namespace tallyman
