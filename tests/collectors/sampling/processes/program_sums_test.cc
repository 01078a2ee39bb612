#include "collectors/sampling/processes/program_sums.h"

#include <gtest/gtest.h>

#include <string>

namespace tallyman {
namespace {

using std::chrono::seconds;

class ProgramSumsTest : public ::testing::Test {
 protected:
  void begin() {
    time_ += seconds(1);
    sums_.begin();
  }
  void run(const std::string& program, std::uint64_t cpu_nsec, std::uint64_t resident_bytes = 0) {
    sums_.book(program, cpu_nsec, time_);
    sums_.add(program, 1, resident_bytes, time_);
  }
  // So many programs of equal size: "a00", "a01", ...
  void run_small(std::size_t count, std::uint64_t cpu_nsec) {
    for (std::size_t i = 0; i < count; ++i) {
      run("a" + std::to_string(1000 + i), cpu_nsec);
    }
  }
  const ExecutableStats* find(const std::string& name) {
    facts_ = sums_.facts();
    for (const ExecutableStats& one : facts_) {
      if (one.name == name) return &one;
    }
    return nullptr;
  }
  std::uint64_t cpu_of_all() {
    std::uint64_t sum = 0;
    for (const ExecutableStats& one : sums_.facts()) sum += one.cpu_nsec;
    return sum;
  }

  ProgramSums::Time time_{};
  ProgramSums sums_;
  std::vector<ExecutableStats> facts_;
};

TEST_F(ProgramSumsTest, TheLargestHaveANameNotTheFirst) {
  begin();
  run_small(60, 1);
  run("compiler", 5'000'000'000);
  run("database", 3, 8'000'000'000);
  sums_.end();
  ASSERT_NE(find("compiler"), nullptr);
  EXPECT_EQ(find("compiler")->cpu_nsec, 5'000'000'000U);
  ASSERT_NE(find("database"), nullptr);
  EXPECT_EQ(find("database")->rss_bytes, 8'000'000'000U);
  EXPECT_EQ(sums_.facts().size(), ProgramSums::kMaxNamed + 1);
  EXPECT_EQ(find("[other]")->processes, 62U - ProgramSums::kMaxNamed);
  EXPECT_EQ(cpu_of_all(), 60U + 5'000'000'000U + 3U);
}

TEST_F(ProgramSumsTest, AProgramThatGrowsGetsANameAndNoCounterFalls) {
  begin();
  run_small(60, 1'000'000);
  sums_.end();
  begin();
  run_small(60, 1'000'000);
  run("late", 900'000'000);
  const std::uint64_t others = find("[other]")->cpu_nsec;
  sums_.end();
  ASSERT_NE(find("late"), nullptr);
  EXPECT_EQ(find("late")->cpu_nsec, 0U) << "what it has used before is in the others";
  EXPECT_EQ(find("[other]")->cpu_nsec, others);
  begin();
  run("late", 7);
  sums_.end();
  EXPECT_EQ(find("late")->cpu_nsec, 7U);
}

TEST_F(ProgramSumsTest, EqualOnesKeepTheirNames) {
  begin();
  run_small(40, 1'000'000);
  sums_.end();
  std::vector<std::string> first;
  for (const ExecutableStats& one : sums_.facts()) first.push_back(one.name);
  for (int i = 0; i < 10; ++i) {
    begin();
    run_small(40, 1'000'000 + static_cast<std::uint64_t>(i % 2) * 100'000);
    sums_.end();
    std::vector<std::string> names;
    for (const ExecutableStats& one : sums_.facts()) names.push_back(one.name);
    ASSERT_EQ(names, first);
  }
}

TEST_F(ProgramSumsTest, ManyNamesAreBoundedAndNothingIsLost) {
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    if (i % 250 == 0) begin();
    run("program-" + std::to_string(i), 1);
    if (i % 250 == 249) sums_.end();
  }
  EXPECT_LE(sums_.facts().size(), ProgramSums::kMaxNamed + 1);
  EXPECT_EQ(cpu_of_all(), 1'000U);
}

TEST_F(ProgramSumsTest, AFewAreAllNamed) {
  begin();
  run("nginx", 4, 100);
  run("nginx", 2, 100);
  run("php", 1, 50);
  sums_.end();
  const auto facts = sums_.facts();
  ASSERT_EQ(facts.size(), 2U);
  EXPECT_EQ(facts[0].name, "nginx");
  EXPECT_EQ(facts[0].processes, 2U);
  EXPECT_EQ(facts[0].rss_bytes, 200U);
  EXPECT_EQ(facts[0].cpu_nsec, 6U);
  EXPECT_EQ(facts[1].name, "php");
}

}  // namespace
}  // namespace tallyman
