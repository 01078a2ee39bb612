// `tallyman ls`: every workload with what it uses now; `docker stats` for everything.
#pragma once

#include "agent/options.h"
#include "collectors/snapshot.h"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// One line of the list. Empty where the kernel does not tell.
struct UsageRow {
  WorkloadPtr workload;
  std::optional<double> cpu_cores;                                // over the time between the two snapshots
  std::optional<std::uint64_t> memory_bytes, memory_limit_bytes;  // working set; limit 0: none
  std::optional<double> io_bytes_per_second, network_bytes_per_second;
  std::optional<std::uint64_t> threads;
  std::optional<double> cpu_pressure, memory_pressure, io_pressure;  // share of the time, 0 to 1
};

// Rates between two snapshots of one observer. A counter that is not in both gives none.
std::vector<UsageRow> usage_between(const Snapshot& before, const Snapshot& after);

// By the column's name (--sort), largest first; by name for "name".
void sort_rows(std::vector<UsageRow>& rows, std::string_view column);

// A table `width` columns wide, no line longer; names are cut, never numbers.
// Without `all`: containers, services and what else has a name of its own, but
// no empty slices or cgroups.
std::string usage_table(const std::vector<UsageRow>& rows, std::size_t width, bool all);
std::string usage_json(const std::vector<UsageRow>& rows);

// "1.5GiB", "64MiB", "0B".
std::string human_bytes(double bytes);

// Runs the command; the exit code.
int run_list_command(const Options& options, std::ostream& out, std::ostream& err);

}  // namespace tallyman
