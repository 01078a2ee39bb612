#include "agent/overhead/targets/cleanup_log.h"

#include "agent/overhead/targets/cgroups.h"
#include "collectors/kernel/system/kernel_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>
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

bool is_mine_alone(const struct stat& facts) {
  const bool by_others =
      (facts.st_mode & S_IWOTH) != 0 || ((facts.st_mode & S_IWGRP) != 0 && facts.st_gid != getegid());
  return facts.st_uid == geteuid() && !by_others;
}

Result<void> check_owner(const std::string& state) {
  struct stat facts {};
  if (stat(state.c_str(), &facts) != 0) return failure_from_errno(state);
  if (is_mine_alone(facts)) return {};
  return failure(state +
                 ": belongs to somebody else, or others may write there: they could have this program remove "
                 "things; choose another --output");
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

// What a damaged or a strange log names beside what a run creates is left alone.
Result<std::vector<Made>> read_cleanup_log(const std::string& state, const std::string& run) {
  const std::string path = path_of(state, run);
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat facts {};
  if (!file.valid() || fstat(file.get(), &facts) != 0) return failure_from_errno(path);
  if (!S_ISREG(facts.st_mode) || !is_mine_alone(facts)) {
    return failure(path + ": ignored, because it belongs to somebody else or others may write to it");
  }
  ReadBuffer buffer;
  const auto text = read_to_end(file.get(), buffer);
  if (!text) return failure(to_string(text.error()));
  std::vector<Made> made;
  std::istringstream lines{std::string(*text)};
  for (std::string line; std::getline(lines, line);) {
    Made one;
    if (!from_line(line, one)) continue;
    if (auto known = checked(one, state, run)) made.push_back(std::move(*known));
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

std::optional<Made> checked(const Made& made, const std::string& state, const std::string& run) {
  const std::string work = state + "/work-" + run;
  if (made.kind == "directory") return made.name == work ? std::optional(Made{made.kind, work, {}}) : std::nullopt;
  const std::string last = made.name.substr(made.name.rfind('/') + 1);
  if (!last.starts_with("tallyman-overhead-")) return {};
  if (made.kind == "cgroup") return Made{made.kind, made.name, {}};
  if (made.name != last) return {};
  if (made.kind == "lxc") return Made{made.kind, made.name, {"lxc-stop", "-P", work + "/lxc"}};
  if (made.kind != "container" && made.kind != "image" && made.kind != "volume") return {};
  const std::vector<std::string>& tool = made.tool;
  if (tool.empty() || (tool[0] != "docker" && tool[0] != "podman")) return {};
  if (tool.size() == 1) return made;
  // Other addresses may run programs (ssh://).
  const bool has_host =
      tool.size() == 3 && tool[1] == "-H" && (tool[2].starts_with("unix://") || tool[2].starts_with("tcp://"));
  return has_host ? std::optional(made) : std::nullopt;
}

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
  if (const auto mine = check_owner(state); !mine) return mine.error();
  FileDescriptor lock(open((state + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
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
    auto made = read_cleanup_log(state, run);
    if (!made) {
      messages.push_back(made.error().text);
      continue;
    }
    const std::vector<std::string> faults = undo_backwards(*made, undo);
    const std::string left = "left behind by run " + run + ", not removed: ";
    for (const std::string& fault : faults) messages.push_back(left + fault);
    if (!faults.empty()) continue;
    unlink(path.c_str());
    messages.push_back("removed what the killed run " + run + " had left behind");
  }
  return messages;
}

}  // namespace tallyman::overhead
