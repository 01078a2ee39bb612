// `tallyman ls`: every workload with what it uses now; `docker stats` for everything.
#pragma once

#include "agent/commands/usage.h"
#include "agent/config/options.h"

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// By the column's name (--sort), largest first; by name for "name".
void sort_rows(std::vector<UsageRow>& rows, std::string_view column);
void sort_rows(std::vector<GroupRow>& rows, std::string_view column);

// A table `width` columns wide, no line longer; names are cut, never numbers.
// Without `all`: containers, services and what else has a name of its own, but
// no empty slices or cgroups.
std::string usage_table(const std::vector<UsageRow>& rows, std::size_t width, bool all);
std::string usage_json(const std::vector<UsageRow>& rows);

// The same of groups (--group): after its name in brackets how many members each has; in JSON their ids.
std::string group_table(const std::vector<GroupRow>& groups, std::size_t width, GroupBy by);
std::string group_json(const std::vector<GroupRow>& groups, GroupBy by);

// "1.5GiB", "64MiB", "0B".
std::string human_bytes(double bytes);

// Runs the command; the exit code.
int run_list_command(const Options& options, std::ostream& out, std::ostream& err);

}  // namespace tallyman
