// Buffers for bodies that many readers share. When the last reader releases a body,
// its memory returns to the pool, so the next body need not fault in its pages again.
// Thread-safe.
#pragma once

#include "collectors/kernel/system/thread_annotations.h"

#include <memory>
#include <string>
#include <vector>

namespace tallyman {

class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  BufferPool() { spare_.reserve(kMaxSpare + 1); }

  // An earlier body with its text, to be overwritten; empty if none is free.
  std::unique_ptr<std::string> take();
  // Shares the finished body. It returns to the pool when its last reader releases it.
  // Readers may outlive the pool.
  std::shared_ptr<const std::string> share(std::unique_ptr<std::string> body);
  std::size_t spare_buffers() const;

 private:
  static constexpr std::size_t kMaxSpare = 2;
  void give_back(std::unique_ptr<std::string> buffer);

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<std::string>> spare_ GUARDED_BY(mutex_);
};

}  // namespace tallyman
