// The agent's own metrics, tallyman_* and process_*. A prometheus-cpp Registry holds
// them. Our own code writes them, because prometheus-cpp does not support OpenMetrics,
// prints 16 digits and does not escape help. What they are and where their values come
// from is in self_metric_table().
#pragma once

#include "collectors/model/self_statistics.h"
#include "exporters/prometheus_text.h"

#include <memory>
#include <string>

namespace tallyman {

// Thread-safe. The order of the text is fixed: without a change two texts are equal.
class SelfMetrics {
 public:
  SelfMetrics();
  ~SelfMetrics();
  SelfMetrics(const SelfMetrics&) = delete;
  SelfMetrics& operator=(const SelfMetrics&) = delete;

  void update(const SelfStatistics& statistics);
  void append(TextFormat format, std::string& out) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallyman
