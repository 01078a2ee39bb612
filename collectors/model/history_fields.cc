#include "collectors/model/history_fields.h"

#include "collectors/model/catalogue.h"

#include <algorithm>
#include <initializer_list>

namespace tallyman {
namespace {

constexpr std::uint64_t kMicrosecond = 1'000, kPage = 4'096, kSector = 512;
constexpr std::uint64_t kMillionth = 1'000'000;  // a quotient's grains

constexpr HistoryField cpu_time(std::string_view name, std::string_view unit, std::string_view help, bool live) {
  return {name, FieldKind::kRate, unit, help, kMicrosecond, 1e-6, live};
}
constexpr HistoryField pressure(std::string_view name, std::string_view help, bool live) {
  return {name, FieldKind::kRate, "ratio", help, 1, 1e-6, live};
}
constexpr HistoryField memory(std::string_view name, std::string_view help, bool live) {
  return {name, FieldKind::kGauge, "bytes", help, kPage, static_cast<double>(kPage), live};
}
constexpr HistoryField per_second(std::string_view name, std::string_view help) {
  return {name, FieldKind::kRate, "1/s", help, 1, 1, false};
}

constexpr std::array<HistoryField, kHistoryFields> kFields = {
    cpu_time("cpu_cores", "cores", "CPU time used per second.", true),
    cpu_time("cpu_user_cores", "cores", "CPU time used in user space per second.", false),
    cpu_time("cpu_system_cores", "cores", "CPU time used in the kernel per second.", false),
    pressure("psi_cpu", "Share of time that at least one task waited for a CPU.", true),

    memory("memory_bytes", "Memory charged to the cgroup, including page cache.", true),
    memory("working_set_bytes", "Memory minus inactive page cache.", true),
    memory("memory_anon_bytes", "Anonymous memory.", false),
    memory("memory_file_bytes", "Page cache.", false),
    memory("memory_kernel_bytes", "Kernel memory.", false),

    HistoryField{"net_rx_bytes", FieldKind::kRate, "bytes/s", "Bytes received, all interfaces.", 1, 1, true},
    HistoryField{"net_tx_bytes", FieldKind::kRate, "bytes/s", "Bytes sent, all interfaces.", 1, 1, true},
    per_second("net_rx_packets", "Packets received."),
    per_second("net_tx_packets", "Packets sent."),

    HistoryField{"io_read_bytes", FieldKind::kRate, "bytes/s", "Bytes read from block devices.", kSector, kSector,
                 true},
    HistoryField{"io_write_bytes", FieldKind::kRate, "bytes/s", "Bytes written to block devices.", kSector, kSector,
                 true},
    per_second("io_reads", "Reads from block devices."),
    per_second("io_writes", "Writes to block devices."),
    pressure("psi_io", "Share of time that at least one task waited for I/O.", true),
    pressure("psi_io_full", "Share of time that all tasks waited for I/O.", false),

    pressure("psi_cpu_full", "Share of time that all tasks waited for a CPU.", false),
    pressure("psi_memory", "Share of time that at least one task waited for memory.", true),
    pressure("psi_memory_full", "Share of time that all tasks waited for memory.", false),
    per_second("major_faults", "Page faults that needed a read from a device."),

    HistoryField{"pids", FieldKind::kGauge, "count", "Threads.", 1, 1, true},
    cpu_time("cpu_throttled", "ratio", "Time throttled by the CPU quota per second, summed over CPUs.", true),
    memory("memory_swap_bytes", "Swap in use.", false),
    memory("memory_limit_bytes", "Memory limit; absent if there is none.", false),
    HistoryField{"cpu_limit_cores", FieldKind::kGauge, "cores", "CPU quota; absent if there is none.", 1, 1e-6, false},
    HistoryField{"memory_limit_hits", FieldKind::kCount, "count", "Number of times that memory hit its limit.", 1, 1,
                 false},
    per_second("net_errors", "Packets with errors, received and sent."),
    per_second("net_dropped", "Packets dropped, received and sent."),
    HistoryField{"oom_kills", FieldKind::kCount, "count", "Processes killed by the OOM killer.", 1, 1, true},
};

struct Source {
  std::string_view field;
  std::initializer_list<std::string_view> metrics;  // summed
  std::string_view labels = {};                     // only this series
  std::string_view divisor = {};
  bool zero_is_unset = false;
};

const Source kSources[] = {
    {"cpu_cores", {"container_cpu_usage_seconds_total"}},
    {"cpu_user_cores", {"container_cpu_user_seconds_total"}},
    {"cpu_system_cores", {"container_cpu_system_seconds_total"}},
    {"psi_cpu", {"container_pressure_cpu_waiting_seconds_total"}},
    {"memory_bytes", {"container_memory_usage_bytes"}},
    {"working_set_bytes", {"container_memory_working_set_bytes"}},
    {"memory_anon_bytes", {"container_memory_rss"}},
    {"memory_file_bytes", {"container_memory_cache"}},
    {"memory_kernel_bytes", {"container_memory_kernel_usage"}},
    {"net_rx_bytes", {"container_network_receive_bytes_total"}},
    {"net_tx_bytes", {"container_network_transmit_bytes_total"}},
    {"net_rx_packets", {"container_network_receive_packets_total"}},
    {"net_tx_packets", {"container_network_transmit_packets_total"}},
    {"io_read_bytes", {"container_fs_reads_bytes_total"}},
    {"io_write_bytes", {"container_fs_writes_bytes_total"}},
    {"io_reads", {"container_fs_reads_total"}},
    {"io_writes", {"container_fs_writes_total"}},
    {"psi_io", {"container_pressure_io_waiting_seconds_total"}},
    {"psi_io_full", {"container_pressure_io_stalled_seconds_total"}},
    {"psi_cpu_full", {"container_pressure_cpu_stalled_seconds_total"}},
    {"psi_memory", {"container_pressure_memory_waiting_seconds_total"}},
    {"psi_memory_full", {"container_pressure_memory_stalled_seconds_total"}},
    {"major_faults", {"container_memory_failures_total"}, R"(failure_type="pgmajfault",scope="hierarchy")"},
    {"pids", {"container_threads"}},
    {"cpu_throttled", {"container_cpu_cfs_throttled_seconds_total"}},
    {"memory_swap_bytes", {"container_memory_swap"}},
    {"memory_limit_bytes", {"container_spec_memory_limit_bytes"}, {}, {}, true},
    {"cpu_limit_cores", {"container_spec_cpu_quota"}, {}, "container_spec_cpu_period"},
    {"memory_limit_hits", {"container_memory_failcnt"}},
    {"net_errors", {"container_network_receive_errors_total", "container_network_transmit_errors_total"}},
    {"net_dropped",
     {"container_network_receive_packets_dropped_total", "container_network_transmit_packets_dropped_total"}},
    {"oom_kills", {"container_oom_events_total"}},
};

// A metric of the catalogue and its role in a field.
struct Part {
  MetricId metric;
  std::uint8_t field;
  bool divides;
  std::string_view labels;
};

struct Parts {
  std::vector<Part> all;  // by field
  std::array<bool, kHistoryFields> zero_is_unset{}, is_quotient{};
};

const Parts& parts() {
  static const Parts kParts = [] {
    Parts made;
    for (const Source& source : kSources) {
      const auto field = static_cast<std::uint8_t>(*find_history_field(source.field));
      made.zero_is_unset[field] = source.zero_is_unset;
      made.is_quotient[field] = !source.divisor.empty();
      for (const std::string_view metric : source.metrics) {
        if (const auto id = find_metric(metric)) made.all.push_back({*id, field, false, source.labels});
      }
      if (const auto id = find_metric(source.divisor)) made.all.push_back({*id, field, true, {}});
    }
    std::stable_sort(made.all.begin(), made.all.end(), [](const Part& a, const Part& b) { return a.field < b.field; });
    return made;
  }();
  return kParts;
}

std::uint64_t in_grains(const HistoryField& field, std::uint64_t value) {
  if (field.grain == 1) return value;
  const std::uint64_t half = field.kind == FieldKind::kGauge ? field.grain / 2 : 0;
  return value / field.grain + (value % field.grain >= field.grain - half ? 1 : 0);
}

}  // namespace

std::span<const HistoryField, kHistoryFields> history_fields() { return kFields; }

std::optional<unsigned> find_history_field(std::string_view name) {
  const auto found =
      std::find_if(kFields.begin(), kFields.end(), [&](const HistoryField& f) { return f.name == name; });
  if (found == kFields.end()) return std::nullopt;
  return static_cast<unsigned>(found - kFields.begin());
}

void FieldReader::find_fields(const SeriesPlan& plan) {
  slots_.clear();
  for (const Part& part : parts().all) {
    const auto less = [](const Series& s, MetricId metric) { return s.metric < metric; };
    for (const auto* series : {&plan.series, &plan.sums}) {
      for (auto s = std::lower_bound(series->begin(), series->end(), part.metric, less);
           s != series->end() && s->metric == part.metric; ++s) {
        if (!s->in_sums || (!part.labels.empty() && plan.labels_of(*s) != part.labels)) continue;
        slots_.push_back({part.field, part.divides, s->slot});
      }
    }
  }
  slots_.shrink_to_fit();
}

bool FieldReader::read(const Snapshot& snapshot, const Block& block, HistoryRow& row) {
  if (block.ended) return false;
  if (plan_ != block.plan) {
    find_fields(*block.plan);
    plan_ = block.plan;
  }
  if (slots_.empty()) return false;
  row.fill(kAbsent);
  const std::uint64_t* const values = snapshot.values.data() + block.first_slot;
  for (std::size_t i = 0; i < slots_.size();) {
    const unsigned field = slots_[i].field;
    std::uint64_t sum = 0, divisor = 0;
    bool known = false;
    for (; i < slots_.size() && slots_[i].field == field; ++i) {
      const std::uint64_t value = values[slots_[i].slot];
      if (value == kAbsent) continue;
      if (slots_[i].divides) {
        divisor = value;
      } else {
        sum += value;
        known = true;
      }
    }
    if (!known || (sum == 0 && parts().zero_is_unset[field])) continue;
    if (parts().is_quotient[field]) {
      if (divisor == 0) continue;
      sum = static_cast<std::uint64_t>(static_cast<double>(sum) * kMillionth / static_cast<double>(divisor));
    }
    row[field] = in_grains(kFields[field], sum);
  }
  return true;
}

std::optional<double> figure_between(unsigned field, std::uint64_t before, std::uint64_t now, double seconds) {
  const HistoryField& one = kFields[field];
  if (now == kAbsent) return std::nullopt;
  if (one.kind == FieldKind::kGauge) return static_cast<double>(now) * one.scale;
  if (before == kAbsent || now < before || seconds <= 0) return std::nullopt;
  const double grown = static_cast<double>(now - before) * one.scale;
  return one.kind == FieldKind::kCount ? grown : grown / seconds;
}

}  // namespace tallyman
