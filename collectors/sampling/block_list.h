// The blocks of a sample, as they are written. Internal to the sampler.
#pragma once

#include "collectors/model/series_writer.h"
#include "collectors/model/snapshot.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace tallyman {

// The blocks of a sample. They are mostly those of the previous sample: as long as they
// are, nothing is copied, because each copy would count three references.
class BlockList {
 public:
  BlockList(const Layout* before, std::size_t expected) : before_(before), expected_(expected) {}

  void add(const WorkloadPtr& workload, const std::shared_ptr<const PlannedSeries>& planned, std::uint32_t first_slot,
           bool ended) {
    if (!differs_ && !is_next(workload, planned->plan, first_slot, ended)) {
      start_new_list();
    }
    if (differs_) {
      blocks_.push_back({workload, std::shared_ptr<const SeriesPlan>(planned, &planned->plan), first_slot, ended});
    }
    ++size_;
  }
  bool differ() {
    if (!differs_ && (before_ == nullptr || size_ != before_->blocks.size())) {
      start_new_list();
    }
    return differs_;
  }
  std::vector<Block> take() && { return std::move(blocks_); }

 private:
  bool is_next(const WorkloadPtr& workload, const SeriesPlan& plan, std::uint32_t first_slot, bool ended) const {
    if (before_ == nullptr || size_ >= before_->blocks.size()) {
      return false;
    }
    const Block& next = before_->blocks[size_];
    return next.plan.get() == &plan && next.workload == workload && next.first_slot == first_slot &&
           next.ended == ended;
  }
  void start_new_list() {
    differs_ = true;
    blocks_.reserve(expected_);
    if (before_ != nullptr) {
      blocks_.assign(before_->blocks.begin(), before_->blocks.begin() + static_cast<std::ptrdiff_t>(size_));
    }
  }

  const Layout* before_;
  std::size_t expected_;
  std::size_t size_ = 0;
  bool differs_ = false;
  std::vector<Block> blocks_;
};

}  // namespace tallyman
