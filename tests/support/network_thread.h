// A thread in a network namespace of its own, with an active loopback. Needs root:
// allowed() says whether it can be created. /proc/TID is its directory.
#pragma once

#include "collectors/kernel/network/net_namespace.h"

#include <functional>
#include <future>
#include <string>
#include <thread>

namespace tallyman {

class NetworkThread {
 public:
  static bool allowed();

  NetworkThread();
  ~NetworkThread();  // ends the thread, and the namespace with it
  // In that thread; returns when it is done, and throws what it throws.
  void run(const std::function<void()>& work);
  NetworkPlace place() const;

 private:
  void serve();

  std::promise<int> id_;
  std::promise<std::packaged_task<void()>> next_;
  int tid_ = 0;
  std::thread thread_;
};

}  // namespace tallyman
