#include "collectors/kernel/process/process_files.h"

#include "collectors/kernel/formats/process_text.h"
#include "collectors/kernel/system/file_descriptor.h"
#include "collectors/kernel/system/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace tallyman {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

Error malformed(std::string where) {
  return {ErrorKind::kMalformed, 0, std::move(where) + ": not as the kernel documents it"};
}

std::vector<std::uint32_t> numbers_in(DIR* directory) {
  std::vector<std::uint32_t> found;
  while (const dirent* entry = readdir(directory)) {
    if (const auto number = to_number<std::uint32_t>(entry->d_name)) {
      found.push_back(*number);
    }
  }
  return found;
}

}  // namespace

std::string ProcessFiles::path(Pid pid, const char* file) const {
  return root_.proc_path(std::to_string(pid) + '/' + file);
}

Error ProcessFiles::error_of(int code, Pid pid, const char* file) const {
  // The kernel or a recorded host may lack only the file.
  if (code == ESRCH || (code == ENOENT && !is_there(root_.proc_path(std::to_string(pid))))) {
    return {ErrorKind::kGone, code, path(pid, file)};
  }
  Error error = error_from_errno(code, root_.proc_path(std::string("PID/") + file));
  if (error.kind == ErrorKind::kDenied) {
    error.where += "; needs CAP_SYS_PTRACE";
  }
  return error;
}

Result<std::string_view> ProcessFiles::text(Pid pid, const char* file) {
  const FileDescriptor fd(open(path(pid, file).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return error_of(errno, pid, file);
  }
  const Result<std::string_view> content = read_to_end(fd.get(), buffer_);
  if (!content) {
    return error_of(content.error().code, pid, file);
  }
  return *content;
}

Result<std::vector<ProcessFiles::Pid>> ProcessFiles::pids() {
  const Directory directory(opendir(root_.proc_path("").c_str()));
  if (!directory) {
    return error_from_errno(errno, root_.proc_path(""));
  }
  return numbers_in(directory.get());
}

Result<PidStat> ProcessFiles::stat(Pid pid) {
  const auto content = text(pid, "stat");
  if (!content) {
    return content.error();
  }
  PidStat result;
  if (!formats::parse_pid_stat(*content, result)) {
    return malformed(root_.proc_path("PID/stat"));
  }
  return result;
}

Result<PidMemory> ProcessFiles::memory(Pid pid) {
  const auto content = text(pid, "statm");
  if (!content) {
    return content.error();
  }
  PidMemory result;
  if (!formats::parse_statm(*content, result)) {
    return malformed(root_.proc_path("PID/statm"));
  }
  return result;
}

Result<PidIo> ProcessFiles::io(Pid pid) {
  const auto content = text(pid, "io");
  if (!content) {
    return content.error();
  }
  PidIo result;
  if (formats::parse_pid_io(*content, result) != 0) {
    return malformed(root_.proc_path("PID/io"));
  }
  return result;
}

Result<PidStatus> ProcessFiles::status(Pid pid) {
  const auto content = text(pid, "status");
  if (!content) {
    return content.error();
  }
  PidStatus result;
  formats::parse_pid_status(*content, result);  // names with newlines are escaped in it; rows of no interest may be odd
  return result;
}

Result<std::vector<CgroupMembership>> ProcessFiles::cgroups(Pid pid) {
  const auto content = text(pid, "cgroup");
  if (!content) {
    return content.error();
  }
  std::vector<CgroupMembership> result;
  if (formats::parse_pid_cgroup(*content, result) != 0) {
    return malformed(root_.proc_path("PID/cgroup"));
  }
  return result;
}

Result<Count> ProcessFiles::pss_bytes(Pid pid) {
  const auto content = text(pid, "smaps_rollup");
  if (!content) {
    return content.error();
  }
  return content->empty() ? Count() : formats::parse_smaps_rollup_pss(*content);
}

Result<Count> ProcessFiles::open_files_limit(Pid pid) {
  const auto content = text(pid, "limits");
  if (!content) {
    return content.error();
  }
  return formats::parse_open_files_limit(*content);
}

Result<OpenFiles> ProcessFiles::open_files(Pid pid) {
  const FileDescriptor fd(open(path(pid, "fd").c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (!fd.valid()) {
    return error_of(errno, pid, "fd");
  }
  OpenFiles result;
  struct stat status {};
  // Since Linux 6.2 the directory's size is the count; before, it is 0.
  if (fstat(fd.get(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) > kMaxFilesChecked) {
    result.count = static_cast<std::uint64_t>(status.st_size);
    return result;
  }
  const int again = dup(fd.get());
  const Directory directory(again < 0 ? nullptr : fdopendir(again));
  if (!directory) {
    const int code = errno;
    close(again);
    return error_of(code, pid, "fd");
  }
  std::uint64_t sockets = 0;
  while (const dirent* entry = readdir(directory.get())) {
    if (entry->d_name[0] == '.') {
      continue;
    }
    constexpr std::string_view kSocket = "socket:";
    char target[16];
    if (++result.count <= kMaxFilesChecked &&
        readlinkat(fd.get(), entry->d_name, target, sizeof target) >= static_cast<ssize_t>(kSocket.size()) &&
        std::string_view(target, kSocket.size()) == kSocket) {
      ++sockets;
    }
  }
  if (result.count <= kMaxFilesChecked) {
    result.sockets = sockets;
  }
  return result;
}

Result<std::string> ProcessFiles::program(Pid pid) {
  std::array<char, 4096> target;
  const ssize_t size = readlink(path(pid, "exe").c_str(), target.data(), target.size());
  if (size < 0) {
    if (errno == ENOENT && is_there(path(pid, "stat"))) {
      return std::string();  // a kernel thread has none
    }
    return error_of(errno, pid, "exe");
  }
  std::string_view name(target.data(), static_cast<std::size_t>(size));
  constexpr std::string_view kReplaced = " (deleted)";
  if (name.ends_with(kReplaced)) {
    name.remove_suffix(kReplaced.size());
  }
  constexpr std::string_view kFileInMemory = "/memfd:";  // its name is arbitrary: the process's own name is better
  name.remove_prefix(name.starts_with(kFileInMemory) ? name.size() : name.rfind('/') + 1);
  return std::string(name.substr(0, kMaxNameBytes));
}

Result<std::string> ProcessFiles::command_line(Pid pid) {
  const FileDescriptor fd(open(path(pid, "cmdline").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return error_of(errno, pid, "cmdline");
  }
  std::string result(kMaxCommandBytes, '\0');
  const ssize_t size = read(fd.get(), result.data(), result.size());
  if (size < 0) {
    return error_of(errno, pid, "cmdline");
  }
  result.resize(static_cast<std::size_t>(size));
  while (!result.empty() && result.back() == '\0') {
    result.pop_back();
  }
  std::replace(result.begin(), result.end(), '\0', ' ');
  return result;
}

Result<NamespaceIds> ProcessFiles::namespaces(Pid pid) {
  const FileDescriptor fd(open(path(pid, "ns").c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (!fd.valid()) {
    return error_of(errno, pid, "ns");
  }
  NamespaceIds ids{};
  for (std::size_t type = 0; type < kNamespaceTypes; ++type) {
    struct stat status {};
    const std::string name(to_string(static_cast<NamespaceType>(type)));
    if (fstatat(fd.get(), name.c_str(), &status, 0) == 0) {
      ids[type] = status.st_ino;
    } else if (errno != ENOENT) {  // an older kernel does not have all of them
      return error_of(errno, pid, "ns");
    }
  }
  return ids;
}

Result<std::vector<ProcessFiles::Pid>> ProcessFiles::thread_ids(Pid pid) {
  const Directory directory(opendir(path(pid, "task").c_str()));
  if (!directory) {
    return error_of(errno, pid, "task");
  }
  return numbers_in(directory.get());
}

Result<std::vector<ThreadSched>> ProcessFiles::threads_sched(Pid pid) {
  const auto threads = thread_ids(pid);
  if (!threads) {
    return threads.error();
  }
  std::vector<ThreadSched> result;
  for (const Pid thread : *threads) {
    const std::string task = "task/" + std::to_string(thread);
    ThreadSched one{thread, {}, {}};
    const auto sched = text(pid, (task + "/schedstat").c_str());
    if (!sched || !formats::parse_schedstat(*sched, one.sched)) {
      continue;
    }
    if (const auto status = text(pid, (task + "/status").c_str())) {
      formats::parse_pid_status(*status, one.status);
    }
    result.push_back(one);
  }
  return result;
}

Result<std::vector<char>> ProcessFiles::threads_states(Pid pid) {
  const auto threads = thread_ids(pid);
  if (!threads) {
    return threads.error();
  }
  std::vector<char> result;
  for (const Pid thread : *threads) {
    const auto content = text(pid, ("task/" + std::to_string(thread) + "/stat").c_str());
    PidStat one;
    if (content && formats::parse_pid_stat(*content, one)) {
      result.push_back(one.state);
    }
  }
  return result;
}

std::string ProcessFiles::user_name(std::uint64_t uid) {
  const auto content = read_file(root_.root_path("etc/passwd"), buffer_);
  if (!content) {
    return {};
  }
  return formats::user_of_passwd(*content, uid);
}

}  // namespace tallyman
