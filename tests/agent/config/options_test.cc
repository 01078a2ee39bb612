#include "agent/config/options.h"

#include "agent/config/help.h"
#include "agent/config/nearest.h"
#include "agent/config/setting_values.h"
#include "agent/config/settings.h"
#include "collectors/model/collector.h"
#include "collectors/model/collector_table.h"
#include "tests/support/parse_arguments.h"

#include <gmock/gmock.h>

#include <fstream>

namespace tallyman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Options, WithoutFlagsItServesWithTheDefaults) {
  const Options options = accepted({});
  EXPECT_EQ(options.command, Command::kServe);
  EXPECT_EQ(options.web.listen_address, "127.0.0.1:8255");
  EXPECT_EQ(options.sampling.interval, std::chrono::seconds(1));
  EXPECT_EQ(options.sampling.slow_interval, std::chrono::seconds(10));
  EXPECT_TRUE(options.collectors.switches.empty());
  EXPECT_EQ(effective_settings(options), effective_settings(Options()));
}

TEST(Options, WithoutEvenAProgramNameItServes) { EXPECT_EQ(parse_options(0, nullptr)->command, Command::kServe); }

TEST(Options, FlagsMayComeBeforeAndAfterTheCommandInBothForms) {
  const std::string flag = "--web.listen-address=127.0.0.1:9999";
  const std::vector<std::vector<std::string>> lines = {{flag},
                                                       {"serve", flag},
                                                       {flag, "serve"},
                                                       {"serve", "--web.listen-address", "127.0.0.1:9999"},
                                                       {"--web.listen-address", "127.0.0.1:9999", "serve"}};
  for (const auto& line : lines) {
    const Options options = accepted(line);
    EXPECT_EQ(options.command, Command::kServe);
    EXPECT_EQ(options.web.listen_address, "127.0.0.1:9999");
  }
}

TEST(Options, EachCommandIsRecognised) {
  EXPECT_EQ(accepted({"serve"}).command, Command::kServe);
  EXPECT_EQ(accepted({"ls", "--json"}).command, Command::kList);
  EXPECT_EQ(accepted({"--sort=memory", "ls"}).list.sort, "memory");
  EXPECT_EQ(accepted({"metrics", "--format=json"}).metrics_format, "json");
  EXPECT_EQ(accepted({"version"}).command, Command::kPrintVersion);
}

TEST(Options, TheLastOfAKindWins) {
  EXPECT_EQ(accepted({"--log.level=debug", "serve", "--log.level=warn"}).log.level, "warn");
  EXPECT_TRUE(accepted({"--no-labels.workload", "--labels.workload"}).labels.workload);
  EXPECT_FALSE(accepted({"--labels.workload", "--no-labels.workload"}).labels.workload);
}

TEST(Options, SwitchesTakeTrueAndFalseToo) {
  EXPECT_TRUE(accepted({"--once=true"}).serve.once);
  EXPECT_FALSE(accepted({"--once=false"}).serve.once);
  EXPECT_FALSE(accepted({"--labels.workload=false"}).labels.workload);
}

TEST(Options, ValuesReachTheOptionsByteForByte) {
  for (const std::string value : {"[a-z]", "{a,b}", "'x'", "\"x\"", "a%%b", "a,b", "a b", "-x", "--once", "a=b="}) {
    EXPECT_EQ(accepted({"--labels.container=" + value}).labels.container, value);
  }
}

TEST(Options, EveryCollectorIsSwitchedByItsName) {
  ASSERT_FALSE(all_collectors().empty());
  for (const Collector* collector : all_collectors()) {
    const std::string name(collector->name);
    EXPECT_THAT(accepted({"--collector." + name}).collectors.switches, ElementsAre(std::pair(name, true)));
    EXPECT_THAT(accepted({"--no-collector." + name}).collectors.switches, ElementsAre(std::pair(name, false)));
    EXPECT_EQ(effective_settings(Options()).at("collector." + name), collector->on_by_default ? "true" : "false");
  }
}

TEST(Options, TheSlowIntervalFollowsAnIntervalThatIsLonger) {
  EXPECT_EQ(accepted({"--sampling.interval=1m"}).sampling.slow_interval, std::chrono::minutes(1));
  EXPECT_EQ(accepted({"--sampling.interval=2s"}).sampling.slow_interval, std::chrono::seconds(10));
  EXPECT_EQ(accepted({"--sampling.interval=2s", "--sampling.slow-interval=2s"}).sampling.slow_interval,
            std::chrono::seconds(2));
}

// Wrong command lines, and what the message must name: the flag, the value, the remedy.
struct Refusal {
  std::vector<std::string> line;
  std::vector<std::string> parts;
};

// gtest shows the line as typed, without control characters.
void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << "tallyman";
  for (const std::string& word : refusal.line) *out << ' ' << testing::PrintToString(word.substr(0, 60));
}

class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, NameTheFlagTheValueAndTheRemedy) {
  const std::string text = refused(GetParam().line);
  for (const std::string& part : GetParam().parts) EXPECT_THAT(text, HasSubstr(part));
}

INSTANTIATE_TEST_SUITE_P(
    Names, Refusals,
    testing::Values(
        Refusal{{"--web.listen-adress=:1"},
                {"unknown flag --web.listen-adress;", "did you mean --web.listen-address?"}},
        Refusal{{"serve", "--web.listen-adress", ":1"}, {"unknown flag --web.listen-adress;", "--web.listen-address?"}},
        Refusal{{"-web.listen-address=:1"},
                {"unknown flag -web.listen-address;", "did you mean --web.listen-address?"}},
        Refusal{{"--listen-address=:1"}, {"unknown flag --listen-address;", "did you mean --web.listen-address?"}},
        Refusal{{"--no-collector.nuna"}, {"unknown flag --no-collector.nuna;", "did you mean --no-collector.numa?"}},
        Refusal{{"--no-log.level"}, {"--no-log.level", "--log.level takes a value"}},
        Refusal{{"--xyzzy"}, {"unknown flag --xyzzy\n"}}, Refusal{{"-v"}, {"unknown flag -v"}},
        Refusal{{"--web\x1b[2J\n.x"}, {"unknown flag --web?[2J?.x"}},
        Refusal{{"--" + std::string(200'000, 'x')}, {"unknown flag --xxx", "x...\n"}},
        Refusal{{"lss"}, {"unexpected argument 'lss'; did you mean ls?"}},
        Refusal{{"docker"},
                {"unexpected argument 'docker'; the commands are serve, ls, metrics, overhead, health, migrate and "
                 "version"}},
        Refusal{{"metrics", "serve"}, {"unexpected argument 'serve': one command at a time"}},
        Refusal{{"--", "x"}, {"unexpected argument 'x'"}}, Refusal{{""}, {"unexpected argument ''"}},
        Refusal{{"--json"}, {"--json: is a flag of 'tallyman ls'"}},
        Refusal{{"serve", "--sort=cpu"}, {"--sort=cpu: is a flag of 'tallyman ls'"}},
        Refusal{{"ls", "--once"}, {"--once: is a flag of 'tallyman serve'"}},
        Refusal{{"ls", "--format=json"}, {"--format=json: is a flag of 'tallyman metrics'"}},
        Refusal{{"--help=html"}, {"--help=html: expects nothing, markdown, migrating or api"}}));

INSTANTIATE_TEST_SUITE_P(
    Values, Refusals,
    testing::Values(
        Refusal{{"--sampling.interval=5"}, {"--sampling.interval=5: needs a unit: 100ms to 1h, for example 5s"}},
        Refusal{{"--history.fine=5"}, {"--history.fine=5: needs a unit: 1m to 168h, for example 1m"}},
        Refusal{{"--sampling.interval=5x"}, {"--sampling.interval=5x: ", "(ms, s, m, h): 100ms to 1h, for example 5s"}},
        Refusal{{"--sampling.interval=1.5s"}, {"expects a whole number and a unit", "for example 5s"}},
        Refusal{{"--sampling.interval=-5s"}, {"--sampling.interval=-5s: expects a whole number and a unit"}},
        Refusal{{"--sampling.interval=5 s"}, {"--sampling.interval=5 s: expects a whole number and a unit"}},
        Refusal{{"--sampling.interval=99ms"}, {"--sampling.interval=99ms: is outside 100ms to 1h"}},
        Refusal{{"--sampling.interval=61m"}, {"--sampling.interval=61m: is outside 100ms to 1h"}},
        Refusal{{"--sampling.interval=18446744073709551615h"}, {"is outside 100ms to 1h"}},
        Refusal{{"--sampling.interval=18446744073709551616s"}, {"expects a whole number and a unit"}},
        Refusal{{"--sampling.interval=5s", "--sampling.slow-interval=1s"},
                {"--sampling.slow-interval=1s: is shorter than sampling.interval, 5s"}},
        Refusal{{"--log.level"}, {"--log.level: needs a value: one of debug, info, warn, error"}},
        Refusal{{"--log.level=", "ls"}, {"--log.level=: needs a value: one of debug, info, warn, error"}},
        Refusal{{"--config.file", "ls"}, {"--config.file: needs a value: a path"}},
        Refusal{{"--log.level=trace"}, {"--log.level=trace: expects one of debug, info, warn, error"}},
        Refusal{{"--log.level=debug, info"}, {"expects one of debug"}},
        Refusal{{"--log.format=json"}, {"--log.format=json: expects one of auto, stderr, journal"}},
        Refusal{{"ls", "--sort=ram"}, {"--sort=ram: expects one of cpu, memory, io, network, pids, name"}},
        Refusal{{"metrics", "--format=xml"}, {"--format=xml: expects one of table, markdown, json"}},
        Refusal{{"--once=maybe"}, {"--once=maybe: expects true or false"}},
        Refusal{{"--limit.workloads=0"}, {"--limit.workloads=0: is outside 1 to 1000000"}},
        Refusal{{"--limit.workloads=-1"}, {"--limit.workloads=-1: expects a whole number, 1 to 1000000"}},
        Refusal{{"--limit.workloads=20k"}, {"expects a whole number, 1 to 1000000"}},
        Refusal{{"--limit.label-bytes=18446744073709551616"}, {"expects a whole number, 16 to 65536"}},
        Refusal{{"--labels.container=a(b"}, {"--labels.container=a(b: expects a regular expression (RE2): missing )"}},
        Refusal{{"--labels.container=(?=x)"}, {"invalid perl operator: (?="}},
        Refusal{{"--labels.container=" + std::string(5'000, 'a')}, {"aaa...: is longer than 4096 bytes"}},
        Refusal{{"--collector.network.ignored-interfaces=*"}, {"no argument for repetition operator: *"}},
        Refusal{{"--path.procfs=/no/such/place"}, {"--path.procfs=/no/such/place: expects a directory: No such file"}},
        Refusal{{"--path.rootfs=/dev/null"}, {"--path.rootfs=/dev/null: expects a directory: this is none"}},
        Refusal{{"--config.file=/no/such/file.yml"}, {"/no/such/file.yml: ", "cannot be read: No such file"}}));

INSTANTIATE_TEST_SUITE_P(
    Web, Refusals,
    testing::Values(Refusal{{"--web.listen-address=localhost"}, {"--web.listen-address=localhost: expects HOST:PORT"}},
                    Refusal{{"--web.listen-address=8255"}, {"for example 127.0.0.1:8255"}},
                    Refusal{{"--web.listen-address=:65536"}, {"the port 0 to 65535"}},
                    Refusal{{"--web.listen-address=:http"}, {"the port 0 to 65535"}},
                    Refusal{{"--web.listen-address=::1:8255"}, {"[IPV6]:PORT"}},
                    Refusal{{"--web.listen-address=[::1]"}, {"[IPV6]:PORT"}},
                    Refusal{{"--web.listen-address=[::g]:80"}, {"has no IPv6 address in its brackets"}},
                    Refusal{{"--web.listen-address=127.0.0.256:80"}, {"has no valid IPv4 address"}},
                    Refusal{{"--web.listen-address=http://localhost:80"}, {"[IPV6]:PORT"}},
                    Refusal{{"--web.listen-address=a b:80"}, {"neither a name nor an address"}},
                    Refusal{{"--web.telemetry-path=metrics"},
                            {"--web.telemetry-path=metrics: expects a path that begins with /"}},
                    Refusal{{"--web.telemetry-path=/a?b"}, {"expects letters, digits and", "for example /metrics"}},
                    Refusal{{"--web.telemetry-path=/../x"}, {"expects letters, digits and"}},
                    Refusal{{"--web.telemetry-path=/"}, {"is taken by the agent's own pages", "for example /metrics"}},
                    Refusal{{"--web.telemetry-path=/api/v1/host"}, {"is taken by the agent's own pages"}},
                    Refusal{{"--web.telemetry-path=/-/ready"}, {"is taken by the agent's own pages"}}));

TEST(Options, ValidAddressesAreAccepted) {
  for (const std::string address : {":0", ":8255", "0.0.0.0:80", "localhost:80", "my-host_1.example:80", "[::]:80",
                                    "[::1]:8255", "[fe80::1%eth0]:80"}) {
    EXPECT_EQ(accepted({"--web.listen-address=" + address}).web.listen_address, address);
  }
}

TEST(Options, VersionIsPrintedForTheFlag) {
  const auto parsed = parse({"--version"});
  EXPECT_EQ(parsed.error().code, 0);
  EXPECT_THAT(parsed.error().text, testing::MatchesRegex("tallyman [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

std::string sample_value(const Setting& setting) {
  switch (setting.shape) {
    case Shape::kSwitch:
      return value_text(Options(), setting) == "true" ? "false" : "true";
    case Shape::kAddress:
      return "[::1]:9";
    case Shape::kUrlPath:
      return "/other";
    case Shape::kFile:
    case Shape::kHostPath:
      return "/some/place";
    case Shape::kDirectory:
      return "/dev";
    case Shape::kDuration:
      return "7m";
    case Shape::kCount:
      return "77";
    case Shape::kSize:
      return "77MB";
    case Shape::kPattern:
      return "^(a|b): \"#$";
    case Shape::kChoice:
      return std::string(setting.choices.substr(setting.choices.rfind(' ') + 1));
    case Shape::kRules:
      return R"([{"name":"web","executable":"^nginx$"}])";
    case Shape::kText:
      return "one two";
  }
  return {};
}

std::string quoted(const std::string& value) { return "'" + value + "'"; }

// web.listen-address: x -> {web: {listen-address: x}}
std::string nested(std::string_view name, const std::string& value) {
  std::string text, indent;
  for (auto dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
    text += indent + std::string(name.substr(0, dot)) + ":\n";
    indent += "  ";
    name.remove_prefix(dot + 1);
  }
  return text + indent + std::string(name) + ": " + quoted(value) + "\n";
}

TEST(Options, EverySettingIsTheSameByFlagAndByFile) {
  for (const Setting& setting : settings()) {
    if (setting.scope != SettingScope::kEverywhere) continue;
    SCOPED_TRACE(setting.name);
    const std::string name(setting.name), value = sample_value(setting);
    const auto by_flag = effective_settings(accepted({"--" + name + "=" + value}));
    EXPECT_EQ(by_flag.at(name), value);
    for (const auto& [other, default_value] : effective_settings(Options())) {
      const bool follows = name == "sampling.interval" && other == "sampling.slow-interval";
      EXPECT_EQ(by_flag.at(other) != default_value, other == name || follows) << other;
    }
    for (const std::string& text : {name + ": " + quoted(value) + "\n", nested(name, value)}) {
      const TemporaryFile file(text);
      auto by_file = effective_settings(accepted({"--config.file=" + file.path()}));
      by_file["config.file"] = "";
      EXPECT_EQ(by_file, by_flag) << text;
    }
  }
}

TEST(Options, FlagsWinOverTheFile) {
  const TemporaryFile file("log.level: debug\nlabels.workload: false\nlimit.workloads: 7\n");
  const Options options = accepted({"--log.level=error", "--labels.workload", "--config.file", file.path()});
  EXPECT_EQ(options.log.level, "error");
  EXPECT_TRUE(options.labels.workload);
  EXPECT_EQ(options.workloads.max, 7U);
}

TEST(Options, AnErrorInTheFileIsReportedEvenIfAFlagWins) {
  const TemporaryFile file("\nlog.level: loud\n");
  EXPECT_THAT(refused({"--config.file=" + file.path(), "--log.level=info"}),
              HasSubstr(file.path() + ":2: log.level: loud: expects one of debug, info, warn, error"));
}

TEST(Options, AShortSlowIntervalInTheFileIsReportedWithItsLine) {
  const TemporaryFile file("sampling:\n  slow-interval: 1s\n");
  EXPECT_THAT(refused({"--config.file=" + file.path(), "--sampling.interval=5s"}),
              HasSubstr(file.path() + ":2: sampling.slow-interval: 1s: is shorter than sampling.interval, 5s"));
}

TEST(Options, PathsAsTheHostNamesThemAreAbsolute) {
  for (const std::string flag : {"--docker.root", "--containerd.state", "--containerd.root"}) {
    EXPECT_THAT(refused({flag + "=run/x"}), HasSubstr("expects an absolute path, as the host names it"));
    EXPECT_EQ(accepted({flag + "=/nowhere/yet"}).command, Command::kServe);
  }
}

TEST(Options, TheFileCountsForEveryCommand) {
  const TemporaryFile file("docker.root: /srv/docker\n");
  EXPECT_EQ(accepted({"ls", "--config.file=" + file.path()}).runtimes.docker_root, "/srv/docker");
}

TEST(Options, OnlySettingsThatCannotChangeAtRunTimeNeedARestart) {
  const Options before = accepted({});
  EXPECT_THAT(settings_needing_restart(before, before), ElementsAre());
  const Options at_once = accepted({"--log.level=debug", "--sampling.interval=5s", "--no-collector.cpu",
                                    "--labels.container=x", "--no-labels.workload", "--path.rootfs=/dev"});
  EXPECT_THAT(settings_needing_restart(before, at_once), ElementsAre());
  const Options later =
      accepted({"--web.listen-address=:1", "--web.telemetry-path=/m", "--log.format=stderr", "--web.max-connections=9",
                "--web.max-streams=3", "--log.level=debug", "--check-config"});
  EXPECT_THAT(
      settings_needing_restart(before, later),
      ElementsAre("web.listen-address", "web.telemetry-path", "web.max-connections", "web.max-streams", "log.format"));
}

std::string documented() {
  std::ifstream file(TALLYMAN_TEST_DATA "/../docs/configuration.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Options, TheConfigurationPageIsTheOneThatTheProgramPrints) {
  const auto parsed = parse({"--help=markdown"});
  EXPECT_EQ(parsed.error().code, 0);
  EXPECT_EQ(parsed.error().text, configuration_markdown());
  EXPECT_TRUE(documented() == configuration_markdown())
      << "docs/configuration.md is stale. Refresh it with the program just built:\n"
         "  build/dev/tallyman --help=markdown > docs/configuration.md";
}

TEST(Options, TheConfigurationPageNamesEverySettingAndItsExampleIsValid) {
  const std::string page = configuration_markdown();
  for (const Setting& setting : settings()) EXPECT_THAT(page, HasSubstr(std::string(setting.name)));
  const auto begin = page.find("```yaml\n") + 8;
  const TemporaryFile example(page.substr(begin, page.find("```", begin) - begin));
  const Options options = accepted({"--config.file=" + example.path()});
  EXPECT_EQ(options.web.listen_address, "0.0.0.0:8255");
  EXPECT_EQ(options.sampling.interval, std::chrono::seconds(5));
  EXPECT_TRUE(options.collectors.cpu_per_cpu);
  EXPECT_EQ(options.collectors.ignored_interfaces, "^(lo$|veth)");
  EXPECT_EQ(options.labels.container, "^(app|team)$");
  EXPECT_EQ(options.log.level, "warn");
  EXPECT_TRUE(options.collectors.switches.at("numa"));
  EXPECT_FALSE(options.collectors.switches.at("hugetlb"));
}

TEST(Options, BriefTextsFitTheirColumn) {
  for (const Setting& setting : settings()) {
    EXPECT_FALSE(setting.brief.empty()) << setting.name;
    EXPECT_FALSE(setting.detail.empty()) << setting.name;
    EXPECT_THAT(std::string(setting.detail), Not(HasSubstr("\n"))) << setting.name;
  }
}

TEST(Options, OnlyTyposGetSuggestionsAndTheCostIsBounded) {
  const std::vector<std::string> names = {"log.level", "log.format", "web.listen-address"};
  EXPECT_EQ(nearest("log.levle", names), "log.level");
  EXPECT_EQ(nearest("log.formt", names), "log.format");
  EXPECT_EQ(nearest("address", names), "web.listen-address");
  EXPECT_EQ(nearest("ress", names), "") << "within a word";
  EXPECT_EQ(nearest("qqqqqqqqq", names), "");
  EXPECT_EQ(nearest("x", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest(std::string(1'000'000, 'l'), names), "");
}

TEST(Options, DurationsAreWrittenInTheLargestUnitThatFits) {
  using std::chrono::milliseconds;
  EXPECT_EQ(duration_text(milliseconds(100)), "100ms");
  EXPECT_EQ(duration_text(milliseconds(1'000)), "1s");
  EXPECT_EQ(duration_text(milliseconds(1'500)), "1500ms");
  EXPECT_EQ(duration_text(milliseconds(90'000)), "90s");
  EXPECT_EQ(duration_text(milliseconds(3'600'000)), "1h");
  EXPECT_EQ(duration_text(milliseconds(0)), "0ms");
}

}  // namespace
}  // namespace tallyman
