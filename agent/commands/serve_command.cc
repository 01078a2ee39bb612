#include "agent/commands/serve_command.h"

#include "agent/api/live_stream.h"
#include "agent/api/routes.h"
#include "agent/http/http_server.h"
#include "agent/log/logging.h"
#include "agent/service/freed_memory.h"
#include "agent/service/history_clock.h"
#include "agent/service/make_sampling_service.h"
#include "agent/service/service_manager.h"
#include "agent/service/snapshot_dispatcher.h"
#include "agent/version.h"
#include "collectors/kernel/system/file_descriptor.h"
#include "collectors/kernel/system/thread_annotations.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ostream>

namespace tallyman {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

constexpr std::size_t kMaxBodyBytes = std::size_t{16} * 1024;  // of cAdvisor's clients: {"num_stats":60}

// The terminal that the agent was started from. Its end arrives as the same signal as a request
// to reload.
class Terminal {
 public:
  Terminal() : had_one_(is_there()) {
    struct sigaction before {};
    sigaction(SIGHUP, nullptr, &before);
    ignored_ = before.sa_handler == SIG_IGN;
  }
  // The kernel sends the signal itself, or the shell that started the agent does when the terminal
  // is gone.
  bool has_closed(const siginfo_t& info) const {
    return info.si_code == SI_KERNEL || (had_one_ && info.si_pid == parent_ && !is_there());
  }
  bool ends_with_it() const { return !ignored_; }  // nohup

 private:
  static bool is_there() {
    return FileDescriptor(open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)).valid();
  }
  bool had_one_, ignored_ = false;
  pid_t parent_ = getppid();
};

class Agent {
 public:
  Agent(const Options& options, int argc, const char* const* argv) : options_(options), argc_(argc), argv_(argv) {
    if (options.history.memory_bytes > 0 && !options.serve.once) {
      history_ = std::make_unique<HistoryStore>(HistoryOptions{options.history.memory_bytes, options.sampling.interval,
                                                               options.history.fine, options.history.coarse});
    }
  }

  // The sampling service, or null with the reason in the log.
  bool make_service() {
    auto made = make_sampling_service(options_, events());
    if (!made) {
      spdlog::error("{}; give --path.rootfs, --path.procfs or --path.cgroupfs if the host is mounted elsewhere",
                    to_string(made.error()));
      return false;
    }
    set_sampling_service(std::move(*made));
    sampling_since_ = std::chrono::steady_clock::now();
    return true;
  }

  int once(std::ostream& out) {
    Routes routes(route_options(), sources());
    out << *routes.exposition(sampling_service()->sample_once(), {});
    out.flush();
    if (!out.good()) {
      spdlog::error("standard output: cannot write the exposition");
      return 1;
    }
    return 0;
  }

  int serve(const sigset_t& signals) {
    Routes routes(route_options(), sources());
    auto listening = HttpServer::listen(options_.web.listen_address, http_limits(),
                                        [&](HttpRequest request, HttpServer::Respond respond) {
                                          routes.handle(std::move(request), std::move(respond));
                                        });
    if (!listening) {
      spdlog::error("{}; choose another with --web.listen-address=HOST:PORT", to_string(listening.error()));
      return 1;
    }
    server_ = std::move(*listening);
    server_->start();
    dispatcher_.start();
    sampling_service()->start();
    print_address();
    service_.ready("serving on " + server_->address());
    wait_for_the_end(signals);
    service_.stopping();
    live_.close();
    server_->stop();
    sampling_service()->stop();
    dispatcher_.stop();
    return 0;
  }

 private:
  RouteOptions route_options() const {
    const std::chrono::milliseconds stale_after = options_.sampling.interval * 10;
    return {options_.web.telemetry_path,
            options_.web.external_prefix,
            std::max<std::chrono::milliseconds>(stale_after, std::chrono::seconds(30)),
            options_.overhead.reports,
            AllowedHosts(options_.web.listen_address, options_.web.allowed_hosts),
            options_.web.cadvisor_api};
  }

  HttpLimits http_limits() const {
    HttpLimits limits;
    const unsigned connections = connections_that_fit(options_.web.max_connections);
    if (connections < options_.web.max_connections) {
      spdlog::warn("the limit on open files allows {} connections, not {}: raise LimitNOFILE or ulimit -n", connections,
                   options_.web.max_connections);
    }
    limits.connections = connections;
    // Streams stay open, so they may not use all connections.
    limits.streams = std::min(options_.web.max_streams, std::max(1U, connections / 2));
    if (options_.web.cadvisor_api) limits.body_bytes = kMaxBodyBytes;
    return limits;
  }

  SamplingServiceEvents events() {
    SamplingServiceEvents events;
    events.fault = [](std::string_view collector, const std::string& fault) {
      warn_limited(collector, std::string(collector) + ": " +
                                  fault);  // the cause names no process, because its id may differ each time
    };
    events.log = events_log_;
    events.metadata_fault = [](const Error& error) { warn_limited("container metadata: " + to_string(error)); };
    events.warning = [](const std::string& text) { warn_limited(text); };
    events.published = [this](const SnapshotPtr& snapshot) { dispatcher_.publish(snapshot); };
    return events;
  }

  // In the dispatcher's thread.
  void follow(const SnapshotPtr& snapshot) {
    if (history_) {
      history_->add(*snapshot, clock_.slept());
    }
    live_.take(snapshot);
  }

  StreamFacts stream_facts() {
    const auto now = sampling_service();
    return {std::string(kVersion), now->host().machine.boot_id, std::chrono::duration<double>(now->interval()).count(),
            now->exported_labels()};
  }

  RouteSources sources() {
    return {[this] { return sampling_service(); },
            [this] { return server_ ? server_->statistics() : HttpStatistics{}; },
            [] { return log_lines_dropped(); },
            history_.get(),
            [this] { return dispatcher_.skipped(); },
            &live_,
            events_log_};
  }

  void print_address() {
    const CgroupMounts& mounts = sampling_service()->mounts();
    spdlog::info("Tallyman {} on {}", kVersion, mounts.describe());
    if (mounts.confined_to_namespace()) {
      spdlog::warn(
          "only the agent's own cgroup subtree is visible: mount the host's /sys/fs/cgroup read-only and "
          "point --path.cgroupfs at it, or run in the host's cgroup namespace");
    }
    spdlog::info("dashboard: http://{}/, metrics: http://{}{}", server_->address(), server_->address(),
                 options_.web.telemetry_path);
  }

  void wait_for_the_end(const sigset_t& signals) {
    for (;;) {
      const timespec timeout = time_to_wait();
      siginfo_t info{};
      const int signal = sigtimedwait(&signals, &info, &timeout);
      if (signal == SIGTERM || signal == SIGINT) {
        spdlog::info("ending on {}", signal == SIGTERM ? "SIGTERM" : "SIGINT");
        return;
      }
      if (signal == SIGHUP && terminal_.has_closed(info)) {
        if (terminal_.ends_with_it()) {
          spdlog::info("ending, because the terminal was closed");
          return;
        }
      } else if (signal == SIGHUP) {
        reload();
      }
      freed_memory_.check();
      if (sampling_is_current()) {
        service_.feed_watchdog();
      }
      warn_about_limits();
      log_suppressed_warnings();
    }
  }

  timespec time_to_wait() const {
    using std::chrono::nanoseconds;
    nanoseconds wait = std::chrono::seconds(5);
    if (const auto watchdog = service_.watchdog_timeout()) {
      wait = std::min<nanoseconds>(wait, *watchdog / 4);
    }
    constexpr std::int64_t kSecond = 1'000'000'000;
    return {wait.count() / kSecond, wait.count() % kSecond};
  }

  // A sampler that hangs must not look alive; one with a long interval must.
  bool sampling_is_current() {
    const SnapshotPtr newest = sampling_service()->snapshot();
    const auto since = newest ? newest->steady_time : sampling_since_;
    const auto timeout = options_.sampling.interval + service_.watchdog_timeout().value_or(std::chrono::seconds(0));
    return std::chrono::steady_clock::now() - since < timeout;
  }

  void warn_about_limits() {
    const SamplingServiceStatistics statistics = sampling_service()->statistics();
    if (statistics.sampler.files.reopens && !std::exchange(reported_reopens_, true)) {
      spdlog::warn(
          "the limit on open files is reached ({} kept open): other files are opened for each read, which costs "
          "about four times the CPU; raise LimitNOFILE or ulimit -n",
          statistics.sampler.files.open);
    }
    warn_about_final_stats(statistics);
    if (statistics.discovery.tree.left_out > 0 && !std::exchange(reported_left_out_, true)) {
      spdlog::warn(
          "there are more cgroups than --limit.workloads={} allows, or some are too deep: the others are left out",
          options_.workloads.max);
    }
    if (!statistics.discovery.tree.watching && !std::exchange(reported_walking_, true)) {
      spdlog::warn("no inotify ({}): walking the cgroup tree instead; new containers are seen up to 2 s late",
                   statistics.discovery.tree.watch_error);
    }
  }

  void warn_about_final_stats(const SamplingServiceStatistics& statistics) {
    if (!statistics.final_stats) {
      return;
    }
    const bool active = statistics.final_stats->active;
    if (!active && !std::exchange(reported_no_final_stats_, true)) {
      spdlog::warn(
          "no inotify instance is left for final stats: cgroups end with the values of their last sample, and those "
          "that live for less than a sample are not seen; trying again every 10 s. Containers of this user may have "
          "taken them all: raise fs.inotify.max_user_instances (sysctl -w fs.inotify.max_user_instances=1024)");
    } else if (active && std::exchange(reported_no_final_stats_, false)) {
      spdlog::info("there is an inotify instance again: final stats are read");
    }
  }

  void reload() {
    service_.reloading();
    auto parsed = parse_options(argc_, argv_);
    if (!parsed) {
      spdlog::error("the configuration is unchanged: {}", parsed.error().text);
    } else {
      apply(std::move(*parsed));
    }
    service_.ready("serving on " + server_->address());
  }

  void apply(Options next) {
    for (const std::string& name : settings_needing_restart(options_, next)) {
      spdlog::warn("{} only changes after a restart", name);
    }
    const Options before = std::exchange(options_, std::move(next));
    options_.web.listen_address = before.web.listen_address;
    options_.web.telemetry_path = before.web.telemetry_path;
    set_up_logging(options_.log);
    const std::shared_ptr<SamplingService> old = sampling_service();
    if (!make_service()) {
      options_ = before;
      return;
    }
    old->stop();
    if (history_) {
      history_->set_fine_step(options_.sampling.interval);
    }
    sampling_service()->start();
    spdlog::info("configuration read again");
  }

  std::shared_ptr<SamplingService> sampling_service() {
    const MutexLock lock(mutex_);
    return sampling_service_;
  }
  void set_sampling_service(std::shared_ptr<SamplingService> next) {
    const MutexLock lock(mutex_);
    sampling_service_ = std::move(next);
  }

  Options options_;
  const std::shared_ptr<EventLog> events_log_ = std::make_shared<EventLog>(options_.workloads.max_events);
  int argc_;
  const char* const* argv_;
  ServiceManager service_;
  const Terminal terminal_;
  FreedMemory freed_memory_;
  std::unique_ptr<HttpServer> server_;
  Mutex mutex_;
  std::shared_ptr<SamplingService> sampling_service_ GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point sampling_since_;
  std::unique_ptr<HistoryStore> history_;  // null: disabled
  HistoryClock clock_;
  LiveStream live_{[this] { return stream_facts(); }};
  SnapshotDispatcher dispatcher_{{[this](const SnapshotPtr& snapshot) { follow(snapshot); }}};
  bool reported_reopens_ = false, reported_walking_ = false, reported_no_final_stats_ = false,
       reported_left_out_ = false;
};

}  // namespace

int run_serve_command(const Options& options, int argc, const char* const* argv, std::ostream& out) {
  std::signal(SIGPIPE, SIG_IGN);
  set_up_logging(options.log);
  if (options.serve.check_config) {
    out << "The configuration is valid.\n";
    return 0;
  }
  // Before any thread starts and before the first file is read: a signal that arrives meanwhile
  // waits until there is somebody to take it.
  const sigset_t signals = watched_signals();
  if (!options.serve.once) {
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }
  for (const std::string& note : options.notes) {
    spdlog::info("{}", note);
  }
  Agent agent(options, argc, argv);
  if (!agent.make_service()) {
    return 1;
  }
  return options.serve.once ? agent.once(out) : agent.serve(signals);
}

}  // namespace tallyman
