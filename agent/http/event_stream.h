// Responses that stay open, mostly of server-sent events, and their source. A producer
// encodes each event once and publishes it to a Broadcaster. The EventStream of
// every client queues the same bytes, and the HTTP server sends them. Nobody waits
// for a client. A client that reads too slowly skips the events that may be
// skipped, and is disconnected (and counted in HttpStatistics) before its queue
// exceeds a bound. It then reconnects with a Last-Event-ID.
//
// Everything here is thread-safe. Locks are held only to move pointers.
#pragma once

#include "collectors/kernel/system/thread_annotations.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

using StreamChunk = std::shared_ptr<const std::string>;  // whole events, as server_sent_event() writes them

// "event: TYPE\nid: ID\ndata: DATA\n\n"; an empty TYPE or ID is left out. Each line
// of `data` gets its own "data: ". TYPE and ID hold no newline.
std::string server_sent_event(std::string_view type, std::string_view id, std::string_view data);
StreamChunk make_chunk(std::string text);
// What clients of server-sent events ignore: sent where there is no event for long.
StreamChunk keep_alive_comment();

enum class Delivery : std::uint8_t {
  kWhole,  // a client without room for it is disconnected
  kFresh,  // a newer chunk replaces it: a slow client skips it
};

// One client's response. The producer calls push() and close(), the server the
// other functions. The last one to release it frees it.
class EventStream {
 public:
  // `first` is sent before everything else and may have any size. At most
  // `queue_bytes` of pushed chunks wait (or a single larger chunk). A kFresh chunk
  // waits only behind less than half of that.
  // `keep_alive` is sent where there is nothing else for long.
  explicit EventStream(std::vector<StreamChunk> first = {}, std::size_t queue_bytes = kMaxQueueBytes,
                       StreamChunk keep_alive = keep_alive_comment());

  // False if the stream has ended: the client is gone, or was just disconnected.
  bool push(const StreamChunk& chunk, Delivery delivery = Delivery::kWhole);
  // Ends the response after all waiting chunks have been sent.
  void close();
  bool over() const;
  bool cut() const;

  // For the HTTP server. `wake` is called from any thread when there is work after
  // next() returned nothing, and when the client is disconnected.
  void attach(std::function<void()> wake);
  enum class State : std::uint8_t { kChunk, kWaiting, kEnded, kCut };
  State next(StreamChunk& chunk);
  std::uint64_t take_skipped();  // chunks skipped since the last call
  void detach();                 // the client is gone: frees the waiting chunks
  const StreamChunk& keep_alive() const { return keep_alive_; }

  static constexpr std::size_t kMaxQueueBytes = 1 << 20;

 private:
  std::function<void()> take_wake() REQUIRES(mutex_);

  const std::size_t queue_bytes_;
  const StreamChunk keep_alive_;
  mutable Mutex mutex_;
  std::deque<StreamChunk> waiting_ GUARDED_BY(mutex_);
  std::size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;  // of pushed chunks; `first` does not count
  std::size_t uncounted_ GUARDED_BY(mutex_) = 0;      // number of chunks of `first` that still wait
  std::uint64_t skipped_ GUARDED_BY(mutex_) = 0;
  bool ending_ GUARDED_BY(mutex_) = false;
  bool cut_ GUARDED_BY(mutex_) = false;
  bool detached_ GUARDED_BY(mutex_) = false;
  bool asleep_ GUARDED_BY(mutex_) = false;  // next() returned nothing
  std::function<void()> wake_ GUARDED_BY(mutex_);
};

// Gives each chunk to all open streams. To resume without a gap or a duplicate, a
// caller holds one lock around "find the missed events, subscribe()" and around
// "store the new event, publish()".
class Broadcaster {
 public:
  explicit Broadcaster(std::size_t queue_bytes = EventStream::kMaxQueueBytes) : queue_bytes_(queue_bytes) {}
  ~Broadcaster() { close(); }

  // A new stream for HttpResponse::stream. The server limits their number.
  std::shared_ptr<EventStream> subscribe(std::vector<StreamChunk> first = {});
  void publish(const StreamChunk& chunk, Delivery delivery = Delivery::kWhole);
  std::size_t subscribers();  // if 0, nothing needs to be encoded
  void close();               // ends all streams; later ones end at once

 private:
  const std::size_t queue_bytes_;
  Mutex mutex_;
  std::vector<std::weak_ptr<EventStream>> streams_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace tallyman
