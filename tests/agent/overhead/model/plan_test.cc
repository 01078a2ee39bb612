#include "agent/overhead/model/plan.h"

#include "agent/overhead/selection.h"
#include "agent/overhead/targets/probe_image.h"

#include <elf.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <set>

namespace tallyman::overhead {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

template <class Thing>
const Thing& named(std::span<const Thing> things, std::string_view name) {
  return *std::find_if(things.begin(), things.end(), [&](const Thing& thing) { return thing.name == name; });
}

std::vector<std::string> labels(std::string_view workload, std::string_view mode) {
  std::vector<std::string> result;
  for (const Cell& cell : cells_of(named(workloads(), workload), named(modes(), mode), mode)) {
    result.push_back(cell.label);
  }
  return result;
}

TEST(OverheadPlan, WhichWorkloadRunsWhere) {
  EXPECT_THAT(labels("integer", "docker"), ElementsAre("docker"));
  EXPECT_THAT(labels("integer", "docker-volume"), IsEmpty());
  EXPECT_THAT(labels("write", "docker-volume"), ElementsAre("docker-volume: bind mount", "docker-volume: volume"));
  EXPECT_THAT(labels("write", "overlay"), ElementsAre("overlay"));
  EXPECT_THAT(labels("write", "docker-unconfined"), IsEmpty());
  EXPECT_THAT(labels("copy-up-1m", "docker-volume"), IsEmpty());
  EXPECT_THAT(labels("tcp-latency", "docker-published"), ElementsAre("docker-published"));
  EXPECT_THAT(labels("tcp-latency", "namespaces"), IsEmpty());
  EXPECT_THAT(labels("start", "docker-published"), ElementsAre("docker-published"));
}

TEST(OverheadPlan, EveryWorkloadHasTheBaselineAndEveryModeAWorkload) {
  for (const Workload& workload : workloads()) {
    EXPECT_EQ(cells_of(workload, modes().front(), "bare").size(), 1U) << workload.name;
  }
  for (const Mode& mode : modes()) EXPECT_FALSE(labels("start", mode.name).empty()) << mode.name;
}

TEST(OverheadPlan, TheControlIsTheBaselineUnderAnotherName) {
  const auto cells = cells_of(named(workloads(), "write"), modes().front(), kControl);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].label, "control");
  EXPECT_EQ(cells[0].directory, "host");
}

TEST(OverheadPlan, ASeedGivesAnOrderAndReachesEveryPosition) {
  std::mt19937_64 random(3), again(3);
  std::set<int> firsts;
  for (int i = 0; i < 100; ++i) {
    std::vector<int> order = {1, 2, 3, 4}, same = order;
    shuffle(order, random);
    shuffle(same, again);
    EXPECT_EQ(order, same);
    firsts.insert(order[0]);
    std::sort(order.begin(), order.end());
    EXPECT_THAT(order, ElementsAre(1, 2, 3, 4));
  }
  EXPECT_EQ(firsts.size(), 4U);
}

TEST(OverheadSelection, TheDefaultIsAllButApplicationsAndUsersOptions) {
  const Choice choice = choose({}).value();
  EXPECT_EQ(choice.extent.rounds, 10U);
  EXPECT_EQ(choice.workloads.size(), workloads().size() - 2);
  EXPECT_THAT(choice.modes, Not(Contains(&named(modes(), "docker-options"))));
  EXPECT_EQ(choice.baseline->name, "bare");
}

TEST(OverheadSelection, FullHasApplicationsAndOptionsAddTheirMode) {
  Options::Overhead options;
  options.full = true;
  options.docker_options = "--cpus 0.5";
  const Choice choice = choose(options).value();
  EXPECT_EQ(choice.workloads.size(), workloads().size());
  EXPECT_THAT(choice.modes, Contains(&named(modes(), "docker-options")));
}

TEST(OverheadSelection, TheBaselineIsMeasuredEvenWhereItIsNotNamed) {
  Options::Overhead options;
  options.modes = "docker,docker";
  options.workloads = "integer,start";
  options.baseline = "cgroup";
  const Choice choice = choose(options).value();
  EXPECT_THAT(choice.modes, ElementsAre(&named(modes(), "cgroup"), &named(modes(), "docker")));
  EXPECT_EQ(choice.workloads.size(), 2U);
}

TEST(OverheadSelection, AWrongNameIsShownWithASuggestion) {
  Options::Overhead options;
  options.workloads = "integer,flaoting-point";
  EXPECT_THAT(choose(options).error().text,
              HasSubstr("--workload=flaoting-point: there is no such workload; did you mean floating-point?"));
  options.workloads = "zzzz\n";
  EXPECT_THAT(choose(options).error().text,
              HasSubstr("--workload=zzzz?: there is no such workload; there are: integer"));
  options = {};
  options.modes = "dockre";
  EXPECT_THAT(choose(options).error().text, HasSubstr("did you mean docker?"));
  options = {};
  options.quick = options.full = true;
  EXPECT_THAT(choose(options).error().text, HasSubstr("one of them"));
}

TEST(OverheadProbeImage, HoldsAStaticProgram) {
  const std::string_view bytes = probe_bytes();
  Elf64_Ehdr header{};
  ASSERT_GE(bytes.size(), sizeof header);
  std::memcpy(&header, bytes.data(), sizeof header);
  ASSERT_EQ(bytes.substr(0, SELFMAG), ELFMAG);
  EXPECT_EQ(bytes.find("__asan_init"), bytes.npos);
  EXPECT_EQ(bytes.find("__tsan_init"), bytes.npos);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    ASSERT_LE(header.e_phoff + (i + 1) * sizeof segment, bytes.size());
    std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof segment, sizeof segment);
    EXPECT_NE(segment.p_type, PT_INTERP) << "it asks for a dynamic linker";
  }
  EXPECT_EQ(probe_digest().size(), 16U);
}

// Reads the tar: names, sizes and check sums in blocks of 512 bytes, then two empty blocks.
TEST(OverheadProbeImage, IsATar) {
  const std::string tar = image_tar();
  ASSERT_EQ(tar.size() % 512, 0U);
  std::size_t at = 0, lower = 0;
  bool probe = false;
  while (tar[at] != '\0') {
    const std::string name = tar.c_str() + at;
    const std::size_t size = std::stoul(tar.substr(at + 124, 11), nullptr, 8);
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) {
      sum += i >= 148 && i < 156 ? unsigned{' '} : static_cast<unsigned char>(tar[at + i]);
    }
    EXPECT_EQ(std::stoul(tar.substr(at + 148, 6), nullptr, 8), sum) << name;
    EXPECT_EQ(tar.substr(at + 257, 5), "ustar");
    if (name == "probe") probe = tar.substr(at + 512, size) == probe_bytes();
    lower += name.starts_with("lower/") && size > 0 ? 1U : 0U;
    at += 512 + (size + 511) / 512 * 512;
    ASSERT_LT(at, tar.size());
  }
  EXPECT_TRUE(probe);
  EXPECT_EQ(lower, 21U);
  EXPECT_EQ(tar.size() - at, 1024U);
}

}  // namespace
}  // namespace tallyman::overhead
