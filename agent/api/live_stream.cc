#include "agent/api/live_stream.h"

namespace tallyman {
namespace {

// How long a client waits before it reconnects, in milliseconds.
constexpr std::string_view kRetry = "retry: 2000\n";

}  // namespace

void LiveStream::encode(const Snapshot& snapshot) {
  const StreamEncoder::Update update = encoder_.update(snapshot, facts_().labels);
  last_sample_ = make_chunk(server_sent_event("sample", "", update.sample));
  if (!update.workloads.empty()) {
    all_.reset();
    if (!idle_) clients_.publish(make_chunk(server_sent_event("workloads", "", update.workloads)));
  }
  if (!idle_) clients_.publish(last_sample_, Delivery::kFresh);
}

void LiveStream::take(const SnapshotPtr& snapshot) {
  const MutexLock lock(mutex_);
  newest_ = snapshot;
  if (clients_.subscribers() > 0) return encode(*snapshot);
  if (std::exchange(idle_, true)) return;
  encoder_.forget();
  all_.reset();
  last_sample_.reset();
}

std::shared_ptr<EventStream> LiveStream::open(std::vector<StreamChunk> more) {
  const StreamFacts facts = facts_();
  const MutexLock lock(mutex_);
  if (idle_ && newest_) encode(*newest_);
  idle_ = false;
  if (!all_) all_ = make_chunk(server_sent_event("workloads", "", encoder_.all_workloads()));
  std::vector<StreamChunk> first{
      make_chunk(std::string(kRetry) + server_sent_event("hello", "", stream_hello_json(facts, newest_.get()))), all_};
  if (last_sample_) first.push_back(last_sample_);
  first.insert(first.end(), more.begin(), more.end());
  return clients_.subscribe(std::move(first));
}

}  // namespace tallyman
