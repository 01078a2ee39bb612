#include "collectors/kernel/process/taskstats.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>

namespace tallyman {
namespace {

constexpr std::uint16_t kMinVersion = 12;     // Linux 5.19: ac_tgid and AGROUP
constexpr std::uint8_t kProcessEnded = 0x20;  // AGROUP of linux/acct.h
constexpr int kReceiveBytes = 8 * 1024 * 1024;
constexpr std::size_t kBatch = 32;  // requests in one message: their answers fit into any receive buffer

// NLA_ALIGN and NLA_HDRLEN, which mix signed and unsigned numbers.
constexpr std::size_t aligned(std::size_t length) { return (length + NLA_ALIGNTO - 1) / NLA_ALIGNTO * NLA_ALIGNTO; }
constexpr std::size_t kAttributeHead = aligned(sizeof(nlattr));

// Attributes one after the other; stops at the first that exceeds the text.
class Attributes {
 public:
  explicit Attributes(std::string_view text) : rest_(text) {}
  bool next(std::uint16_t& type, std::string_view& payload) {
    nlattr head{};
    if (rest_.size() < sizeof head) {
      return false;
    }
    std::memcpy(&head, rest_.data(), sizeof head);
    if (head.nla_len < sizeof head || head.nla_len > rest_.size()) {
      return false;
    }
    type = static_cast<std::uint16_t>(head.nla_type & NLA_TYPE_MASK);
    payload = rest_.substr(kAttributeHead, head.nla_len - kAttributeHead);
    rest_.remove_prefix(std::min(aligned(head.nla_len), rest_.size()));
    return true;
  }

 private:
  std::string_view rest_;
};

// The payload after the two headers; empty for an error, or if the length exceeds the message.
std::string_view payload_of(std::string_view message) {
  nlmsghdr head{};
  if (message.size() < NLMSG_LENGTH(GENL_HDRLEN)) {
    return {};
  }
  std::memcpy(&head, message.data(), sizeof head);
  if (head.nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN) || head.nlmsg_len > message.size() || head.nlmsg_type == NLMSG_ERROR) {
    return {};
  }
  return message.substr(NLMSG_LENGTH(GENL_HDRLEN), head.nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN));
}

// Later kernels append fields to the struct, earlier ones have fewer.
std::optional<taskstats> stats_in(std::string_view aggregate) {
  Attributes inner(aggregate);
  std::uint16_t type = 0;
  std::string_view payload;
  while (inner.next(type, payload)) {
    if (type == TASKSTATS_TYPE_STATS && payload.size() >= offsetof(taskstats, ac_exe_inode) + 8) {
      taskstats stats{};
      std::memcpy(&stats, payload.data(), std::min(payload.size(), sizeof stats));
      if (stats.version >= kMinVersion) {
        return stats;
      }
    }
  }
  return {};
}

std::optional<taskstats> stats_of(std::string_view message, std::uint16_t aggregate) {
  Attributes outer(payload_of(message));
  std::uint16_t type = 0;
  std::string_view payload;
  while (outer.next(type, payload)) {
    if (type == aggregate) {
      return stats_in(payload);
    }
  }
  return {};
}

TaskTimes times_of(const taskstats& stats) {
  TaskTimes times;
  times.run_nsec = stats.cpu_run_virtual_total;
  times.runqueue_nsec = stats.cpu_delay_total;
  times.timeslices = stats.cpu_count;
  times.utime_usec = stats.ac_utime;
  times.stime_usec = stats.ac_stime;
  times.voluntary_switches = stats.nvcsw;
  times.involuntary_switches = stats.nivcsw;
  return times;
}

struct Request {
  nlmsghdr head{};
  genlmsghdr generic{};
  std::array<char, 64> attribute{};

  Request(std::uint16_t family, std::uint8_t command, std::uint16_t type, std::string_view payload) {
    head.nlmsg_type = family;
    head.nlmsg_flags = NLM_F_REQUEST;
    generic.cmd = command;
    generic.version = 1;
    const nlattr attribute_head{static_cast<std::uint16_t>(kAttributeHead + payload.size()), type};
    std::memcpy(attribute.data(), &attribute_head, sizeof attribute_head);
    std::memcpy(attribute.data() + kAttributeHead, payload.data(), payload.size());
    head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(GENL_HDRLEN) + aligned(attribute_head.nla_len));
  }
  std::string_view text() const { return {reinterpret_cast<const char*>(this), head.nlmsg_len}; }
};

std::string_view bytes_of(const std::uint32_t& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

class Socket {
 public:
  Socket() : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC)) {
    timeval timeout{1, 0};  // an answer is ready before send() returns; this is for a kernel that sends none
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  }
  bool send(std::string_view text) const {
    return ::send(fd_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  }
  // Empty if nothing arrived; errno says why.
  std::string_view receive(int flags = 0) {
    const ssize_t size = recv(fd_.get(), buffer_.data(), buffer_.size(), flags);
    return size > 0 ? std::string_view(buffer_.data(), static_cast<std::size_t>(size)) : std::string_view();
  }
  void enlarge_buffer() const {
    const int wanted = kReceiveBytes;
    if (setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0) {
      setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
    }
  }

 private:
  FileDescriptor fd_;
  std::array<char, 8192> buffer_{};
};

int error_in(std::string_view message) {
  nlmsghdr head{};
  nlmsgerr error{};
  if (message.size() < sizeof head + sizeof error) {
    return 0;
  }
  std::memcpy(&head, message.data(), sizeof head);
  std::memcpy(&error, message.data() + NLMSG_HDRLEN, sizeof error);
  return head.nlmsg_type == NLMSG_ERROR ? -error.error : 0;
}

std::optional<std::uint16_t> find_family(Socket& socket) {
  socket.send(Request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME,
                      std::string_view(TASKSTATS_GENL_NAME, sizeof TASKSTATS_GENL_NAME))
                  .text());
  Attributes attributes(payload_of(socket.receive()));
  std::uint16_t type = 0;
  std::string_view payload;
  while (attributes.next(type, payload)) {
    std::uint16_t family = 0;
    if (type == CTRL_ATTR_FAMILY_ID && payload.size() >= sizeof family) {
      std::memcpy(&family, payload.data(), sizeof family);
      return family;
    }
  }
  return {};
}

class NetlinkTaskstats final : public Taskstats {
 public:
  std::optional<Error> start();
  std::vector<std::optional<TaskTimes>> times(std::span<const std::uint32_t> pids) override;
  std::vector<ExecutableFile> executables(std::span<const std::uint32_t> pids) override;
  void take_exits(std::vector<TaskExit>& out) override;
  std::uint64_t overflows() const override { return overflows_; }

 private:
  struct Question {
    std::uint16_t attribute, aggregate;
  };
  using Answer = std::function<void(const std::optional<taskstats>&)>;
  void ask(Question question, std::span<const std::uint32_t> pids, const Answer& answer);

  Socket asking_, listening_;  // separate, so that answers and exits do not mix
  std::uint16_t family_ = 0;
  std::uint64_t overflows_ = 0;
};

std::optional<Error> NetlinkTaskstats::start() {
  const auto family = find_family(asking_);
  if (!family) {
    return Error{ErrorKind::kUnsupported, 0, "taskstats: the kernel has none in this network namespace"};
  }
  family_ = *family;
  const std::uint32_t self = static_cast<std::uint32_t>(getpid());
  asking_.send(Request(family_, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_TGID, bytes_of(self)).text());
  const std::string_view answer = asking_.receive();
  if (error_in(answer) == EPERM) {
    return Error{ErrorKind::kDenied, EPERM, "taskstats: needs CAP_NET_ADMIN"};
  }
  if (!stats_of(answer, TASKSTATS_TYPE_AGGR_TGID)) {
    return Error{ErrorKind::kUnsupported, 0, "taskstats: needs Linux 5.19"};
  }
  listening_.enlarge_buffer();
  // One for each CPU; the kernel accepts more than exist.
  const std::string cpus = "0-" + std::to_string(std::max(1L, sysconf(_SC_NPROCESSORS_CONF)) - 1);
  listening_.send(Request(family_, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK,
                          std::string_view(cpus.c_str(), cpus.size() + 1))
                      .text());
  // A refusal arrives at once; if there is none, only the first exits can be there.
  if (const int code = error_in(listening_.receive(MSG_DONTWAIT | MSG_PEEK)); code != 0) {
    return Error{ErrorKind::kDenied, code, "taskstats: exits are reported only in the first PID and user namespaces"};
  }
  return {};
}

void NetlinkTaskstats::ask(Question question, std::span<const std::uint32_t> pids, const Answer& answer) {
  while (!pids.empty()) {
    const auto batch = pids.first(std::min(kBatch, pids.size()));
    std::string requests;
    for (const std::uint32_t pid : batch) {
      requests += Request(family_, TASKSTATS_CMD_GET, question.attribute, bytes_of(pid)).text();
    }
    const bool sent = asking_.send(requests);
    // One answer each, in their order.
    for (std::size_t i = 0; i < batch.size(); ++i) {
      answer(sent ? stats_of(asking_.receive(), question.aggregate) : std::nullopt);
    }
    pids = pids.subspan(batch.size());
  }
}

std::vector<std::optional<TaskTimes>> NetlinkTaskstats::times(std::span<const std::uint32_t> pids) {
  std::vector<std::optional<TaskTimes>> result;
  result.reserve(pids.size());
  ask({TASKSTATS_CMD_ATTR_TGID, TASKSTATS_TYPE_AGGR_TGID}, pids, [&](const std::optional<taskstats>& stats) {
    result.push_back(stats ? std::optional(times_of(*stats)) : std::nullopt);
  });
  return result;
}

// Only the answer about a thread has the file, not that about a whole process.
std::vector<ExecutableFile> NetlinkTaskstats::executables(std::span<const std::uint32_t> pids) {
  std::vector<ExecutableFile> result;
  result.reserve(pids.size());
  ask({TASKSTATS_CMD_ATTR_PID, TASKSTATS_TYPE_AGGR_PID}, pids, [&](const std::optional<taskstats>& stats) {
    result.push_back(stats ? ExecutableFile{stats->ac_exe_dev, stats->ac_exe_inode} : ExecutableFile{});
  });
  return result;
}

void NetlinkTaskstats::take_exits(std::vector<TaskExit>& out) {
  constexpr std::size_t kMaxAtOnce = 100'000;
  while (out.size() < kMaxAtOnce) {
    errno = 0;
    const std::string_view message = listening_.receive(MSG_DONTWAIT);
    if (message.empty()) {
      if (errno != ENOBUFS) {
        return;
      }
      ++overflows_;  // counted once; the records still in the queue follow
      continue;
    }
    if (auto exit = parse_task_exit(message)) {
      out.push_back(std::move(*exit));
    }
  }
}

}  // namespace

std::optional<TaskExit> parse_task_exit(std::string_view message) {
  const auto stats = stats_of(message, TASKSTATS_TYPE_AGGR_PID);
  if (!stats) {
    return {};
  }
  TaskExit exit;
  exit.pid = stats->ac_pid;
  exit.tgid = stats->ac_tgid;
  exit.ppid = stats->ac_ppid;
  exit.uid = stats->ac_uid;
  exit.wait_status = stats->ac_exitcode;
  exit.comm.assign(stats->ac_comm, strnlen(stats->ac_comm, sizeof stats->ac_comm));
  exit.executable = {stats->ac_exe_dev, stats->ac_exe_inode};
  exit.thread = times_of(*stats);
  exit.minflt = stats->ac_minflt;
  exit.majflt = stats->ac_majflt;
  exit.read_bytes = stats->read_bytes;
  exit.write_bytes = stats->write_bytes;
  if ((stats->ac_flag & kProcessEnded) != 0) {
    // A process that never had a second thread has no totals of its own.
    const auto whole = stats_of(message, TASKSTATS_TYPE_AGGR_TGID);
    exit.process = whole ? times_of(*whole) : exit.thread;
  }
  return exit;
}

Result<std::unique_ptr<Taskstats>> Taskstats::open() {
  auto made = std::make_unique<NetlinkTaskstats>();
  if (auto error = made->start()) {
    return *error;
  }
  return std::unique_ptr<Taskstats>(std::move(made));
}

}  // namespace tallyman
