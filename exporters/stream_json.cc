#include "exporters/stream_json.h"

#include "exporters/api_json.h"
#include "exporters/series_text.h"

#include <boost/json.hpp>

#include <span>

namespace tallyman {
namespace {

namespace json = boost::json;

double seconds_since_epoch(const Snapshot& snapshot) {
  return std::chrono::duration<double>(snapshot.wall_time.time_since_epoch()).count();
}

const std::vector<unsigned>& live_fields() {
  static const std::vector<unsigned> kFields = [] {
    std::vector<unsigned> fields;
    for (unsigned field = 0; field < kHistoryFields; ++field) {
      if (history_fields()[field].in_stream) fields.push_back(field);
    }
    return fields;
  }();
  return kFields;
}

std::string names_of_live_fields() {
  json::array names;
  for (const unsigned field : live_fields()) names.emplace_back(history_fields()[field].name);
  return json::serialize(names);
}

void append_separated(std::string& out, std::string_view text) {
  if (!out.empty()) out += ',';
  out += text;
}

// `"memory_bytes":67108864,"cpu_cores":1.5,"pids":100`: only limits that are set.
std::string limits_of(const Snapshot& snapshot, const Block& block, const HistoryRow& row) {
  static const auto kThreads = find_metric("container_threads_max");
  static const unsigned kMemory = *find_history_field("memory_limit_bytes");
  static const unsigned kCpu = *find_history_field("cpu_limit_cores");
  std::string text;
  for (const auto& [field, name] : {std::pair{kMemory, "\"memory_bytes\":"}, std::pair{kCpu, "\"cpu_cores\":"}}) {
    const auto figure = figure_between(field, kAbsent, row[field], 0);
    if (!figure) continue;
    append_separated(text, name);
    append_figure(text, *figure);
  }
  const auto threads = kThreads ? sum_of(snapshot, block, *kThreads) : std::nullopt;
  if (threads && *threads > 0) append_separated(text, "\"pids\":" + std::to_string(*threads));
  return text;
}

}  // namespace

std::string stream_hello_json(const StreamFacts& facts, const Snapshot* snapshot) {
  json::object hello;
  if (snapshot != nullptr) {
    hello["sequence"] = snapshot->sequence;
    hello["time"] = seconds_since_epoch(*snapshot);
  }
  hello["interval_seconds"] = facts.interval_seconds;
  hello["version"] = facts.version;
  if (!facts.boot_id.empty()) hello["boot_id"] = facts.boot_id;
  return json::serialize(hello);
}

void StreamEncoder::forget() {
  for (auto& [id, entry] : entries_) {
    entry.has_row = false;
    entry.reader = {};
  }
  of_block_.clear();
  layout_.reset();
}

StreamEncoder::Update StreamEncoder::update(const Snapshot& snapshot, const LabelFilter& labels) {
  Update made;
  labels_ = labels;
  std::string removed, rows, changed;
  match(snapshot, removed);
  read(snapshot, rows);
  for (auto& [id, entry] : entries_) {
    if (!std::exchange(entry.changed, false)) continue;
    if (!changed.empty()) changed += ',';
    append_entry(changed, entry);
  }
  if (!changed.empty() || !removed.empty()) {
    made.workloads = "{\"workloads\":[" + changed + "],\"removed\":[" + removed + "],\"full\":false}";
  }
  static const std::string kNames = names_of_live_fields();
  made.sample = "{\"sequence\":" + std::to_string(snapshot.sequence) + ",\"time\":";
  append_time(made.sample, seconds_since_epoch(snapshot));
  made.sample.append(",\"fields\":").append(kNames).append(",\"rows\":[").append(rows).append("]}");
  return made;
}

// Maps blocks to entries; recomputed only when the layout changes.
void StreamEncoder::match(const Snapshot& snapshot, std::string& removed) {
  if (layout_ == snapshot.layout) return;
  layout_ = snapshot.layout;
  for (auto& [id, entry] : entries_) entry.seen = false;
  of_block_.clear();
  for (const Block& block : layout_->blocks) {
    of_block_.push_back(nullptr);
    if (block.ended) continue;
    auto [found, is_new] = entries_.try_emplace({block.workload->id, block.workload->inode});
    Entry& entry = found->second;
    if (entry.seen) continue;  // the host's further blocks with series of the machine
    if (is_new) entry.key = next_key_++;
    entry.changed = entry.changed || entry.workload != block.workload;
    entry.workload = block.workload;
    entry.seen = true;
    of_block_.back() = &entry;
  }
  std::erase_if(entries_, [&](const auto& one) {
    if (!one.second.seen) append_separated(removed, std::to_string(one.second.key));
    return !one.second.seen;
  });
}

void StreamEncoder::append_figures(std::string& out, Entry& entry, const HistoryRow& row,
                                   std::chrono::steady_clock::time_point read_at, const Snapshot& snapshot) {
  const auto seconds_from = [](std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
  };
  const bool repeated = entry.has_row && read_at == entry.read_at;
  if (!repeated) {
    entry.seconds = entry.has_row ? seconds_from(entry.read_at, read_at) : 0;
  }
  constexpr double kMissedReadings = 3;
  const bool too_old = repeated && seconds_from(read_at, snapshot.steady_time) > kMissedReadings * entry.seconds;
  for (const unsigned field : live_fields()) {
    std::optional<double> figure;
    if (history_fields()[field].kind == FieldKind::kRate) {
      std::optional<double>& rate = entry.rates[field];
      if (!repeated) {
        rate = figure_between(field, entry.has_row ? entry.row[field] : kAbsent, row[field], entry.seconds);
      }
      figure = too_old ? std::nullopt : rate;
    } else {
      figure = figure_between(field, entry.has_row ? entry.row[field] : kAbsent, row[field], entry.seconds);
    }
    out += ',';
    figure ? append_figure(out, *figure) : void(out += "null");
  }
  entry.read_at = read_at;
}

void StreamEncoder::read(const Snapshot& snapshot, std::string& rows) {
  HistoryRow row;
  for (std::size_t i = 0; i < of_block_.size(); ++i) {
    Entry* const entry = of_block_[i];
    if (entry == nullptr || !entry->reader.read(snapshot, snapshot.layout->blocks[i], row)) continue;
    append_separated(rows, "[" + std::to_string(entry->key));
    append_figures(rows, *entry, row, snapshot.time_of(snapshot.layout->blocks[i]), snapshot);
    rows += ']';
    entry->row = row;
    entry->has_row = true;
    std::string limits = limits_of(snapshot, snapshot.layout->blocks[i], row);
    if (limits == entry->limits) continue;
    entry->limits = std::move(limits);
    entry->changed = true;
  }
}

std::string StreamEncoder::all_workloads() const {
  std::string all;
  for (const auto& [id, entry] : entries_) {
    if (!all.empty()) all += ',';
    append_entry(all, entry);
  }
  return "{\"workloads\":[" + all + "],\"removed\":[],\"full\":true}";
}

void StreamEncoder::append_entry(std::string& out, const Entry& entry) const {
  const std::string identity = workload_identity_json(*entry.workload, labels_);
  out.append("{\"key\":").append(std::to_string(entry.key)).append(",");
  out.append(identity, 1, identity.size() - 2);
  if (!entry.limits.empty()) out.append(",\"limits\":{").append(entry.limits).append("}");
  out += '}';
}

}  // namespace tallyman
