// `tallyman ls`: what every workload uses now, like `docker stats` but for all workloads.
#pragma once

#include "agent/api/usage.h"
#include "agent/config/options.h"

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// Sorts by the named column (--sort), largest first; "name" sorts from A to Z.
void sort_rows(std::vector<UsageRow>& rows, std::string_view column);
void sort_rows(std::vector<GroupRow>& rows, std::string_view column);

// The rows of --kind and of the names: each is a part of a name or id, in capital letters or
// not. With --group names are those of groups, so that all rows are taken.
std::vector<UsageRow> selected(const std::vector<UsageRow>& rows, const Options::List& options);

// A table `width` columns wide. Long names lose their middle, numbers nothing. Without `all`,
// idle and empty slices, cgroups and process groups are left out, and slices, scopes and
// cgroups that only hold others.
std::string usage_table(const std::vector<UsageRow>& rows, std::size_t width, bool all);
std::string usage_json(const std::vector<UsageRow>& rows);

// The same for groups (--group). The table shows the number of members in brackets, the JSON their ids.
std::string group_table(const std::vector<GroupRow>& groups, std::size_t width, GroupBy by);
std::string group_json(const std::vector<GroupRow>& groups, GroupBy by);

// "1.5GiB", "64MiB", "0B".
std::string human_bytes(double bytes);

// Runs the command and returns the exit code.
int run_list_command(const Options& options, std::ostream& out, std::ostream& err);

}  // namespace tallyman
