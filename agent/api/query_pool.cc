#include "agent/api/query_pool.h"

#include <boost/asio/post.hpp>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

namespace tallyman {
namespace {

// The sampler and the scrapes go first where CPUs are few.
constexpr int kNice = 5;

}  // namespace

std::shared_ptr<const std::string> UnreadBodies::count(std::shared_ptr<const std::string> body) const {
  if (!body) return body;
  const std::string* const text = body.get();
  *bytes_ += text->size();
  return {text, [bytes = bytes_, body = std::move(body)](const std::string* one) { *bytes -= one->size(); }};
}

QueryPool::QueryPool() {
  for (Thread& thread : threads_) {
    thread.start([this] {
      setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
      queue_.run();
    });
  }
}

QueryPool::~QueryPool() {
  until_the_end_.reset();  // run() returns when all are answered
  for (Thread& thread : threads_) thread.stop();
}

void QueryPool::post(std::function<void()> work) { boost::asio::post(queue_, std::move(work)); }

bool QueryPool::post_costly(std::function<void()> work) {
  if (++costly_ > kThreads + kMaxWaiting) {
    --costly_;
    return false;
  }
  post([this, work = std::move(work)] {
    work();
    --costly_;
  });
  return true;
}

}  // namespace tallyman
