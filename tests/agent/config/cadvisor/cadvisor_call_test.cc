#include "agent/config/cadvisor/cadvisor_call.h"

#include "agent/config/cadvisor/cadvisor_flags.h"
#include "agent/config/cadvisor/migration_text.h"
#include "agent/config/settings.h"
#include "collectors/model/collector.h"
#include "collectors/model/collector_table.h"
#include "tests/support/parse_arguments.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace tallyman {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;

CadvisorCall call_of(const std::vector<std::string>& arguments, CadvisorHost host = CadvisorHost::kAtRoot) {
  auto call = own_flags(arguments, host);
  if (call) return std::move(*call);
  ADD_FAILURE() << call.error().text;
  return {};
}

std::vector<std::string> own(const std::vector<std::string>& arguments) { return texts_of(call_of(arguments).flags); }

std::string fault_of(const std::vector<std::string>& arguments) {
  const auto call = own_flags(arguments, CadvisorHost::kAtRoot);
  return call ? "accepted" : call.error().text;
}

TEST(CadvisorCall, WithoutAFlagItDoesWhatCadvisorDoes) {
  EXPECT_THAT(own({}), ElementsAre("--web.listen-address=:8080", "--web.allowed-hosts=*", "--web.cadvisor-api",
                                   "--collector.cpu.percpu", "--no-processes.bare", "--labels.container=."));
  EXPECT_THAT(texts_of(call_of({}, CadvisorHost::kAtRootfs).flags), Contains("--path.rootfs=/rootfs"));
}

TEST(CadvisorCall, ListensWhereCadvisorWould) {
  EXPECT_THAT(own({"-port=9090", "--listen_ip", "127.0.0.1"}), Contains("--web.listen-address=127.0.0.1:9090"));
  EXPECT_THAT(own({"--listen_ip=::1"}), Contains("--web.listen-address=[::1]:8080"));
  EXPECT_THAT(own({"--port=1", "--port=2"}), Contains("--web.listen-address=:2"));
  EXPECT_THAT(own({"--prometheus_endpoint=/prom", "--url_base_prefix=/cadvisor"}),
              IsSupersetOf({"--web.telemetry-path=/prom", "--web.external-prefix=/cadvisor"}));
}

TEST(CadvisorCall, DurationsAreWrittenInWholeUnits) {
  EXPECT_THAT(own({"--housekeeping_interval=1m30s"}), Contains("--sampling.interval=90s"));
  EXPECT_THAT(own({"--housekeeping_interval=1.5s"}), Contains("--sampling.interval=1500ms"));
  EXPECT_THAT(own({"--storage_duration=4h"}), Contains("--history.fine=14400s"));
  EXPECT_THAT(own({"--storage_duration=5m"}), Not(Contains(HasSubstr("history"))));
}

TEST(CadvisorCall, LabelsAreThoseThatCadvisorServes) {
  EXPECT_THAT(own({"--store_container_labels=false"}), Contains("--labels.container=^$"));
  EXPECT_THAT(own({"--store_container_labels=false", "--whitelisted_container_labels=io.x.name, team"}),
              Contains("--labels.container=^(io\\.x\\.name|team)$"));
  EXPECT_THAT(own({"--whitelisted_container_labels=team"}), Contains("--labels.container=."));
  EXPECT_THAT(own({"--env_metadata_whitelist=APP_,A.B"}), Contains("--labels.environment=^(APP_|A\\.B)"));
}

TEST(CadvisorCall, CgroupsAreThoseThatCadvisorShows) {
  const std::string rest = "--cgroups.exclude=^(pod|machine|slice|service|scope|cgroup):";
  EXPECT_THAT(own({"--docker_only"}), Contains(rest));
  EXPECT_THAT(own({"--raw_cgroup_prefix_whitelist=/a.slice,/b"}),
              IsSupersetOf({rest, std::string("--cgroups.include=^(/a\\.slice|/b)")}));
  EXPECT_THAT(own({"--docker_only=false"}), Not(Contains(rest)));
}

TEST(CadvisorCall, EnabledSetsAreOnAndAllOthersOff) {
  const auto flags = own({"--enable_metrics=cpu,memory,tcp,percpu", "--disable_metrics=cpu"});
  EXPECT_THAT(flags, IsSupersetOf({"--collector.tcp", "--collector.cpu.percpu", "--no-collector.io",
                                   "--no-collector.network", "--no-collector.process", "--no-collector.pids"}));
  EXPECT_THAT(flags, Not(Contains("--no-collector.cpu")));
  EXPECT_THAT(flags, Not(Contains(HasSubstr("collector.lifecycle"))));  // of no set
}

TEST(CadvisorCall, DisabledSetsAreOffAndAllOthersOn) {
  const auto flags = own({"--disable_metrics=percpu,disk,udp"});
  EXPECT_THAT(flags, IsSupersetOf({"--no-collector.filesystem", "--collector.tcp", "--collector.advtcp",
                                   "--collector.sched", "--collector.numa"}));
  EXPECT_THAT(flags, Not(Contains("--collector.udp")));
  EXPECT_THAT(flags, Not(Contains(HasSubstr("percpu"))));
  EXPECT_THAT(own({"--enable_metrics=", "--disable_metrics=disk"}), Contains("--no-collector.filesystem"));
}

TEST(CadvisorCall, TheLoadReaderNeedsItsSwitchAndItsSet) {
  EXPECT_THAT(own({"--enable_load_reader"}), Contains("--collector.cpuload"));
  EXPECT_THAT(own({"--enable_load_reader", "--disable_metrics=cpuLoad"}), Not(Contains("--collector.cpuload")));
  EXPECT_THAT(own({"--enable_load_reader", "--enable_metrics=cpu"}), Not(Contains("--collector.cpuload")));
}

TEST(CadvisorCall, WhatIsNotNeededIsSaidInOneLineEach) {
  const CadvisorCall call = call_of({"--docker=unix:///x.sock", "-logtostderr", "--storage_driver=influxdb,stdout",
                                     "--storage_driver_host=db:8086", "--enable_metrics=cpu,perf_event"});
  EXPECT_EQ(call.notes.size(), 5U);
  EXPECT_THAT(call.notes, IsSupersetOf({HasSubstr("--docker=unix:///x.sock: not needed: the runtimes' files are read"),
                                        HasSubstr("--storage_driver=influxdb,stdout: not needed: the agent pushes"),
                                        HasSubstr("perf_event: not there")}));
}

TEST(CadvisorCall, PasswordsStayOutOfTheLog) {
  const CadvisorCall call = call_of({"--storage_driver_password=hunter2", "--bq_secret", "hunter2"});
  EXPECT_THAT(call.notes,
              ElementsAre(StartsWith("--bq_secret: not needed"), StartsWith("--storage_driver_password: not needed")));
}

TEST(CadvisorCall, WhatCannotBeDoneIsRefused) {
  EXPECT_THAT(fault_of({"--http_auth_file=users"}), HasSubstr("--http_auth_file=users: the agent has no passwords"));
  EXPECT_THAT(fault_of({"--perf_events_config=/x.json"}), HasSubstr("perf stat --for-each-cgroup"));
  EXPECT_THAT(fault_of({"--resctrl_interval=10s"}), HasSubstr("resctrl"));
  EXPECT_EQ(fault_of({"--http_auth_file=", "--perf_events_config=", "--resctrl_interval=0", "--resctrl_interval=0s"}),
            "accepted");
}

TEST(CadvisorCall, FaultsNameTheFlagAndWhatItExpects) {
  EXPECT_EQ(fault_of({"--port=x"}), "--port=x: expects a whole number");
  EXPECT_EQ(fault_of({"--port=70000"}), "--port=70000: expects a port, 0 to 65535");
  EXPECT_EQ(fault_of({"-docker_only=yes"}), "-docker_only=yes: expects true or false");
  EXPECT_EQ(fault_of({"--housekeeping_interval=5"}),
            "--housekeeping_interval=5: expects a duration, for example 10s or 1m30s");
  EXPECT_EQ(fault_of({"--housekeepin_interval=5s"}),
            "cAdvisor has no flag --housekeepin_interval; did you mean --housekeeping_interval?");
  EXPECT_THAT(fault_of({"--storage_driver=foo"}), HasSubstr("no storage driver 'foo'; it has bigquery,"));
  EXPECT_THAT(fault_of({"--disable_metrics=cpu,foo"}), HasSubstr("cAdvisor has no metrics 'foo'; it has accelerator"));
  EXPECT_THAT(fault_of({"--event_storage_event_limit=x"}), HasSubstr("expects KIND=NUMBER"));
  EXPECT_EQ(fault_of({"--event_storage_event_limit=oom=0,default=0"}), "accepted");
}

TEST(CadvisorCall, IsToldByTheNameOrByAFlag) {
  const auto is_one = [](std::string_view program, const std::vector<std::string>& arguments) {
    return is_cadvisor_call(program, arguments);
  };
  EXPECT_TRUE(is_one("/usr/bin/cadvisor", {}));
  EXPECT_TRUE(is_one("tallyman", {"-port", "8080"}));
  EXPECT_TRUE(is_one("tallyman", {"/usr/bin/cadvisor", "-version"}));
  EXPECT_THAT(own({"/usr/bin/cadvisor", "--port=9090"}), Contains("--web.listen-address=:9090"));
  EXPECT_TRUE(is_one("tallyman", {"--log.level=debug", "--docker_only"}));
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{}, {"--version"}, {"--help"}, {"ls", "--port=1"}, {"--log.level=debug"}, {"-v"}}) {
    EXPECT_FALSE(is_one("/usr/bin/tallyman", line)) << testing::PrintToString(line);
  }
}

// The table and the code that translates it cannot part: each row of a translated flag changes the command by its
// example, which the agent accepts, and every other row changes nothing.
TEST(CadvisorFlags, EachRowDoesWhatItSays) {
  for (const CadvisorFlag& flag : cadvisor_flags()) {
    std::vector<std::string> line = {"cadvisor"};
    if (!flag.with.empty()) line.emplace_back(flag.with);
    const auto before = own(line);
    const bool translated = flag.fate == CadvisorFate::kTranslated;
    line.push_back("--" + std::string(flag.name) + "=" + std::string(translated ? flag.example : flag.standard));
    EXPECT_EQ(own(line) != before, translated) << flag.name;
    EXPECT_TRUE(is_of_type(flag.type, flag.standard)) << flag.name;
    EXPECT_EQ(flag.reason.empty() && !translated, false) << flag.name;
    EXPECT_TRUE(accepted(line).web.cadvisor_api) << flag.name;
  }
}

TEST(CadvisorFlags, AreNoneOfTheAgentsOwn) {
  for (const CadvisorFlag& flag : cadvisor_flags()) {
    EXPECT_EQ(find_setting(flag.name), nullptr) << flag.name;
    EXPECT_EQ(find_cadvisor_flag(flag.name), &flag);
  }
  EXPECT_EQ(find_cadvisor_flag("port_"), nullptr);
}

TEST(CadvisorFlags, SetsOfMetricsNameCollectorsThatThereAre) {
  for (const CadvisorMetricSet& set : cadvisor_metric_sets()) {
    const std::string names = std::string(set.collectors) + ",";
    EXPECT_NE(set.collectors.empty(), set.reason.empty()) << set.name;
    for (std::size_t at = 0; at < names.size() && names != ",";) {
      const auto end = names.find(',', at);
      EXPECT_NE(find_setting("collector." + names.substr(at, end - at)), nullptr) << set.name;
      at = end + 1;
    }
  }
}

TEST(Migration, IsACommandForAShell) {
  const std::vector<std::string> words = {"--a=1", "--labels.container=^(a|b)$", "--x=it's"};
  EXPECT_EQ(shell_command(words), "tallyman --a=1 '--labels.container=^(a|b)$' '--x=it'\\''s'");
  EXPECT_EQ(shell_command(words, 20), "tallyman --a=1 \\\n    '--labels.container=^(a|b)$' \\\n    '--x=it'\\''s'");
}

}  // namespace
}  // namespace tallyman
