// The agent beside a real kubelet, recorded: the same names for each series that the kubelet has.
#include "collectors/discovery/discovery.h"
#include "collectors/discovery/runtimes/all_runtimes.h"
#include "collectors/model/labels.h"
#include "tests/support/host_builder.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace tallyman {
namespace {

const std::string kFixture = std::string(TALLYMAN_TEST_DATA) + "/fixtures/kubelet-1.36";

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

// Its labels by the kubelet's own names, of each cgroup that the kubelet has.
using Names = std::map<std::string, std::string>;
std::map<std::string, Names> kubelets_names() {
  constexpr std::array kColumns = {"id", "container", "image", "name", "namespace", "pod"};
  std::map<std::string, Names> all;
  std::istringstream rows(text_of(kFixture + "/kubelet.tsv"));
  for (std::string row; std::getline(rows, row);) {
    Names names;
    std::istringstream fields(row);
    std::string field;
    for (const char* column : kColumns)
      if (std::getline(fields, field, '\t') && !field.empty()) names[column] = field;
    const std::string id = names.at("id");
    names.erase("id");
    all[id] = names;
  }
  return all;
}

std::string label_in(const std::string& labels, const std::string& name) {
  const std::string begin = "," + name + "=\"";
  const std::size_t at = ("," + labels).find(begin);
  if (at == std::string::npos) return {};
  const std::size_t from = at + begin.size() - 1;
  return labels.substr(from, labels.find('"', from) - from);
}

TEST(Kubelet, HasTheSameNamesForEveryOneOfItsSeries) {
  HostBuilder host;
  const auto kubelets = kubelets_names();
  ASSERT_EQ(kubelets.size(), 14U);
  for (const auto& [id, names] : kubelets) host.dir("sys/fs/cgroup" + id);
  for (const auto& bundle : std::filesystem::directory_iterator(kFixture + "/bundles")) {
    host.file("run/containerd/io.containerd.runtime.v2.task/k8s.io/" + bundle.path().stem().string() + "/config.json",
              text_of(bundle.path()));
  }
  DiscoveryOptions options;
  options.tree.hierarchies = {host.path("sys/fs/cgroup")};
  Discovery discovery(options, all_runtimes({host.root(), "", ""}));
  discovery.refresh();
  const auto policy = LabelPolicy::make({".", true, 1024, false});
  ASSERT_TRUE(policy);
  std::size_t compared = 0;
  for (const WorkloadPtr& workload : *discovery.current()) {
    const auto expected = kubelets.find(workload->id);
    if (expected == kubelets.end()) continue;
    const std::string labels = policy->of_workload(*workload);
    Names got;
    for (const char* name : {"container", "image", "name", "namespace", "pod"})
      if (std::string value = label_in(labels, name); !value.empty()) got[name] = std::move(value);
    EXPECT_EQ(got, expected->second) << workload->id;
    EXPECT_EQ(labels.find("container_label_io_kubernetes"), std::string::npos) << labels;
    ++compared;
  }
  EXPECT_EQ(compared, kubelets.size());
}

}  // namespace
}  // namespace tallyman
