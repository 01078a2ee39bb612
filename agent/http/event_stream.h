// Server-sent events: a response that stays open, and what feeds it. A producer
// encodes each event once and publishes it to a Broadcaster; every client's
// EventStream queues the same bytes, and the HTTP server sends them. Nobody
// waits for a client: one that reads too slowly misses what it may miss, and is
// cut (and counted, HttpStatistics) before its queue grows beyond a bound. It
// then comes back by itself with a Last-Event-ID.
//
// Everything here is thread-safe. Locks are held for a few moves of pointers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

using StreamChunk = std::shared_ptr<const std::string>;  // whole events, as server_sent_event() writes them

// "event: TYPE\nid: ID\ndata: DATA\n\n"; empty TYPE and ID are left out. Each line
// of `data` gets a "data: " of its own. TYPE and ID hold no newline.
std::string server_sent_event(std::string_view type, std::string_view id, std::string_view data);
StreamChunk make_chunk(std::string text);

enum class Delivery : std::uint8_t {
  kWhole,  // a client that has no room for it is cut
  kFresh,  // a newer one will make up for it: a client that is behind skips it
};

// One client's response, from the producer's side push() and close(), from the
// server's the rest. Whichever lets go last frees it.
class EventStream {
 public:
  // `first` is sent before all else, whatever its size. Of what is pushed, at most
  // `queue_bytes` wait (or a single larger chunk), and a kFresh one waits only
  // behind less than half of that.
  explicit EventStream(std::vector<StreamChunk> first = {}, std::size_t queue_bytes = kQueueBytes);

  // False once it is over: the client is gone, or was cut just now.
  bool push(const StreamChunk& chunk, Delivery delivery = Delivery::kWhole);
  // Ends the response once what waits has been sent.
  void close();
  bool over() const;
  bool cut() const;

  // For the HTTP server. `wake` is called, from any thread, when there is
  // something to do after next() had nothing, and when the stream is cut.
  void attach(std::function<void()> wake);
  enum class State : std::uint8_t { kChunk, kWaiting, kEnded, kCut };
  State next(StreamChunk& chunk);
  std::uint64_t take_skipped();  // chunks skipped since the last call
  void detach();                 // the client is gone: frees what waits

  static constexpr std::size_t kQueueBytes = 1 << 20;

 private:
  void wake_up(std::unique_lock<std::mutex> lock);

  const std::size_t queue_bytes_;
  mutable std::mutex mutex_;
  std::deque<StreamChunk> waiting_;
  std::size_t waiting_bytes_ = 0;  // of what was pushed; `first` does not count
  std::size_t uncounted_ = 0;      // how many of `first` still wait
  std::uint64_t skipped_ = 0;
  bool ending_ = false, cut_ = false, detached_ = false;
  bool asleep_ = false;  // next() had nothing
  std::function<void()> wake_;
};

// Gives each chunk to all streams that are open. To resume without a gap or a
// double, hold one lock of your own around "look up what was missed, subscribe()"
// and around "note what is new, publish()".
class Broadcaster {
 public:
  explicit Broadcaster(std::size_t queue_bytes = EventStream::kQueueBytes) : queue_bytes_(queue_bytes) {}
  ~Broadcaster() { close(); }

  // A new stream for HttpResponse::stream. The server bounds how many there are.
  std::shared_ptr<EventStream> subscribe(std::vector<StreamChunk> first = {});
  void publish(const StreamChunk& chunk, Delivery delivery = Delivery::kWhole);
  std::size_t subscribers();  // nobody: what is published need not be encoded
  void close();               // ends all; later ones end at once

 private:
  const std::size_t queue_bytes_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<EventStream>> streams_;
  bool closed_ = false;
};

}  // namespace tallyman
