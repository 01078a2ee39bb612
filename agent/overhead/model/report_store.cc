#include "agent/overhead/model/report_store.h"

#include <unistd.h>
#include <boost/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <optional>
#include <utility>

namespace tallyman {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::uintmax_t kMaxBytes = 64 << 20;
constexpr std::size_t kMaxReports = 100;  // the newest ones; older ones remain as files

// "20261124-101500-3f2a": no name that leads out of the directory.
bool is_run_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

std::optional<double> seconds_of(const std::string& rfc3339) {
  std::tm parts{};
  const char* const end = strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return end != nullptr && *end == '\0' ? std::optional<double>(static_cast<double>(timegm(&parts))) : std::nullopt;
}

std::string text_of(const json::object& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}

// Throws, as Boost.JSON does, if a member is missing or has another type; see read().
OverheadFigures figures_of(const json::object& report) {
  OverheadFigures figures;
  figures.run_timestamp_seconds = seconds_of(text_of(report, "began"));
  for (const json::value& value : report.at("results").as_array()) {
    const json::object& row = value.as_object();
    const json::value& wall = row.at("wall");
    const std::string target = text_of(row, "label");
    if (wall.is_null() || target == "control") continue;
    const json::object& compared = wall.as_object();
    OverheadFigures::Cell cell{text_of(row, "workload"), target};
    const json::array& interval = compared.at("interval").as_array();
    cell.low = interval.at(0).to_number<double>();
    cell.high = interval.at(1).to_number<double>();
    if (const json::value* const ratio = compared.if_contains("ratio")) cell.ratio = ratio->to_number<double>();
    if (const json::value* const floor = compared.if_contains("noise_floor")) {
      figures.noise_floor[cell.work] = floor->to_number<double>();
    }
    figures.cells.push_back(std::move(cell));
  }
  return figures;
}

std::string summary_of(const std::string& run, const json::object& report) {
  json::object summary{{"run", run}};
  for (const char* const key : {"began", "extent", "baseline", "rounds", "duration_ns"}) {
    summary[key] = report.at(key);
  }
  return json::serialize(summary);
}

}  // namespace

overhead::Result<std::string> read_report_text(const std::string& file) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(file, error);
  if (error) return overhead::failure(file + ": " + error.message());
  if (bytes > kMaxBytes) return overhead::failure(file + ": is larger than 64 MiB");
  std::ifstream stream(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream) return overhead::failure(file + ": cannot be read");
  return text;
}

std::string overhead_directory(const std::string& chosen) {
  if (!chosen.empty()) return fs::absolute(chosen).string();
  if (geteuid() == 0) return "/var/lib/tallyman/overhead";
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  if (state != nullptr && *state == '/') return std::string(state) + "/tallyman/overhead";
  return std::string(home != nullptr ? home : ".") + "/.local/state/tallyman/overhead";
}

std::vector<std::string> OverheadReports::runs() {
  std::error_code error;
  std::vector<std::string> found;
  for (fs::directory_iterator at(directory_, error), end; !error && at != end; at.increment(error)) {
    if (is_run_name(at->path().filename().native())) found.push_back(at->path().filename());
  }
  // A missing directory counts as empty: nothing has been measured yet.
  directory_error_ = error && error != std::errc::no_such_file_or_directory ? directory_ + ": " + error.message() : "";
  std::sort(found.begin(), found.end(), std::greater<>());
  found.resize(std::min(found.size(), kMaxReports));
  std::erase_if(known_, [&](const auto& one) {
    return !std::binary_search(found.begin(), found.end(), one.first, std::greater<>());
  });
  return found;
}

const OverheadReports::Known* OverheadReports::read(const std::string& run) {
  const std::string file = file_of(run);
  std::error_code error;
  const auto changed = fs::last_write_time(file, error);
  const std::uintmax_t bytes = error ? 0 : fs::file_size(file, error);
  if (error) {  // a run in progress, or an aborted one
    known_.erase(run);
    return nullptr;
  }
  const auto [at, is_new] = known_.try_emplace(run);
  Known& known = at->second;
  if (!is_new && known.changed == changed && known.bytes == bytes) return &known;
  known = {changed, bytes, {}, {}, nullptr};
  const auto text = read_report_text(file);
  if (!text) {
    known.error = text.error().text;
    return &known;
  }
  try {
    const json::value report = json::parse(*text);
    known.summary = summary_of(run, report.as_object());
    known.figures = std::make_shared<const OverheadFigures>(figures_of(report.as_object()));
  } catch (const std::exception&) {
    known.error = file + ": is not a complete report of tallyman overhead; remove it, or measure again";
  }
  return &known;
}

overhead::Result<ReportList> OverheadReports::list() {
  MutexLock lock(mutex_);
  const std::vector<std::string> found = runs();
  if (!directory_error_.empty()) return overhead::failure(directory_error_);
  ReportList list{directory_, {}, {}};
  for (const std::string& run : found) {
    lock.unlock();  // a scrape for the newest report waits until one report is read, not all
    lock.lock();
    const Known* const known = read(run);
    if (known == nullptr) continue;
    if (known->error.empty()) {
      list.summaries.push_back(known->summary);
    } else {
      list.unreadable.push_back({run, known->error});
    }
  }
  return list;
}

overhead::Result<std::string> OverheadReports::report(const std::string& run) {
  const MutexLock lock(mutex_);
  const Known* const known = is_run_name(run) ? read(run) : nullptr;
  if (known == nullptr) {
    return overhead::failure("there is no report of this run; /api/v1/overhead lists all",
                             overhead::FailureKind::kNotFound);
  }
  if (!known->error.empty()) return overhead::failure(known->error);
  return read_report_text(file_of(run));
}

std::shared_ptr<const OverheadFigures> OverheadReports::newest() {
  const MutexLock lock(mutex_);
  for (const std::string& run : runs()) {
    const Known* const known = read(run);
    if (known != nullptr && known->figures) return known->figures;
  }
  return nullptr;
}

}  // namespace tallyman
