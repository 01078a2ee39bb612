#include "exporters/buffer_pool.h"

#include <algorithm>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kAlwaysKeptBytes = std::size_t{1024} * 1024;

bool has_less_room(const std::unique_ptr<std::string>& a, const std::unique_ptr<std::string>& b) {
  return a->capacity() < b->capacity();
}

}  // namespace

std::unique_ptr<std::string> BufferPool::take() {
  const MutexLock lock(mutex_);
  if (spare_.empty()) return std::make_unique<std::string>();
  const auto largest = std::max_element(spare_.begin(), spare_.end(), has_less_room);
  std::unique_ptr<std::string> buffer = std::move(*largest);
  spare_.erase(largest);
  return buffer;
}

std::shared_ptr<const std::string> BufferPool::share(std::unique_ptr<std::string> body) {
  // The pool's mutex in the deleter orders the last reader before the next writer.
  return {body.release(), [pool = shared_from_this()](const std::string* done) {
            pool->give_back(std::unique_ptr<std::string>(const_cast<std::string*>(done)));
          }};
}

void BufferPool::give_back(std::unique_ptr<std::string> buffer) {
  // Do not keep large buffers after the text has become much smaller.
  if (buffer->capacity() > kAlwaysKeptBytes && buffer->size() < buffer->capacity() / 4) return;
  const MutexLock lock(mutex_);
  spare_.push_back(std::move(buffer));
  if (spare_.size() > kMaxSpare) spare_.erase(std::min_element(spare_.begin(), spare_.end(), has_less_room));
}

std::size_t BufferPool::spare_buffers() const {
  const MutexLock lock(mutex_);
  return spare_.size();
}

}  // namespace tallyman
