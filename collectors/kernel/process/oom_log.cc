#include "collectors/kernel/process/oom_log.h"

#include "collectors/kernel/formats/text_scanner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace tallyman {
namespace {

constexpr std::size_t kMaxRecordLength = 8192;  // CONSOLE_EXT_LOG_MAX
constexpr int kMaxRecords = 20'000;             // the content of a log of 2 MB

}  // namespace

// "6,1234,567890,-;oom-kill:constraint=C,nodemask=N,cpuset=S,mems_allowed=M,oom_memcg=/a,task_memcg=/a/b,task=T,pid=P,uid=U".
// Names of cgroups and processes may contain commas: the text is cut at the last occurrence of each key.
std::optional<OomVictim> parse_oom_victim(std::string_view record) {
  constexpr std::string_view kBegin = ";oom-kill:", kCgroup = ",task_memcg=", kTask = ",task=", kPid = ",pid=";
  const std::size_t begin = record.find(kBegin);
  if (begin == std::string_view::npos) {
    return {};
  }
  record = record.substr(begin, record.find('\n', begin) - begin);
  const std::size_t pid = record.rfind(kPid);
  const std::size_t task = pid == std::string_view::npos ? pid : record.rfind(kTask, pid);
  const std::size_t cgroup = task == std::string_view::npos ? task : record.rfind(kCgroup, task);
  if (cgroup == std::string_view::npos || task < cgroup + kCgroup.size()) {
    return {};
  }
  const std::string_view number = record.substr(pid + kPid.size());
  const auto value = formats::to_number<std::uint32_t>(number.substr(0, number.find(',')));
  if (!value) {
    return {};
  }
  return OomVictim{std::string(record.substr(cgroup + kCgroup.size(), task - cgroup - kCgroup.size())),
                   std::string(record.substr(task + kTask.size(), pid - task - kTask.size())), *value};
}

std::unique_ptr<OomLog> OomLog::open(const HostRoot& root) {
  FileDescriptor file(::open(root.root_path("dev/kmsg").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISCHR(status.st_mode) ||
      lseek(file.get(), 0, SEEK_END) < 0) {
    return nullptr;
  }
  return std::unique_ptr<OomLog>(new OomLog(std::move(file)));
}

std::vector<OomVictim> OomLog::take() {
  std::vector<OomVictim> victims;
  std::array<char, kMaxRecordLength> record;
  for (int records = 0; records < kMaxRecords; ++records) {
    const ssize_t size = read(file_.get(), record.data(), record.size());
    if (size < 0 && errno == EPIPE) {
      continue;  // records were overwritten before they were read: continues with the oldest one left
    }
    if (size <= 0) {
      break;
    }
    if (auto victim = parse_oom_victim({record.data(), static_cast<std::size_t>(size)})) {
      victims.push_back(std::move(*victim));
    }
  }
  return victims;
}

}  // namespace tallyman
