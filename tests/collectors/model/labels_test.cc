#include "collectors/model/labels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace tallyman {
namespace {

LabelPolicy policy(std::string expression = "", bool workload_labels = true, std::size_t max_value_bytes = 1024) {
  auto made = LabelPolicy::make({std::move(expression), workload_labels, max_value_bytes});
  EXPECT_TRUE(made) << to_string(made.error());
  return std::move(made).value();
}

Workload container(std::map<std::string, std::string> labels = {}) {
  Workload workload;
  workload.kind = WorkloadKind::kContainer;
  workload.id = "/docker/12f5";
  workload.workload = "web";
  workload.container.name = "web";
  workload.container.image = "nginx:1.27";
  workload.container.labels = std::move(labels);
  return workload;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}

TEST(Labels, OnlyContainersHaveNameAndImage) {
  EXPECT_EQ(policy().of_workload(container()),
            R"(id="/docker/12f5",name="web",image="nginx:1.27",kind="container",workload="web")");
  const std::pair<WorkloadKind, std::string> others[] = {
      {WorkloadKind::kHost, "host"},       {WorkloadKind::kService, "service"}, {WorkloadKind::kSlice, "slice"},
      {WorkloadKind::kMachine, "machine"}, {WorkloadKind::kProcess, "process"}, {WorkloadKind::kCgroup, "cgroup"}};
  for (const auto& [kind, spelled] : others) {
    Workload workload = container({{"com.docker.compose.project", "shop"}});
    workload.kind = kind;
    EXPECT_EQ(policy(".*").of_workload(workload), R"(id="/docker/12f5",kind=")" + spelled + R"(",workload="web")");
  }
}

TEST(Labels, WorkloadLabelsCanBeLeftOff) {
  EXPECT_EQ(policy("", false).of_workload(container()), R"(id="/docker/12f5",name="web",image="nginx:1.27")");
  MachineInfo machine;
  machine.machine_id = "m";
  EXPECT_EQ(policy("", false).of_machine(machine), R"(machine_id="m")");
}

TEST(Labels, NoLabelIsEmpty) {
  Workload workload = container({{"empty", ""}});
  workload.container.name.clear();
  workload.container.image.clear();
  workload.workload.clear();
  EXPECT_EQ(policy(".*").of_workload(workload), R"(id="/docker/12f5",kind="container")");
  EXPECT_EQ(policy().of_machine({}), R"(kind="host",workload="host")");
}

TEST(Labels, TheMachineCarriesItsIds) {
  MachineInfo machine;
  machine.machine_id = "4c4c";
  machine.system_uuid = "uuid";
  machine.boot_id = "boot";
  EXPECT_EQ(policy().of_machine(machine),
            R"(machine_id="4c4c",system_uuid="uuid",boot_id="boot",kind="host",workload="host")");
}

TEST(Labels, OnlyContainerLabelsThatMatchAreTaken) {
  const Workload workload = container({{"com.docker.compose.project", "shop"},
                                       {"com.docker.compose.service", "web"},
                                       {"org.label-schema.group", "monitoring"}});
  EXPECT_EQ(policy(R"(^com\.docker\.compose\.)").of_workload(workload),
            R"(id="/docker/12f5",name="web",image="nginx:1.27",)"
            R"(container_label_com_docker_compose_project="shop",container_label_com_docker_compose_service="web",)"
            R"(kind="container",workload="web")");
}

TEST(Labels, KubernetesContainersHaveTheKubeletsLabelsToo) {
  Workload workload;
  workload.kind = WorkloadKind::kContainer;
  workload.id = "/kubepods/a";
  workload.workload = workload.container.name = "app";
  workload.container.kubernetes = {"app", "web-1", "shop", "u"};
  const std::string labels = LabelPolicy::make({"^$", true, 1024})->of_workload(workload);
  EXPECT_NE(labels.find(R"(,container="app",namespace="shop",pod="web-1",)"), std::string::npos) << labels;
  workload.container.kubernetes->container.clear();
  const std::string sandbox = LabelPolicy::make({"^$", true, 1024})->of_workload(workload);
  EXPECT_EQ(sandbox.find("container=\"\""), std::string::npos);
  EXPECT_NE(sandbox.find(R"(name="app",namespace="shop",pod="web-1",)"), std::string::npos) << sandbox;
}

TEST(Labels, OfAnImageMakeNoPodOfAContainer) {
  const Workload workload = container({{"io.kubernetes.pod.name", "payments-0"}});
  EXPECT_EQ(LabelPolicy::make({"^io", true, 1024, false})->of_workload(workload),
            R"(id="/docker/12f5",name="web",image="nginx:1.27",)"
            R"(container_label_io_kubernetes_pod_name="payments-0",kind="container",workload="web")")
      << "and they are what they are on plain Docker";
}

TEST(Labels, OfKubernetesAreNotRepeatedUnlessAskedFor) {
  Workload workload = container({{"io.kubernetes.pod.name", "web-1"}, {"tier", "front"}});
  workload.container.kubernetes = {"app", "web-1", "shop", "u"};
  const std::string short_ones = LabelPolicy::make({".", true, 1024, false})->of_workload(workload);
  EXPECT_EQ(short_ones.find("container_label_io"), std::string::npos) << short_ones;
  EXPECT_NE(short_ones.find("container_label_tier"), std::string::npos);
  const std::string all = LabelPolicy::make({".", true, 1024, true})->of_workload(workload);
  EXPECT_NE(all.find(R"(container_label_io_kubernetes_pod_name="web-1")"), std::string::npos) << all;
}

TEST(Labels, WhatAUserMadeSaysWho) {
  Workload workload = container({});
  workload.user = 1000;
  EXPECT_EQ(policy("^$").of_workload(workload).find("user="), std::string::npos) << "in a user's slice, made by root";
  workload.made_by_user = true;
  EXPECT_NE(policy("^$").of_workload(workload).find(R"(,user="1000",kind=)"), std::string::npos);
}

TEST(Labels, APodHasItsNameAndNeitherContainerNorImage) {
  Workload workload;
  workload.kind = WorkloadKind::kPod;
  workload.id = "/kubepods/podu";
  workload.workload = "web-1";
  workload.pod = {"web-1", "shop", "u", "guaranteed", false};
  EXPECT_EQ(policy(".*").of_workload(workload),
            R"(id="/kubepods/podu",namespace="shop",pod="web-1",kind="pod",workload="web-1")")
      << "container and image separate it from its containers in every sum";
  workload.pod = {"", "", "u", "guaranteed", false};
  workload.workload = "u";
  EXPECT_EQ(policy(".*").of_workload(workload), R"(id="/kubepods/podu",kind="pod",workload="u")");
}

TEST(Labels, EveryByteThatIsNoLetterDigitOrUnderscoreBecomesAnUnderscore) {
  EXPECT_EQ(label_name_of("com.docker.compose/project-2"), "com_docker_compose_project_2");
  EXPECT_EQ(label_name_of("\xC3\xA9t\xC3\xA9"), "__t__") << "byte by byte, as cAdvisor does";
  EXPECT_EQ(label_name_of("a\"b\nc"), "a_b_c");
  EXPECT_EQ(label_name_of(""), "");
  EXPECT_EQ(label_name_of("9lives"), "9lives") << "container_label_ goes before it";
}

TEST(Labels, ValuesAreEscaped) {
  Workload workload = container({{"q", "say \"hi\"\\\nbye"}});
  EXPECT_EQ(policy("q").of_workload(workload),
            R"(id="/docker/12f5",name="web",image="nginx:1.27",container_label_q="say \"hi\"\\\nbye",)"
            R"(kind="container",workload="web")");
  workload.id = "/a\"b";
  EXPECT_EQ(policy("^$").of_workload(workload).substr(0, 12), R"(id="/a\"b",n)");
}

TEST(Labels, BytesThatAreNotUtf8AreWrittenInHexadecimal) {
  const Workload workload = container({{"bad", std::string("a\xFF\xC3z\0end", 8)}});
  const std::string text = policy("bad").of_workload(workload);
  EXPECT_NE(text.find(R"(container_label_bad="a\\xff\\xc3z\\x00end")"), std::string::npos) << text;
}

TEST(Labels, LongValuesAreCutBetweenCharactersAndCounted) {
  LabelPolicy labels = policy("long", true, 1024);
  EXPECT_EQ(labels.truncated(), 0U);
  // Three bytes a character: 341 of them are 1,023 bytes, the next would not fit whole.
  const std::string text = labels.of_workload(container({{"long", repeated("\xE2\x82\xAC", 65'536 / 3)}}));
  EXPECT_EQ(labels.truncated(), 1U);
  EXPECT_NE(text.find("container_label_long=\"" + repeated("\xE2\x82\xAC", 341) + "\","), std::string::npos);
  EXPECT_EQ(text.find("\xEF\xBF\xBD"), std::string::npos) << "no half character";
  labels.of_workload(container({{"long", std::string(1'024, 'x')}}));
  EXPECT_EQ(labels.truncated(), 1U) << "exactly as long as allowed";
  labels.of_workload(container({{"long", std::string(1'025, 'x')}}));
  EXPECT_EQ(labels.truncated(), 2U);
}

TEST(Labels, AValueOfNothingButContinuationBytesIsCutToo) {
  LabelPolicy labels = policy("bytes", true, 16);
  const std::string text = labels.of_workload(container({{"bytes", std::string(65'536, '\x80')}}));
  EXPECT_NE(text.find("container_label_bytes=\"" + repeated(R"(\\x80)", 13) + "\""), std::string::npos) << text;
}

TEST(Labels, NameImageWorkloadAndIdAreCut) {
  LabelPolicy labels = policy("", true, 16);
  Workload workload = container();
  workload.id = "/" + std::string(3'000, 'i');
  workload.workload = workload.container.name = workload.container.image = std::string(65'536, 'n');
  const std::string text = labels.of_workload(workload), n(16, 'n');
  EXPECT_EQ(text.substr(0, 8), "id=\"/ii~") << text;
  EXPECT_EQ(text.substr(20), R"(",name=")" + n + R"(",image=")" + n + R"(",kind="container",workload=")" + n + '"');
  EXPECT_EQ(labels.truncated(), 4U);
}

TEST(Labels, IdsThatAreCutStayDifferent) {
  LabelPolicy labels = policy("", false, 64);
  Workload first = container(), second = container();
  first.id = "/" + std::string(3'000, 'i') + "/a";
  second.id = "/" + std::string(3'000, 'i') + "/b";
  EXPECT_NE(labels.of_workload(first), labels.of_workload(second));
  EXPECT_EQ(labels.of_workload(first), labels.of_workload(first));
  second.id = std::string("/fr\xfe");
  first.id = std::string("/fr\xff");
  EXPECT_NE(labels.of_workload(first), labels.of_workload(second));
  first.id = "/" + repeated("\xff", 60);  // four times as long once it is written
  EXPECT_LE(labels.of_workload(first).find("\",name="), 4U + 2 * 64);
}

TEST(Labels, AllContainerLabelsTogetherHaveABound) {
  std::map<std::string, std::string> many;
  for (int i = 0; i < 60; ++i) many["k" + std::to_string(i)] = std::string(100, 'v');
  LabelPolicy labels = policy("k", false, 100);
  const std::string text = labels.of_workload(container(many));
  EXPECT_LE(text.size(), 600U);
  EXPECT_NE(text.find("container_label_k0"), std::string::npos);
  EXPECT_EQ(labels.truncated(), 57U);
}

TEST(Labels, VariablesHaveTheirNamesInSmallLettersAndABoundOfTheirOwn) {
  Workload workload = container({{"team", "a"}});
  workload.container.environment = {{"APP_Version", "1.2"}, {"app.Zone", "eu"}};
  LabelPolicy labels = policy("^team$", false);
  EXPECT_EQ(labels.of_workload(workload), R"(id="/docker/12f5",name="web",image="nginx:1.27",)"
                                          R"(container_label_team="a",)"
                                          R"(container_env_app_version="1.2",container_env_app_zone="eu")");
  for (int i = 0; i < 60; ++i) workload.container.environment["k" + std::to_string(i)] = std::string(100, 'v');
  EXPECT_LE(policy("", false, 100).of_workload(workload).size(), 600U);
}

TEST(Labels, OfNamesThatCollideTheFirstInByteOrderStays) {
  LabelPolicy labels = policy("app");
  const Workload workload = container({{"app_name", "third"}, {"app.name", "second"}, {"app-name", "first"}});
  const std::string text = labels.of_workload(workload);
  EXPECT_EQ(text, R"(id="/docker/12f5",name="web",image="nginx:1.27",container_label_app_name="first",)"
                  R"(kind="container",workload="web")");
  EXPECT_EQ(labels.collisions(), 2U);
  EXPECT_EQ(labels.of_workload(workload), text);
  EXPECT_EQ(labels.collisions(), 4U) << "over all calls";
}

TEST(Labels, AnExpressionThatIsNoneIsAnErrorInTheUsersWords) {
  const auto made = LabelPolicy::make({"com[", true, 1024});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::kMalformed);
  EXPECT_EQ(made.error().where, "labels.container: missing ]: [");
}

TEST(Labels, AnEndlessExpressionOnALongKeyIsNoTrap) {
  // (a*)*b needs exponential time in a backtracking engine.
  LabelPolicy labels = policy("(a*)*b");
  const Workload workload = container({{std::string(250, 'a'), "v"}});
  EXPECT_EQ(labels.of_workload(workload).find("container_label"), std::string::npos);
}

TEST(Labels, AGenerousExpressionIsBounded) {
  std::map<std::string, std::string> many;
  for (int i = 0; i < 1'000; ++i) {
    many["k" + std::to_string(i)] = "v";
  }
  many[std::string(300, 'k')] = "a name that is too long";
  LabelPolicy labels = policy(".*");
  const std::string text = labels.of_workload(container(std::move(many)));
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find("container_label_", at)) != std::string::npos; ++at) {
    ++found;
  }
  EXPECT_EQ(found, 64U);
  EXPECT_EQ(labels.collisions(), 936U) << "what is left out is counted";
  EXPECT_EQ(text.find("kkk"), std::string::npos);
}

}  // namespace
}  // namespace tallyman
