// The events of /api/v1/stream: the workloads and what each uses now (docs/api.md).
// One encoder for all clients; one thread at a time.
#pragma once

#include "collectors/model/history_fields.h"
#include "collectors/model/label_filter.h"
#include "collectors/model/snapshot.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

struct StreamFacts {
  std::string version, boot_id;
  double interval_seconds = 0;
  LabelFilter labels{};  // the container labels that are shown
};

// {"sequence":..,"time":..,"interval_seconds":..,"version":..,"boot_id":..}; `snapshot` may be null.
std::string stream_hello_json(const StreamFacts& facts, const Snapshot* snapshot);

class StreamEncoder {
 public:
  struct Update {
    std::string workloads;  // {"workloads":[..],"removed":[..],"full":false}: what changed; empty if nothing did
    std::string sample;     // {"sequence":..,"time":..,"fields":[..],"rows":[[key,..],..]}
  };
  // Rates are since the previous reading of the workload. As long as there is no newer one, the last rates are
  // repeated, for a while. The first update after forget() has none.
  Update update(const Snapshot& snapshot, const LabelFilter& labels);
  // {"workloads":[..],"removed":[],"full":true}: all workloads in the last update.
  std::string all_workloads() const;
  // Called when no client is left: the next update starts again. A workload that still exists keeps its key.
  void forget();

 private:
  struct Entry {
    std::uint32_t key = 0;
    WorkloadPtr workload;
    FieldReader reader;
    HistoryRow row{};
    // When the row was read, the time from the row before it, and the rates over that time, by field.
    std::chrono::steady_clock::time_point read_at;
    double seconds = 0;
    std::array<std::optional<double>, kHistoryFields> rates{};
    bool has_row = false, seen = false, changed = true;
    std::string limits;  // as JSON
  };

  void match(const Snapshot& snapshot, std::string& removed);
  void read(const Snapshot& snapshot, std::string& rows);
  static void append_figures(std::string& out, Entry& entry, const HistoryRow& row,
                             std::chrono::steady_clock::time_point read_at, const Snapshot& snapshot);
  void append_entry(std::string& out, const Entry& entry) const;

  std::map<std::pair<std::string, std::uint64_t>, Entry> entries_;  // by id and inode
  std::vector<Entry*> of_block_;                                    // entries of the blocks of layout_; null: not shown
  std::shared_ptr<const Layout> layout_;
  LabelFilter labels_;
  std::uint32_t next_key_ = 1;
};

}  // namespace tallyman
