#include "tests/support/network_thread.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace tallyman {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void bring_up_loopback() {
  const FileDescriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!fd.valid() || ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) {
    fail("lo");
  }
}

}  // namespace

bool NetworkThread::allowed() {
  bool made = false;
  std::thread([&] { made = unshare(CLONE_NEWNET) == 0; }).join();
  return made;
}

NetworkThread::NetworkThread() : thread_([this] { serve(); }) {
  try {
    tid_ = id_.get_future().get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

NetworkThread::~NetworkThread() {
  next_.set_value({});
  thread_.join();
  // The kernel wakes join() before it takes the thread out of /proc.
  const std::string entry = "/proc/self/task/" + std::to_string(tid_);
  while (access(entry.c_str(), F_OK) == 0) std::this_thread::yield();
}

void NetworkThread::run(const std::function<void()>& work) {
  std::packaged_task<void()> task(work);
  auto done = task.get_future();
  next_.set_value(std::move(task));
  done.get();
}

NetworkPlace NetworkThread::place() const {
  const HostRoot root;
  const std::string process = root.proc_path(std::to_string(tid_));
  const NamespaceMark mark = namespace_mark_of(root);
  return {process, net_namespace_of(process, mark), mark, static_cast<std::uint32_t>(tid_)};
}

void NetworkThread::serve() {
  try {
    if (unshare(CLONE_NEWNET) != 0) {
      fail("unshare");
    }
    bring_up_loopback();
  } catch (...) {
    id_.set_exception(std::current_exception());
    return;
  }
  id_.set_value(gettid());
  for (;;) {
    std::packaged_task<void()> task = next_.get_future().get();
    if (!task.valid()) {
      return;
    }
    next_ = {};
    task();
  }
}

}  // namespace tallyman
