#include "collectors/kernel/filesystem/filesystem_source.h"

#include "collectors/kernel/filesystem/filesystem_worker.h"

#include <utility>

namespace tallyman {
namespace {

// So that --once and the first scrape include the disks. On a healthy host this takes a millisecond.
constexpr std::chrono::milliseconds kFirstWait{250};

}  // namespace

FilesystemSource::FilesystemSource(HostRoot root, FilesystemOptions options, FilesystemPorts ports)
    : worker_(std::make_unique<Worker>(std::move(root), options, std::move(ports))) {}

FilesystemSource::~FilesystemSource() = default;

void FilesystemSource::attach(Handle handle, FilesystemDemand demand) {
  if (handle >= attached_.size()) {
    attached_.resize(handle + 1);
  }
  auto& one = attached_[handle];
  if (one && one->demand == demand) {
    return;
  }
  if (!one) {
    one.emplace();
    one->serial = ++last_serial_;
  }
  one->demand = demand;
  commands_.emplace_back(one->serial, std::move(demand));
}

void FilesystemSource::detach(Handle handle) {
  if (handle < attached_.size() && attached_[handle]) {
    commands_.emplace_back(attached_[handle]->serial, std::nullopt);
    attached_[handle].reset();
  }
}

ReadReport FilesystemSource::read() {
  worker_->hand_over(commands_);
  if (!std::exchange(read_before_, true)) {
    worker_->wait_for_first(kFirstWait);
  }
  ReadReport report;
  std::shared_ptr<const Worker::Published> newest;
  if (worker_->take(newest, report)) {
    for (auto& one : attached_) {
      if (one) {
        const auto found = newest->find(one->serial);
        one->stats = found == newest->end() ? nullptr : found->second;
      }
    }
  }
  return report;
}

const WorkloadFilesystems* FilesystemSource::stats(Handle handle) const {
  return handle < attached_.size() && attached_[handle] ? attached_[handle]->stats.get() : nullptr;
}

FilesystemStatistics FilesystemSource::statistics() const { return worker_->statistics(); }

}  // namespace tallyman
