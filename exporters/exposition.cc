#include "exporters/exposition.h"

#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/catalogue.h"
#include "exporters/buffer_pool.h"
#include "exporters/gzip.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <utility>

namespace tallyman {
namespace {

using Body = std::shared_ptr<const std::string>;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxBodies = 8;

bool selected(const std::vector<std::string>& collectors, std::string_view name) {
  return collectors.empty() || std::binary_search(collectors.begin(), collectors.end(), name, std::less<>());
}

}  // namespace

class Exposition::Impl {
 public:
  Impl(SelfMetrics self, std::span<const CatalogueEntry> metrics) : self_(std::move(self)), metrics_(metrics) {}

  Body body(const SnapshotPtr& snapshot, const ExpositionRequest& request);
  ExpositionStatistics statistics() const {
    const MutexLock lock(mutex_);
    return statistics_;
  }

 private:
  enum class State : std::uint8_t { kMaking, kMade, kFailed };
  struct Entry {
    ExpositionRequest request;
    State state = State::kMaking;
    Body body;
  };
  using EntryPtr = std::shared_ptr<Entry>;

  bool admit(const SnapshotPtr& snapshot) REQUIRES(mutex_);
  EntryPtr find(const ExpositionRequest& request) const REQUIRES(mutex_);
  EntryPtr add(const ExpositionRequest& request) REQUIRES(mutex_);
  Body cached(const SnapshotPtr& snapshot, const ExpositionRequest& request, bool& made);
  void finish(const EntryPtr& entry, Body body);
  Body make(const SnapshotPtr& snapshot, const ExpositionRequest& request);
  Body plain_text(const SnapshotPtr& snapshot, const ExpositionRequest& request);
  Body render(const SnapshotPtr& snapshot, const ExpositionRequest& request);

  const SelfMetrics self_;
  const std::span<const CatalogueEntry> metrics_;
  // The text is ten times as large as its compressed form, and scrapes are rare. So its
  // memory is freed and only its size is kept. A page fault for each page costs a tenth
  // of compressing it.
  std::atomic<std::size_t> text_bytes_{0};
  const std::shared_ptr<BufferPool> gzip_buffers_ = std::make_shared<BufferPool>();

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::weak_ptr<const Snapshot> newest_ GUARDED_BY(mutex_);
  SteadyClock::time_point newest_time_ GUARDED_BY(mutex_);
  std::vector<EntryPtr> entries_ GUARDED_BY(mutex_);  // bodies of the newest snapshot, oldest first
  ExpositionStatistics statistics_ GUARDED_BY(mutex_);

  Mutex compressor_mutex_;
  GzipCompressor compressor_ GUARDED_BY(compressor_mutex_);
};

// Whether bodies of this snapshot are kept: only those of the newest snapshot are.
bool Exposition::Impl::admit(const SnapshotPtr& snapshot) {
  if (!snapshot) return false;
  const bool same = !newest_.owner_before(snapshot) && !snapshot.owner_before(newest_);
  if (same) return true;
  if (snapshot->steady_time < newest_time_) return false;
  newest_ = snapshot;
  newest_time_ = snapshot->steady_time;
  entries_.clear();
  return true;
}

Exposition::Impl::EntryPtr Exposition::Impl::find(const ExpositionRequest& request) const {
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const EntryPtr& e) {
    return e->request == request && e->state != State::kFailed;
  });
  return entry == entries_.end() ? nullptr : *entry;
}

Exposition::Impl::EntryPtr Exposition::Impl::add(const ExpositionRequest& request) {
  if (entries_.size() == kMaxBodies) entries_.erase(entries_.begin());
  entries_.push_back(std::make_shared<Entry>());
  entries_.back()->request = request;
  return entries_.back();
}

void Exposition::Impl::finish(const EntryPtr& entry, Body body) {
  const MutexLock lock(mutex_);
  entry->state = body ? State::kMade : State::kFailed;
  entry->body = std::move(body);
  changed_.notify_all();
}

Body Exposition::Impl::cached(const SnapshotPtr& snapshot, const ExpositionRequest& request, bool& made) {
  EntryPtr entry;
  {
    MutexLock lock(mutex_);
    if (admit(snapshot)) {
      while ((entry = find(request))) {
        while (entry->state == State::kMaking) changed_.wait(lock);
        if (entry->state == State::kMade) return entry->body;
      }
      entry = add(request);
    }
  }
  made = true;
  if (!entry) return make(snapshot, request);
  try {
    Body body = make(snapshot, request);
    finish(entry, body);
    return body;
  } catch (...) {
    finish(entry, nullptr);
    throw;
  }
}

Body Exposition::Impl::make(const SnapshotPtr& snapshot, const ExpositionRequest& request) {
  if (!request.gzip) return render(snapshot, request);
  const Body text = plain_text(snapshot, request);
  auto compressed = gzip_buffers_->take();
  const MutexLock lock(compressor_mutex_);
  compressor_.compress(*text, *compressed);
  return gzip_buffers_->share(std::move(compressed));
}

// Text to be compressed. It is kept only if a client has requested the text itself.
Body Exposition::Impl::plain_text(const SnapshotPtr& snapshot, const ExpositionRequest& request) {
  ExpositionRequest plain = request;
  plain.gzip = false;
  bool made = false;
  {
    const MutexLock lock(mutex_);
    made = admit(snapshot) && find(plain) != nullptr;
  }
  return made ? cached(snapshot, plain, made) : render(snapshot, plain);
}

Body Exposition::Impl::render(const SnapshotPtr& snapshot, const ExpositionRequest& request) {
  const auto text = std::make_shared<std::string>();
  const std::size_t last = text_bytes_;
  text->reserve(last + last / 16);
  if (snapshot) {
    FamilyFilter filter;
    if (!request.collectors.empty()) {
      for (const CatalogueEntry& entry : metrics_) filter.push_back(selected(request.collectors, entry.collector));
    }
    replace_by_families(*snapshot, request.format, filter, *text, metrics_);
  }
  if (self_ && selected(request.collectors, kSelfCollector)) self_(request.format, *text);
  if (request.format == TextFormat::kOpenMetrics) *text += "# EOF\n";
  if (request.collectors.empty()) text_bytes_ = text->size();
  return text;
}

Body Exposition::Impl::body(const SnapshotPtr& snapshot, const ExpositionRequest& request) {
  const SteadyClock::time_point start = SteadyClock::now();
  {
    const MutexLock lock(mutex_);
    ++statistics_.requests[static_cast<std::size_t>(request.format)][request.gzip ? 1 : 0];
  }
  bool made = false;
  Body result = cached(snapshot, request, made);
  if (made) {
    const std::chrono::duration<double> took = SteadyClock::now() - start;
    const MutexLock lock(mutex_);
    statistics_.made.observe(took.count());
  }
  return result;
}

Exposition::Exposition(SelfMetrics self, std::span<const CatalogueEntry> metrics)
    : impl_(std::make_shared<Impl>(std::move(self), metrics)) {}

std::shared_ptr<const std::string> Exposition::body(const SnapshotPtr& snapshot, const ExpositionRequest& request) {
  return impl_->body(snapshot, request);
}

ExpositionStatistics Exposition::statistics() const { return impl_->statistics(); }

}  // namespace tallyman
