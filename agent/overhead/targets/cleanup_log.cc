#include "agent/overhead/targets/cleanup_log.h"

#include "agent/overhead/targets/cgroups.h"
#include "collectors/kernel/system/kernel_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace tallyman::overhead {
namespace {

constexpr std::string_view kPrefix = "cleanup-", kSuffix = ".log";
constexpr int kMaxTriesToRemove = 100;  // of 0.1 s and more
constexpr std::chrono::milliseconds kLockInterval{10};

// 0, or the error; EWOULDBLOCK: another has held it all the time.
int take_lock(int lock, std::chrono::milliseconds timeout) {
  for (const auto deadline = Clock::now() + timeout; flock(lock, LOCK_EX | LOCK_NB) != 0;) {
    const int error = errno;
    if ((error != EWOULDBLOCK && error != EINTR) || Clock::now() >= deadline) return error;
    std::this_thread::sleep_for(kLockInterval);
  }
  return 0;
}

std::string path_of(const std::string& state, const std::string& run) {
  return state + "/" + std::string(kPrefix) + run + std::string(kSuffix);
}

// Only names that a run creates: a damaged cleanup log must not remove anything else.
bool is_ours(const Made& made) {
  const std::string last = made.name.substr(made.name.rfind('/') + 1);
  return last.starts_with(made.kind == "directory" ? "work-" : "tallyman-overhead-");
}

Result<void> remove_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return failure(path + ": " + error.message());
  return {};
}

std::vector<std::string> removal_of(const Made& made) {
  std::vector<std::string> command = made.tool;
  const auto add = [&](std::initializer_list<const char*> words) {
    command.insert(command.end(), words.begin(), words.end());
    command.push_back(made.name);
  };
  if (made.kind == "container") add({"rm", "-f", "-v"});
  if (made.kind == "image") add({"rmi", "-f"});
  if (made.kind == "volume") add({"volume", "rm", "-f"});
  if (made.kind == "lxc") add({"-k", "-n"});
  return command;
}

std::vector<Made> read_cleanup_log(const std::string& path) {
  std::vector<Made> made;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    Made one;
    if (from_line(line, one) && is_ours(one)) made.push_back(one);
  }
  return made;
}

// Undoes the newest first. Entries that could not be undone stay.
std::vector<std::string> undo_backwards(std::vector<Made>& made, const Undo& undo) {
  std::vector<std::string> faults;
  std::vector<Made> left;
  for (; !made.empty(); made.pop_back()) {
    const auto undone = undo(made.back());
    if (undone) continue;
    faults.push_back(made.back().kind + " " + made.back().name + ": " + undone.error().text);
    left.insert(left.begin(), made.back());
  }
  made = std::move(left);
  return faults;
}

}  // namespace

std::string to_line(const Made& made) {
  boost::json::array tool(made.tool.begin(), made.tool.end());
  return boost::json::serialize(boost::json::object{{"kind", made.kind}, {"name", made.name}, {"tool", tool}}) + "\n";
}

bool from_line(const std::string& line, Made& made) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(line, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* kind = object != nullptr ? object->if_contains("kind") : nullptr;
  const auto* name = object != nullptr ? object->if_contains("name") : nullptr;
  const auto* tool = object != nullptr ? object->if_contains("tool") : nullptr;
  if (kind == nullptr || name == nullptr || tool == nullptr) return false;
  if (!kind->is_string() || !name->is_string() || !tool->is_array() || name->as_string().empty()) return false;
  made = {kind->as_string().c_str(), name->as_string().c_str(), {}};
  for (const auto& word : tool->as_array()) {
    if (!word.is_string()) return false;
    made.tool.emplace_back(word.as_string());
  }
  return true;
}

Undo undo_with(Interrupt& interrupt, std::chrono::milliseconds limit) {
  return [&interrupt, limit](const Made& made) -> Result<void> {
    if (made.kind == "directory") return remove_directory(made.name);
    if (made.kind == "cgroup") return remove_cgroup(made.name);
    if (made.tool.empty()) return failure("unknown kind in the cleanup log");
    for (int tries = 1;; ++tries) {
      const auto removed = run_program(removal_of(made), limit, interrupt);
      if (removed || removed.error().kind == FailureKind::kNotFound) return {};
      // kBusy: `docker run --rm` is removing it.
      if (removed.error().kind != FailureKind::kBusy || tries == kMaxTriesToRemove) return removed.error();
      usleep(100'000);
    }
  };
}

CleanupLog::CleanupLog(std::string path, FileDescriptor file, FileDescriptor lock, Undo undo)
    : path_(std::move(path)), file_(std::move(file)), lock_(std::move(lock)), undo_(std::move(undo)) {}

Result<std::unique_ptr<CleanupLog>> CleanupLog::begin(const std::string& state, const std::string& run, Undo undo,
                                                      std::chrono::milliseconds lock_timeout) {
  FileDescriptor lock(open((state + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return failure_from_errno(state + "/lock");
  if (const int error = take_lock(lock.get(), lock_timeout); error != 0) {
    if (error != EWOULDBLOCK) return failure(state + "/lock: " + std::strerror(error));
    return failure("another run is under way in " + state + ": wait for its end, or choose another --output");
  }
  const std::string path = path_of(state, run);
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  if (!file.valid()) return failure_from_errno(path);
  return std::unique_ptr<CleanupLog>(new CleanupLog(path, std::move(file), std::move(lock), std::move(undo)));
}

CleanupLog::~CleanupLog() { undo_all(); }

Result<void> CleanupLog::about_to_make(const Made& made) {
  const std::string line = to_line(made);
  if (write(file_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    return failure_from_errno(path_);
  }
  made_.push_back(made);
  return {};
}

Result<void> CleanupLog::undo(const std::string& kind, const std::string& name) {
  const auto found = std::find_if(made_.begin(), made_.end(),
                                  [&](const Made& made) { return made.kind == kind && made.name == name; });
  if (found == made_.end()) return {};
  auto undone = undo_(*found);
  if (undone) made_.erase(found);
  return undone;
}

std::vector<std::string> CleanupLog::undo_all() {
  std::vector<std::string> faults = undo_backwards(made_, undo_);
  if (made_.empty()) unlink(path_.c_str());
  return faults;
}

std::vector<std::string> CleanupLog::recover(const std::string& state, const Undo& undo, const std::string& own) {
  std::vector<std::string> messages;
  for (const std::string& name : names_in(state)) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const std::string run = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    if (run == own) continue;
    const std::string path = path_of(state, run);
    std::vector<Made> made = read_cleanup_log(path);
    const std::vector<std::string> faults = undo_backwards(made, undo);
    const std::string left = "left behind by run " + run + ", not removed: ";
    for (const std::string& fault : faults) messages.push_back(left + fault);
    if (!faults.empty()) continue;
    unlink(path.c_str());
    messages.push_back("removed what the killed run " + run + " had left behind");
  }
  return messages;
}

}  // namespace tallyman::overhead
