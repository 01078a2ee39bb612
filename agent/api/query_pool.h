// Threads for the API's answers, apart from the one that makes /metrics: a scrape is never
// behind a query. Thread-safe.
#pragma once

#include "collectors/kernel/system/thread.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace tallyman {

// The bytes of all bodies that clients have not read yet.
class UnreadBodies {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{32} << 20;

  bool full() const { return *bytes_ >= kMaxBytes; }
  // The same body, counted until the last one releases it.
  std::shared_ptr<const std::string> count(std::shared_ptr<const std::string> body) const;

 private:
  std::shared_ptr<std::atomic<std::size_t>> bytes_ = std::make_shared<std::atomic<std::size_t>>(0);
};

class QueryPool {
 public:
  // So many run at a time. A page of the dashboard asks several questions at once, so that a
  // few more may wait for their turn.
  static constexpr std::size_t kThreads = 2, kMaxWaiting = 6;

  QueryPool();
  ~QueryPool();  // runs what waits
  QueryPool(const QueryPool&) = delete;
  QueryPool& operator=(const QueryPool&) = delete;

  void post(std::function<void()> work);
  // For what may take long. False if too many of these run and wait; then it is dropped.
  bool post_costly(std::function<void()> work);

 private:
  boost::asio::io_context queue_{kThreads};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> until_the_end_{queue_.get_executor()};
  std::atomic<std::size_t> costly_{0};
  std::array<Thread, kThreads> threads_{{Thread{"query-1"}, Thread{"query-2"}}};
};

}  // namespace tallyman
