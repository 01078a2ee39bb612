#include "collectors/model/metric.h"

#include "collectors/model/collector.h"
#include "collectors/model/collector_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace tallyman {
namespace {

bool is_name(std::string_view text, std::string_view extra = {}) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           extra.find(c) != std::string_view::npos;
  });
}

std::vector<std::string> labels_of(const MetricDefinition& metric) {
  std::vector<std::string> labels;
  std::string_view rest = metric.labels;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    labels.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    if (comma != std::string_view::npos && rest.empty()) labels.emplace_back();
  }
  return labels;
}

// As cAdvisor has them: dashboards know them by these names.
const std::set<std::string_view> kCountersByAnotherName{"container_memory_failcnt", "container_hugetlb_failcnt"};

const std::set<std::string_view> kGaugesByAnotherName{
    "container_fs_inodes_total",          "container_network_tcp_usage_total",
    "container_network_tcp6_usage_total", "container_network_udp_usage_total",
    "container_network_udp6_usage_total", "container_network_advance_tcp_stats_total"};

bool has_base_labels(const CatalogueEntry& entry) {
  const auto all = all_collectors();
  return std::any_of(all.begin(), all.end(),
                     [&](const Collector* one) { return one->name == entry.collector && one->scope != Scope::kAgent; });
}

// What is wrong with a help text; empty if nothing is.
std::string fault_of_help(std::string_view help) {
  if (help.empty()) return "there is none";
  if (!std::all_of(help.begin(), help.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    return "it is not one line of ASCII";
  }
  if (help.find("  ") != std::string_view::npos) return "two spaces";
  const char first = help.front();
  if (!((first >= 'A' && first <= 'Z') || (first >= '0' && first <= '9'))) return "it does not begin as a sentence";
  if (help.back() != '.') return "it does not end as a sentence";
  return {};
}

class CatalogueTest : public ::testing::TestWithParam<CatalogueEntry> {
 protected:
  const MetricDefinition& metric() const { return *GetParam().definition; }
};

TEST_P(CatalogueTest, HasAValidName) {
  EXPECT_TRUE(is_name(metric().name)) << metric().name;
  EXPECT_EQ(metric().name.find("__"), std::string_view::npos);
}

TEST_P(CatalogueTest, EndsInTotalExactlyIfItIsACounter) {
  const bool total = metric().name.ends_with("_total");
  if (metric().type == MetricType::kCounter && kCountersByAnotherName.count(metric().name) == 0) {
    EXPECT_TRUE(total);
  } else {
    EXPECT_EQ(total, kGaugesByAnotherName.count(metric().name) != 0);
  }
}

TEST_P(CatalogueTest, NamesTheUnitThatItDeclares) {
  std::string_view name = metric().name;
  if (name.ends_with("_total")) name.remove_suffix(6);
  const std::set<std::string_view> units{"", "seconds", "bytes"};
  EXPECT_EQ(units.count(metric().unit), 1U) << metric().unit;
  for (std::string_view unit : {"seconds", "bytes"}) {
    if (name.ends_with("_" + std::string(unit))) {
      EXPECT_EQ(metric().unit, unit);
    }
  }
  if (metric().scale != Scale::kUnits && metric().name != "container_last_seen") {
    EXPECT_EQ(metric().unit, "seconds");
  }
}

TEST_P(CatalogueTest, ExplainsItselfInOneLine) { EXPECT_EQ(fault_of_help(metric().help), "") << metric().help; }

TEST_P(CatalogueTest, HasValidLabelsThatAreNotBaseLabels) {
  static const std::set<std::string> kBase{"id",         "name",        "image",   "kind",     "workload",
                                           "machine_id", "system_uuid", "boot_id", "instance", "job"};
  std::set<std::string> seen;
  for (const std::string& label : labels_of(metric())) {
    EXPECT_TRUE(is_name(label)) << label;
    EXPECT_FALSE(label.starts_with("__") || label.starts_with("container_label_")) << label;
    EXPECT_TRUE(seen.insert(label).second) << label;
    if (has_base_labels(GetParam())) {
      EXPECT_EQ(kBase.count(label), 0U) << label;
    }
  }
  EXPECT_EQ(seen.count("le"), 0U);
}

TEST_P(CatalogueTest, NamesItsSources) {
  EXPECT_FALSE(metric().source_v1.empty());
  EXPECT_FALSE(metric().source_v2.empty());
}

TEST_P(CatalogueTest, IsFoundByItsName) {
  const auto id = find_metric(metric().name);
  ASSERT_TRUE(id);
  EXPECT_EQ(catalogue()[*id].definition, GetParam().definition);
}

INSTANTIATE_TEST_SUITE_P(All, CatalogueTest, ::testing::ValuesIn(catalogue().begin(), catalogue().end()),
                         [](const auto& param) { return std::string(param.param.definition->name); });

TEST(Catalogue, RefusesAHelpTextThatExplainsNothing) {
  EXPECT_EQ(fault_of_help("CPU time used."), "");
  EXPECT_EQ(fault_of_help(""), "there is none");
  EXPECT_EQ(fault_of_help("CPU time\nused."), "it is not one line of ASCII");
  EXPECT_EQ(fault_of_help("CPU  time used."), "two spaces");
  EXPECT_EQ(fault_of_help(" CPU time used."), "it does not begin as a sentence");
  EXPECT_EQ(fault_of_help("cpu time used."), "it does not begin as a sentence");
  EXPECT_EQ(fault_of_help("CPU time used"), "it does not end as a sentence");
}

TEST(Catalogue, HasEachNameOnceInBothFormats) {
  std::set<std::string_view> names;
  std::map<std::string, std::string_view> families;  // as OpenMetrics names them
  for (const CatalogueEntry& entry : catalogue()) {
    const MetricDefinition& metric = *entry.definition;
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    std::string family(metric.name);
    if (metric.type == MetricType::kCounter && family.ends_with("_total")) family.resize(family.size() - 6);
    const auto [at, added] = families.emplace(family, metric.name);
    EXPECT_TRUE(added) << metric.name << " and " << at->second << " are one family in OpenMetrics";
  }
}

TEST(Catalogue, BeginsWithTheCollectorsInTheirOrder) {
  std::size_t first = 0;
  for (const Collector* collector : all_collectors()) {
    EXPECT_EQ(first_metric(*collector), first);
    for (std::size_t i = 0; i < collector->metrics.size(); ++i) {
      EXPECT_EQ(catalogue()[first + i].definition, &collector->metrics[i]);
      EXPECT_EQ(catalogue()[first + i].collector, collector->name);
    }
    first += collector->metrics.size();
  }
  ASSERT_LT(first, catalogue().size());
  for (std::size_t i = first; i < catalogue().size(); ++i) EXPECT_EQ(catalogue()[i].collector, kSelfCollector);
}

TEST(Catalogue, LeavesTheNameOfTheAgentsOwnMetricsToThem) {
  for (const Collector* collector : all_collectors()) EXPECT_NE(collector->name, kSelfCollector);
}

TEST(Catalogue, SummarisesEveryCollector) {
  const auto summaries = collector_summaries();
  ASSERT_EQ(summaries.size(), all_collectors().size() + 1);
  for (std::size_t i = 0; i < all_collectors().size(); ++i) {
    EXPECT_EQ(summaries[i].name, all_collectors()[i]->name);
    EXPECT_EQ(summaries[i].on_by_default, all_collectors()[i]->on_by_default);
    EXPECT_FALSE(summaries[i].summary.empty());
  }
  EXPECT_EQ(summaries.back().name, kSelfCollector);
}

TEST(Catalogue, KnowsNoOtherNames) {
  EXPECT_FALSE(find_metric(""));
  EXPECT_FALSE(find_metric("container_cpu_usage_seconds"));
  EXPECT_EQ(to_string(MetricType::kCounter), "counter");
  EXPECT_EQ(to_string(MetricType::kGauge), "gauge");
  EXPECT_EQ(to_string(MetricType::kHistogram), "histogram");
}

}  // namespace
}  // namespace tallyman
