#include "agent/http/event_stream.h"

#include <algorithm>
#include <utility>

namespace tallyman {

std::string server_sent_event(std::string_view type, std::string_view id, std::string_view data) {
  std::string text;
  text.reserve(data.size() + type.size() + id.size() + 32);
  if (!type.empty()) text.append("event: ").append(type).append("\n");
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  for (bool more = true; more;) {
    const auto end = data.find_first_of("\r\n");  // a client treats both as the end of a line
    text.append("data: ").append(data.substr(0, end)).append("\n");
    more = end != std::string_view::npos;
    if (more) data.remove_prefix(end + 1);
  }
  return text.append("\n");
}

StreamChunk make_chunk(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

StreamChunk keep_alive_comment() {
  static const StreamChunk kComment = make_chunk(":\n\n");
  return kComment;
}

EventStream::EventStream(std::vector<StreamChunk> first, std::size_t queue_bytes, StreamChunk keep_alive)
    : queue_bytes_(queue_bytes),
      keep_alive_(std::move(keep_alive)),
      waiting_(std::make_move_iterator(first.begin()), std::make_move_iterator(first.end())),
      uncounted_(waiting_.size()) {}

bool EventStream::push(const StreamChunk& chunk, Delivery delivery) {
  MutexLock lock(mutex_);
  if (ending_ || cut_ || detached_) return false;
  if (delivery == Delivery::kFresh && waiting_bytes_ >= queue_bytes_ / 2) {
    ++skipped_;
    return true;
  }
  if (waiting_bytes_ > 0 && waiting_bytes_ + chunk->size() > queue_bytes_) {
    cut_ = asleep_ = true;
    waiting_.clear();
    const auto wake = take_wake();
    lock.unlock();
    wake();
    return false;
  }
  waiting_.push_back(chunk);
  waiting_bytes_ += chunk->size();
  const auto wake = take_wake();
  lock.unlock();
  wake();
  return true;
}

void EventStream::close() {
  MutexLock lock(mutex_);
  ending_ = true;
  const auto wake = take_wake();
  lock.unlock();
  wake();
}

bool EventStream::over() const {
  const MutexLock lock(mutex_);
  return ending_ || cut_ || detached_;
}

bool EventStream::cut() const {
  const MutexLock lock(mutex_);
  return cut_;
}

// To be called without the lock: the callback may call this stream again.
std::function<void()> EventStream::take_wake() {
  if (!std::exchange(asleep_, false) || !wake_) return [] {};
  return wake_;
}

void EventStream::attach(std::function<void()> wake) {
  const MutexLock lock(mutex_);
  wake_ = std::move(wake);
}

EventStream::State EventStream::next(StreamChunk& chunk) {
  const MutexLock lock(mutex_);
  if (cut_) return State::kCut;
  if (waiting_.empty()) {
    asleep_ = !ending_;
    return ending_ ? State::kEnded : State::kWaiting;
  }
  chunk = std::move(waiting_.front());
  waiting_.pop_front();
  uncounted_ > 0 ? --uncounted_ : waiting_bytes_ -= chunk->size();
  return State::kChunk;
}

std::uint64_t EventStream::take_skipped() {
  const MutexLock lock(mutex_);
  return std::exchange(skipped_, 0);
}

void EventStream::detach() {
  const MutexLock lock(mutex_);
  detached_ = true;
  wake_ = nullptr;
  waiting_.clear();
}

std::shared_ptr<EventStream> Broadcaster::subscribe(std::vector<StreamChunk> first) {
  auto stream = std::make_shared<EventStream>(std::move(first), queue_bytes_);
  const MutexLock lock(mutex_);
  if (closed_) {
    stream->close();
  } else {
    streams_.push_back(stream);
  }
  return stream;
}

void Broadcaster::publish(const StreamChunk& chunk, Delivery delivery) {
  const MutexLock lock(mutex_);
  std::erase_if(streams_, [&](const std::weak_ptr<EventStream>& one) {
    const auto stream = one.lock();
    return !stream || !stream->push(chunk, delivery);
  });
}

std::size_t Broadcaster::subscribers() {
  const MutexLock lock(mutex_);
  std::erase_if(streams_, [](const std::weak_ptr<EventStream>& one) {
    const auto stream = one.lock();
    return !stream || stream->over();
  });
  return streams_.size();
}

void Broadcaster::close() {
  std::vector<std::weak_ptr<EventStream>> streams;
  {
    const MutexLock lock(mutex_);
    closed_ = true;
    streams.swap(streams_);
  }
  for (const auto& one : streams) {
    if (const auto stream = one.lock()) stream->close();
  }
}

}  // namespace tallyman
