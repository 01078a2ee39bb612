#include "agent/overhead/overhead_command.h"

#include "agent/overhead/model/report_store.h"
#include "agent/overhead/report/report_markdown.h"
#include "agent/overhead/report/report_svg.h"
#include "agent/overhead/report/report_table.h"
#include "agent/overhead/report/waiting.h"
#include "agent/overhead/runner.h"
#include "agent/overhead/selection.h"
#include "agent/overhead/targets/environment.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <random>

namespace tallyman {
namespace {

using namespace overhead;

constexpr std::string_view kUsage =
    "tallyman overhead: expects run, or compare and two reports: for example\n"
    "  tallyman overhead run --quick\n"
    "  tallyman overhead compare REPORT REPORT\n"
    "See tallyman overhead --help.\n";
constexpr std::uint64_t kSpareBytes = 256 << 20;
constexpr std::chrono::seconds kMaxUndoLength{30};

std::string time_of_now(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[64];
  std::strftime(text, sizeof text, format, &parts);
  return text;
}

// The name is part of container names: lower-case letters, digits, '-'.
std::string new_run_name() {
  char text[8];
  std::snprintf(text, sizeof text, "%04x", static_cast<unsigned>(std::random_device()()) & 0xffffU);
  return time_of_now("%Y%m%d-%H%M%S-") + text;
}

overhead::Result<void> write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  if (!file) return failure_from_errno(path);
  return {};
}

overhead::Result<std::string> write_report(const std::string& directory, const Record& record,
                                           const Analysis& analysis) {
  if (const auto made = make_directory(directory); !made) return made.error();
  std::vector<std::pair<std::string, std::string>> files = {{"report.json", report_json(record, analysis)},
                                                            {"report.txt", table_text(record, analysis)},
                                                            {"report.md", markdown_text(record, analysis)}};
  for (Picture& picture : pictures(record, analysis)) files.emplace_back(picture.file, std::move(picture.svg));
  for (const auto& [name, text] : files) {
    if (const auto written = write_file(directory + "/" + name, text); !written) return written.error();
  }
  return directory;
}

std::vector<std::string> remarks_on_the_machine(const Record& record, double load) {
  std::vector<std::string> remarks;
  const auto cpus = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  const double others = used_by_others(record).value_or(0);
  char text[256];
  if (others > kBusy) {
    std::snprintf(text, sizeof text,
                  "The machine was busy: other programs used %.0f %% of its CPUs. A difference that waiting for a CPU "
                  "explains has no number.",
                  others * 100);
    remarks.emplace_back(text);
  } else if (load > kBusy * cpus) {
    std::snprintf(text, sizeof text, "The machine was busy when the run began: load %.2f on %.0f CPUs.", load, cpus);
    remarks.emplace_back(text);
  }
  if (const int niceness = getpriority(PRIO_PROCESS, 0); niceness > 0) {
    std::snprintf(text, sizeof text,
                  "This run had niceness %d. A container of a daemon does not, so the two wait differently.", niceness);
    remarks.emplace_back(text);
  }
  return remarks;
}

// One run, from the start of its cleanup log to the cleanup.
class Run {
 public:
  Run(const Options::Overhead& options, const Choice& choice, std::ostream& err)
      : options_(options),
        choice_(choice),
        progress_(err, isatty(STDERR_FILENO) != 0),
        name_(new_run_name()),
        state_(overhead_directory(options.output)) {}

  overhead::Result<Record> measure() {
    if (const auto made = make_directory(state_); !made) return made.error();
    const Undo undo = undo_with(interrupt_, std::min<std::chrono::milliseconds>(options_.limit, kMaxUndoLength));
    auto cleanup_log = CleanupLog::begin(state_, name_, undo);
    if (!cleanup_log) return cleanup_log.error();
    for (const std::string& line : CleanupLog::recover(state_, undo, name_)) progress_.note(line);
    auto record = measure_with(**cleanup_log);
    progress_.end();
    if (interrupt_.number() != 0) progress_.note("interrupted: cleaning up");
    interrupt_.ignore_from_now();
    for (const std::string& fault : (*cleanup_log)->undo_all()) progress_.note("not removed: " + fault);
    return record;
  }

  std::string directory() const { return state_ + "/" + name_; }
  int signal() const { return interrupt_.number(); }

 private:
  overhead::Result<Record> measure_with(CleanupLog& cleanup_log) {
    auto mounts = CgroupMounts::detect(HostRoot{});
    if (!mounts) return failure(to_string(mounts.error()));
    Session session{interrupt_, cleanup_log, HostRoot{}, *mounts, name_, state_ + "/work-" + name_};
    session.limit = options_.limit;
    session.docker_host = options_.docker_host;
    session.docker_options = options_.docker_options;
    session.file_bytes = choice_.extent.file_bytes;
    const std::uint64_t needed = 6 * session.file_bytes + kSpareBytes;
    if (const auto enough = enough_space(state_, needed); !enough) return enough.error();
    if (const auto noted = cleanup_log.about_to_make({"directory", session.work, {}}); !noted) return noted.error();
    if (const auto made = make_directory(session.work); !made) return made.error();

    const std::string began = time_of_now("%Y-%m-%dT%H:%M:%SZ");
    const Facts facts = machine_facts(session.root, session.mounts, session.work);
    const double load = load_average(session.root);
    Runner runner(session, choice_, progress_);
    auto record = runner.run();
    if (!record) return record;
    fill(*record, facts, load, began, session);
    return record;
  }

  void fill(Record& record, const Facts& facts, double load, const std::string& began, const Session& session) const {
    record.run = name_;
    record.began = began;
    record.extent = choice_.extent.name;
    record.baseline = choice_.baseline->name;
    record.rounds_planned = choice_.extent.rounds;
    record.duration_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(choice_.extent.duration).count());
    record.file_bytes = choice_.extent.file_bytes;
    record.seed = choice_.seed;
    record.facts.insert(facts.begin(), facts.end());
    const Facts after = machine_facts(session.root, session.mounts, session.work);
    if (const auto at = after.find("cpu MHz"); at != after.end()) record.facts["cpu MHz at the end"] = at->second;
    if (const auto at = after.find("load at the start"); at != after.end())
      record.facts["load at the end"] = at->second;
    for (const std::string& remark : remarks_on_the_machine(record, load)) record.remarks.push_back(remark);
    if (choice_.extent.name == "quick") {
      record.remarks.emplace_back("Measured with --quick: measurements are short and miss small differences.");
    }
  }

  const Options::Overhead& options_;
  const Choice& choice_;
  Progress progress_;
  std::string name_, state_;
  Interrupt interrupt_;
};

int run(const Options::Overhead& options, bool json, std::ostream& out, std::ostream& err) {
  auto choice = choose(options);
  if (!choice) {
    err << "tallyman overhead: " << choice.error().text << '\n';
    return 2;
  }
  choice->seed = options.seed > 0 ? options.seed : std::random_device()();
  Run one(options, *choice, err);
  const auto record = one.measure();
  if (one.signal() != 0) return 128 + one.signal();
  if (!record) {
    err << "tallyman overhead: " << record.error().text << '\n';
    return 1;
  }
  const Analysis analysis = analyse(*record);
  out << (json ? report_json(*record, analysis) : table_text(*record, analysis)) << std::flush;
  const auto written = write_report(one.directory(), *record, analysis);
  if (!written) {
    err << "tallyman overhead: " << written.error().text << '\n';
    return 1;
  }
  err << "The report is in " << *written << ": report.md, report.json\n" << std::flush;
  return out.good() ? 0 : 1;
}

int compare_two(const Options::Overhead& options, std::ostream& out, std::ostream& err) {
  const auto before = read_record(options.words[1]), after = read_record(options.words[2]);
  for (const auto* record : {&before, &after}) {
    if (*record) continue;
    err << "tallyman overhead: " << record->error().text << '\n';
    return 1;
  }
  const RunComparison comparison = compare(*before, *after);
  if (!comparison.refusals.empty()) {
    err << "tallyman overhead: these reports cannot be compared, because they differ in\n";
    for (const std::string& refusal : comparison.refusals) err << "  " << refusal << '\n';
    return 1;
  }
  out << comparison_text(*before, *after, comparison) << std::flush;
  return out.good() ? 0 : 1;
}

}  // namespace

int run_overhead_command(const Options::Overhead& options, bool json, std::ostream& out, std::ostream& err) {
  const auto& words = options.words;
  if (words.size() == 1 && words[0] == "run") return run(options, json, out, err);
  if (words.size() == 3 && words[0] == "compare") return compare_two(options, out, err);
  err << kUsage;
  return 2;
}

}  // namespace tallyman
