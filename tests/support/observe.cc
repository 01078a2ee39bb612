#include "tests/support/observe.h"

#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/collector_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace tallyman {
namespace {

std::string series_name(MetricId metric, std::string_view base, std::string_view extra) {
  std::string name(catalogue()[metric].definition->name);
  if (base.empty() && extra.empty()) {
    return name;
  }
  name.append("{").append(base);
  if (!base.empty() && !extra.empty()) {
    name += ',';
  }
  return name.append(extra).append("}");
}

void add(SeriesValues& values, const std::string& name, std::uint64_t value) {
  EXPECT_TRUE(values.emplace(name, value).second) << name << " is there twice";
}

}  // namespace

const Collector& collector_named(std::string_view name) {
  const auto all = all_collectors();
  const auto it = std::find_if(all.begin(), all.end(), [&](const Collector* c) { return c->name == name; });
  if (it == all.end()) {
    throw std::out_of_range("no collector " + std::string(name));
  }
  return **it;
}

SeriesValues observe(std::string_view collector, const CgroupStats& stats, const ObservationContext& context) {
  const Snapshot snapshot = snapshot_of(collector, stats, context);
  return series_of(snapshot, snapshot.layout->blocks.front());
}

Snapshot snapshot_of(std::string_view collector, const CgroupStats& stats, const ObservationContext& context) {
  const Collector& one = collector_named(collector);
  Snapshot snapshot;
  SeriesWriter writer(nullptr, {}, snapshot.values, catalogue());
  writer.begin(first_metric(one));
  one.collect(
      {context.workload, stats, context.interfaces, context.host, context.now_nsec, context.ended, context.processes,
       context.sockets, context.links, context.filesystems, context.ended_totals, context.machine},
      writer);
  const auto planned = writer.finish();
  EXPECT_EQ(planned->duplicates, 0U);
  Layout layout;
  layout.blocks.push_back({std::make_shared<const Workload>(context.workload), {planned, &planned->plan}, 0, false});
  layout.slots = static_cast<std::uint32_t>(snapshot.values.size());
  snapshot.layout = std::make_shared<const Layout>(std::move(layout));
  return snapshot;
}

SeriesValues series_of(const Snapshot& snapshot, const Block& block, BaseLabels base) {
  SeriesValues values;
  for (const Series& series : block.plan->series) {
    const std::uint64_t value = snapshot.value(block, series);
    if (value != kAbsent) {
      const std::string_view shown = base == BaseLabels::kShown ? block.plan->base_labels : std::string_view();
      add(values, series_name(series.metric, shown, block.plan->labels_of(series)), value);
    }
  }
  return values;
}

SeriesValues series_of(const Snapshot& snapshot) {
  SeriesValues values;
  for (const Block& block : snapshot.layout->blocks) {
    for (const auto& [name, value] : series_of(snapshot, block, BaseLabels::kShown)) {
      add(values, name, value);
    }
  }
  return values;
}

SeriesValues series_of(const Snapshot& snapshot, std::string_view id) {
  const auto& blocks = snapshot.layout->blocks;
  const auto it =
      std::find_if(blocks.begin(), blocks.end(), [&](const Block& b) { return b.workload->id == id && !b.ended; });
  return it == blocks.end() ? SeriesValues{} : series_of(snapshot, *it);
}

}  // namespace tallyman
