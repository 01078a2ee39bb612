#include "agent/config/cadvisor_mode.h"

#include "tests/support/parse_arguments.h"

#include <gmock/gmock.h>

#include <string_view>

namespace tallyman {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

bool nothing(const char*) { return false; }
bool host_at_rootfs(const char* path) {
  return std::string_view(path) == "/rootfs/proc" || std::string_view(path) == "/.dockerenv";
}
bool a_container_alone(const char* path) { return std::string_view(path) == "/.dockerenv"; }

Invocation called(std::string_view program, const std::vector<std::string>& arguments, IsThere is_there = nothing) {
  auto result = invocation(program, arguments, is_there);
  if (result) return std::move(*result);
  ADD_FAILURE() << result.error().text;
  return {};
}

EarlyExit ended(const std::vector<std::string>& arguments) {
  const auto result = invocation("tallyman", arguments, nothing);
  if (!result) return result.error();
  ADD_FAILURE() << "went on";
  return {};
}

TEST(Invocation, OfTheAgentStaysAsItIs) {
  const Invocation own = called("tallyman", {"ls", "--json"});
  EXPECT_THAT(own.arguments, ElementsAre("ls", "--json"));
  EXPECT_THAT(own.notes, IsEmpty());
}

TEST(Invocation, OfTheImage) {
  EXPECT_THAT(called("tallyman", {"--in-container", "ls"}).arguments,
              ElementsAre("--path.rootfs=/host", "--web.listen-address=:8255", "ls"));
  EXPECT_THAT(called("tallyman", {"--in-container"}, host_at_rootfs).arguments, Contains("--path.rootfs=/host"));
}

TEST(Invocation, OfTheImageOnlyByItsFirstArgument) {
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"ls", "--in-container"}, {"--in-container", "--in-container"}}) {
    EXPECT_EQ(ended(line).text, "tallyman: --in-container: must be the first argument, and is only once\n");
  }
}

TEST(Invocation, OfTheImageInCadvisorsPlace) {
  EXPECT_THAT(called("tallyman", {"--in-container", "--port=1"}, host_at_rootfs).arguments,
              AllOf(Contains("--web.listen-address=:1"), Contains("--path.rootfs=/rootfs")));
  EXPECT_THAT(called("/usr/bin/cadvisor", {}, host_at_rootfs).arguments,
              AllOf(Contains("--web.listen-address=:8080"), Contains("--path.rootfs=/rootfs")));
}

TEST(Invocation, SaysInTheLogWhatItTookTheFlagsFor) {
  const Invocation call = called("/usr/bin/cadvisor", {"-logtostderr"}, a_container_alone);
  ASSERT_EQ(call.notes.size(), 3U);
  EXPECT_THAT(call.notes[0], AllOf(HasSubstr("own flags: tallyman --web.listen-address=:8080"), Not(HasSubstr("\n"))));
  EXPECT_THAT(call.notes[1], StartsWith("-logtostderr: not needed"));
  EXPECT_THAT(call.notes[2], HasSubstr("nothing is mounted at /rootfs"));
}

TEST(Invocation, OfBothKindsIsRefusedWithTheCommandThatIsMeant) {
  const EarlyExit exit = ended({"--port=9090", "--log.level", "debug", "--no-collector.numa"});
  EXPECT_EQ(exit.code, 2);
  EXPECT_THAT(exit.text, AllOf(HasSubstr("flags of cAdvisor and of Tallyman (--log.level=debug) are mixed"),
                               HasSubstr("\n\ntallyman --web.listen-address=:9090"), HasSubstr("--log.level=debug"),
                               HasSubstr("--no-collector.numa")));
}

TEST(Migrate, PrintsTheCommandAndItsNotes) {
  for (const std::vector<std::string>& line : {std::vector<std::string>{"migrate", "--", "-port=1", "--docker=x"},
                                               {"migrate", "-port=1", "--docker=x"},
                                               {"migrate", "--", "/usr/bin/cadvisor", "-port=1", "--docker=x"}}) {
    const EarlyExit exit = ended(line);
    EXPECT_EQ(exit.code, 0);
    EXPECT_THAT(exit.text, AllOf(StartsWith("tallyman --web.listen-address=:1 "), HasSubstr("\n# --docker=x: not")));
  }
  EXPECT_EQ(ended({"migrate", "--", "--nonsense"}).code, 2);
  EXPECT_THAT(ended({"migrate", "--help"}).text, HasSubstr("--allow_dynamic_housekeeping"));
}

TEST(Options, OfCadvisorsFlagsAreTheAgents) {
  const Options options = accepted({"--port=9090", "--housekeeping_interval=10s", "--docker_only"});
  EXPECT_EQ(options.web.listen_address, ":9090");
  EXPECT_EQ(options.sampling.interval, std::chrono::seconds(10));
  EXPECT_EQ(options.sampling.slow_interval, std::chrono::seconds(10));
  EXPECT_FALSE(options.processes.bare);
  EXPECT_TRUE(options.web.cadvisor_api);
  EXPECT_FALSE(options.notes.empty());
}

TEST(Options, AFaultInAFlagOfCadvisorNamesIt) {
  EXPECT_THAT(refused({"--housekeeping_interval=10ms"}),
              HasSubstr("--housekeeping_interval=10ms (--sampling.interval=10ms): is outside 100ms to 1h"));
  EXPECT_THAT(refused({"--prometheus_endpoint=metrics"}), HasSubstr("--prometheus_endpoint=metrics"));
}

}  // namespace
}  // namespace tallyman
