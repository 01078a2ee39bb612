#include "agent/overhead/runner.h"

#include "agent/overhead/targets/probe_client.h"
#include "collectors/kernel/system/wall_clock.h"

#include <algorithm>
#include <cmath>

namespace tallyman::overhead {
namespace {

std::int64_t since_epoch_ns() { return static_cast<std::int64_t>(wall_clock_nsec()); }

std::string nanoseconds_text(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::nanoseconds(time).count());
}

std::optional<std::uint64_t> growth(std::optional<std::uint64_t> before, std::optional<std::uint64_t> after) {
  return before && after && *after >= *before ? std::optional(*after - *before) : std::nullopt;
}

// What is left of the time without a CPU after that which the cgroup's own limit took.
double wait_for_others(double wait_ns, const CgroupTimes& before, const CgroupTimes& after) {
  const auto throttled = growth(before.throttled_ns, after.throttled_ns);
  return std::max(0.0, wait_ns - static_cast<double>(throttled.value_or(0)));
}

// How a number of the probe has grown between two of its answers; empty if one has none.
std::optional<double> between(const std::string& before, const std::string& after, std::string_view name) {
  const auto first = optional_field_of(before, name), last = optional_field_of(after, name);
  return first && last ? std::optional(*last - *first) : std::nullopt;
}

Sample sample_of(const ProbeAnswer& answer) {
  Sample sample;
  sample.operations = answer.operations;
  sample.wall_ns = answer.wall_ns / static_cast<double>(answer.operations);
  sample.cpu_ns = answer.cpu_ns / static_cast<double>(answer.operations);
  return sample;
}

}  // namespace

Runner::Runner(Session& session, const Choice& choice, Progress& progress)
    : session_(session),
      choice_(choice),
      progress_(progress),
      clock_(session.mounts),
      applications_(session, choice.extent.duration),
      random_(choice.seed) {
  for (const Mode* mode : choice.modes) add_mode(*mode, std::string(mode->name));
  add_mode(*choice.baseline, std::string(kControl));
  for (std::size_t i = 0; i < mode_targets_.size(); ++i) {
    for (const Workload* workload : choice.workloads) {
      for (const Cell& cell : cells_of(*workload, *mode_targets_[i].mode, mode_targets_[i].name)) {
        cells_.push_back({cell, i, record_.cells.size()});
        record_.cells.push_back({std::string(workload->name), cell.mode, cell.label, {}, {}});
      }
    }
  }
}

void Runner::add_mode(const Mode& mode, const std::string& name) {
  mode_targets_.push_back({&mode, name, record_.modes.size()});
  const bool control = name == kControl;
  record_.modes.push_back(
      {name, control ? std::string(mode.name) + ", measured again" : std::string(mode.what), {}, {}});
}

bool Runner::is_wanted(Kind kind) const {
  return std::any_of(cells_.begin(), cells_.end(), [&](const Watched& watched) {
    return watched.cell.workload->kind == kind && !mode_targets_[watched.mode_target].dropped;
  });
}

// The starts of modes (measured as such), and the measurements in the targets.
std::size_t Runner::steps_of_a_round() const {
  const auto starts = std::count_if(mode_targets_.begin(), mode_targets_.end(),
                                    [](const ModeTarget& mode_target) { return !mode_target.dropped; });
  const auto orders = std::count_if(cells_.begin(), cells_.end(), [&](const Watched& watched) {
    return watched.cell.workload->kind != Kind::kStart && !watched.dropped &&
           !mode_targets_[watched.mode_target].dropped;
  });
  return static_cast<std::size_t>(starts + orders);
}

Result<void> Runner::drop(ModeTarget& mode_target, unsigned number, const Failure& why) {
  if (why.interrupted()) return why;
  if (session_.time_is_over()) return {};  // it did not get its full time
  mode_target.dropped = true;
  record_.modes[mode_target.record].reason =
      (number > 1 ? "from round " + std::to_string(number) + " on: " : "") + why.text;
  progress_.note(mode_target.name + ": left out: " + why.text);
  if (mode_target.name != choice_.baseline->name && mode_target.name != kControl) return {};
  return failure(mode_target.name + ", the baseline, cannot be measured: " + why.text);
}

Result<void> Runner::prepare() {
  std::map<Runtime, Failure> refusals;
  for (ModeTarget& mode_target : mode_targets_) {
    const Runtime runtime = mode_target.mode->runtime;
    if (!factories_.contains(runtime)) {
      factories_[runtime] = make_targets(runtime, session_);
      const auto facts = factories_[runtime]->prepare();
      if (facts) record_.facts.insert(facts->begin(), facts->end());
      if (!facts) refusals.emplace(runtime, facts.error());
    }
    if (const auto refusal = refusals.find(runtime); refusal != refusals.end()) {
      if (auto dropped = drop(mode_target, 0, refusal->second); !dropped) return dropped;
    }
  }
  if (!is_wanted(Kind::kApplication)) return {};
  for (const auto& [workload, reason] : applications_.prepare(choice_.workloads)) {
    for (Watched& watched : cells_) {
      if (watched.cell.workload->name != workload) continue;
      watched.dropped = true;
      record_.cells[watched.record].reason = reason;
    }
    progress_.note(workload + ": left out: " + reason);
  }
  return {};
}

Result<Record> Runner::run() {
  const auto began = Clock::now();
  if (choice_.extent.time_limit.count() > 0) {
    session_.deadline = began + choice_.extent.time_limit;
    // A hanging runtime must not use it all up.
    session_.limit = std::min(session_.limit, choice_.extent.time_limit / 5);
  }
  if (const auto ready = prepare(); !ready) return ready.error();
  const unsigned rounds = choice_.extent.rounds;
  for (unsigned number = 1; number <= rounds; ++number) {
    const auto round_began = Clock::now();
    progress_.expect((rounds - number + 1) * steps_of_a_round());
    const auto done = round(number);
    if (!done) session_.interrupt.ignore_from_now();  // the run ends here, but the cleanup must finish
    end_targets();
    if (!done) return done.error();
    record_.rounds = number;
    const auto spent = Clock::now() - began;
    if (choice_.extent.time_limit.count() == 0 || number == rounds) continue;
    if (number == 1 && spent * kMinRounds > choice_.extent.time_limit) keep_essential_modes();
    const bool next_would_fit = spent + (Clock::now() - round_began) <= choice_.extent.time_limit;
    if (session_.time_is_over() || (number >= kMinRounds && !next_would_fit)) {
      record_.remarks.push_back("The time of --quick ended " +
                                std::string(session_.time_is_over() ? "in round " : "after round ") +
                                std::to_string(number) + " of " + std::to_string(rounds) + ".");
      break;
    }
  }
  return std::move(record_);
}

// On a slow or busy machine even the minimum number of rounds would exceed the time of
// --quick. Then only the most important modes continue.
void Runner::keep_essential_modes() {
  for (ModeTarget& mode_target : mode_targets_) {
    const bool kept = mode_target.name == choice_.baseline->name || mode_target.name == kControl ||
                      mode_target.name == "docker" || mode_target.name == "overlay" || mode_target.dropped;
    if (kept) continue;
    mode_target.dropped = true;
    record_.modes[mode_target.record].reason = "the machine is too slow for it within the time of --quick";
  }
  record_.remarks.emplace_back("The machine was too slow to measure all modes within the time of --quick.");
  progress_.note("--quick: the machine is too slow for all modes; only bare, docker and overlay continue");
}

Result<void> Runner::round(unsigned number) {
  if (auto started = start_targets(number); !started) return started;
  std::vector<Watched*> order;
  for (Watched& watched : cells_) {
    if (watched.cell.workload->kind != Kind::kStart) order.push_back(&watched);
  }
  shuffle(order, random_);
  for (Watched* watched : order) {
    if (session_.time_is_over()) break;
    if (auto measured = measure(*watched, number); !measured) return measured;
  }
  return {};
}

Result<void> Runner::start_targets(unsigned number) {
  std::vector<std::size_t> order(mode_targets_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  shuffle(order, random_);
  for (const std::size_t index : order) {
    ModeTarget& mode_target = mode_targets_[index];
    if (mode_target.dropped) continue;
    if (session_.time_is_over()) return {};
    progress_.step(number, choice_.extent.rounds, "start of " + mode_target.name);
    const std::int64_t began = since_epoch_ns();
    auto target = factories_[mode_target.mode->runtime]->start(*mode_target.mode, mode_target.name, number);
    if (!target) {
      if (auto dropped = drop(mode_target, number, target.error()); !dropped) return dropped;
      continue;
    }
    mode_target.target = std::move(*target);
    record_.modes[mode_target.record].cgroups.push_back(mode_target.target->cgroup);
    for (const Watched& watched : cells_) {
      if (watched.mode_target != index || watched.cell.workload->kind != Kind::kStart) continue;
      record_.cells[watched.record].samples.push_back(
          {number, 1, mode_target.target->start_ns, {}, {}, {}, {}, {}, began, since_epoch_ns()});
    }
  }
  return is_wanted(Kind::kNetwork) ? start_client() : Result<void>();
}

Result<void> Runner::start_client() {
  if (!factories_.contains(Runtime::kOwn)) {
    factories_[Runtime::kOwn] = make_targets(Runtime::kOwn, session_);
    if (const auto ready = factories_[Runtime::kOwn]->prepare(); !ready) return ready.error();
  }
  auto client = factories_[Runtime::kOwn]->start(modes().front(), "client", 0);
  if (!client && session_.time_is_over()) return {};
  if (!client) return client.error();
  client_ = std::move(*client);
  return {};
}

void Runner::end_targets() {
  for (ModeTarget& mode_target : mode_targets_) {
    if (!mode_target.target) continue;
    for (const auto& [name, directory] : mode_target.target->directories) {
      if (session_.interrupt.raised() || session_.time_is_over()) break;
      send_order(mode_target.target->child, "forget dir=" + directory, session_.timeout(), session_.interrupt);
    }
    for (const std::string& fault : end_target(*mode_target.target, session_)) progress_.note("not removed: " + fault);
    mode_target.target.reset();
  }
  if (client_) end_target(*client_, session_);
  client_.reset();
}

Result<void> Runner::measure(Watched& watched, unsigned number) {
  ModeTarget& mode_target = mode_targets_[watched.mode_target];
  if (watched.dropped || !mode_target.target) return {};
  progress_.step(number, choice_.extent.rounds, std::string(watched.cell.workload->name) + " in " + watched.cell.label);
  CellRecord& record = record_.cells[watched.record];
  const std::int64_t began = since_epoch_ns();
  const auto busy = busy_ns(session_.root);
  auto sample = watched.cell.workload->kind == Kind::kNetwork ? measure_from_host(watched, *mode_target.target)
                : watched.cell.workload->kind == Kind::kApplication
                    ? applications_.measure(*watched.cell.workload, *mode_target.mode, mode_target.name)
                    : measure_here(watched, *mode_target.target);
  if (sample) {
    sample->round = number;
    sample->busy_ns = growth(busy, busy_ns(session_.root));
    sample->began_ns = began;
    sample->ended_ns = since_epoch_ns();
    record.samples.push_back(*sample);
    return {};
  }
  if (sample.error().interrupted()) return sample.error();
  if (session_.time_is_over()) return {};
  watched.dropped = true;
  record.reason = (number > 1 ? "in round " + std::to_string(number) + ": " : "") + sample.error().text;
  progress_.note(record.workload + " in " + record.label + ": left out: " + record.reason);
  return {};
}

std::string Runner::settings_of(const Cell& cell, const Target& target) const {
  const Extent& extent = choice_.extent;
  std::string text =
      " duration=" + nanoseconds_text(extent.duration) + " warm=" + nanoseconds_text(extent.duration / 5);
  if (cell.workload->kind == Kind::kFiles) {
    const auto directory = target.directories.find(cell.directory);
    if (directory != target.directories.end()) text += " dir=" + directory->second;
    text += " bytes=" + std::to_string(extent.file_bytes) + " seed=" + std::to_string(choice_.seed);
  }
  if (cell.workload->kind == Kind::kCopyUp) {
    const std::string_view size = cell.workload->name.substr(cell.workload->name.rfind('-') + 1);
    const auto files = std::find_if(lower_files().begin(), lower_files().end(),
                                    [&](const LowerFiles& lower) { return lower.name == size; });
    text += " dir=" + target.lower + " name=" + std::string(size) + " files=" + std::to_string(files->count);
  }
  return text;
}

Result<ProbeAnswer> Runner::order(Target& target, const std::string& line) {
  const auto answer = send_order(target.child, line, session_.timeout(), session_.interrupt);
  if (!answer) return answer.error();
  return answer_of(*answer);
}

Result<Sample> Runner::measure_here(const Watched& watched, Target& target) {
  const CgroupTimes before = clock_.times(target.cgroup);
  const auto answer = order(target, std::string(watched.cell.workload->order) + settings_of(watched.cell, target));
  const CgroupTimes after = clock_.times(target.cgroup);
  if (!answer) return answer.error();
  Sample sample = sample_of(*answer);
  sample.own_cpu_ns = static_cast<std::uint64_t>(answer->spent_ns);
  sample.cgroup_cpu_ns = growth(before.cpu_ns, after.cpu_ns);
  if (answer->wait_ns) {
    sample.wait_ns = wait_for_others(*answer->wait_ns, before, after) / static_cast<double>(answer->operations);
  }
  return sample;
}

// The server runs in the target, the client on the host. Their times are added.
Result<Sample> Runner::measure_from_host(const Watched& watched, Target& target) {
  if (target.address.empty()) return failure("has no address that the host can reach");
  const auto request = [&](const std::string& line) {
    return send_order(target.child, line, session_.timeout(), session_.interrupt);
  };
  const bool own_network = target.address != "127.0.0.1" || target.published_port != 0;
  const auto listening = request("listen port=" + std::to_string(own_network ? kServerPort : 0));
  if (!listening) return listening.error();
  const auto its_port = field_of(*listening, "port");
  if (!its_port) return its_port.error();
  const unsigned port = target.published_port != 0 ? target.published_port : static_cast<unsigned>(*its_port);
  const std::string to = std::string(watched.cell.workload->order) + " address=" + target.address +
                         " port=" + std::to_string(port) + " duration=";
  const auto warm = order(*client_, to + nanoseconds_text(choice_.extent.duration / 5));
  if (!warm) return warm.error();
  const CgroupTimes cgroup_before = clock_.times(target.cgroup);
  const auto before = request("server-cpu");
  const auto answer = order(*client_, to + nanoseconds_text(choice_.extent.duration));
  const auto after = request("server-cpu");
  const CgroupTimes cgroup_after = clock_.times(target.cgroup);
  request("close");
  if (!answer) return answer.error();
  Sample sample = sample_of(*answer);
  sample.cpu_ns.reset();
  if (!before || !after) return sample;
  const auto used_by_server = between(*before, *after, "cpu_ns"), waited = between(*before, *after, "wait_ns");
  const auto operations = static_cast<double>(answer->operations);
  if (used_by_server) {
    const double by_server = optional_field_of(*after, "cpu_ns").value_or(0);  // since it began to listen
    sample.cpu_ns = (answer->cpu_ns + *used_by_server) / operations;
    sample.own_cpu_ns = static_cast<std::uint64_t>(warm->spent_ns + answer->spent_ns + by_server);
  }
  // The proxy of a published port waits as well, unseen.
  if (waited && answer->wait_ns && target.published_port == 0) {
    sample.wait_ns = wait_for_others(*answer->wait_ns + *waited, cgroup_before, cgroup_after) / operations;
  }
  return sample;
}

}  // namespace tallyman::overhead
