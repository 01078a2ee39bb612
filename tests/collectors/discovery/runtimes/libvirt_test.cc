// Paths of libvirt's docs/cgroups.rst; XML as virDomainObjFormat of libvirt 9 writes
// it (src/conf/domain_conf.c), cut down to what is around what is read.
#include "collectors/discovery/runtimes/libvirt.h"
#include "collectors/discovery/runtimes/libvirt_domain.h"
#include "tests/support/host_builder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tallyman {
namespace {

std::string qemu_xml(const std::string& name, int id) {
  return "<!--\nWARNING: THIS IS AN AUTO-GENERATED FILE.\n-->\n<domstatus state='running' reason='booted' pid='4242'>\n"
         "  <taint flag='host-cpu'/>\n  <monitor path='/var/lib/libvirt/qemu/m.sock' type='unix'/>\n"
         "  <domain type='kvm' id='" +
         std::to_string(id) + "'>\n    <name>" + name +
         "</name>\n    <uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>\n    <title>A &amp; B</title>\n"
         "    <memory unit='KiB'>219200</memory>\n  </domain>\n</domstatus>\n";
}

const std::string kLxcXml =
    "<domstatus state='running' reason='booted' pid='700'>\n  <init pid='701'/>\n  <domain type='lxc' id='11111'>\n"
    "    <name>container1</name>\n    <uuid>1</uuid>\n  </domain>\n</domstatus>\n";

TEST(LibvirtMatch, KnowsThePathsOfItsAges) {
  HostBuilder host;
  const auto runtime = make_libvirt_runtime(host.root());
  const std::pair<const char*, const char*> cases[] = {
      {"/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope", "qemu/1-vm1"},
      {"/machine.slice/machine-qemu\\x2d12\\x2dmy\\x2dvm.scope", "qemu/12-my-vm"},
      {"/machine.slice/machine-engineering.slice/machine-engineering-testing.slice/"
       "machine-lxc\\x2d11111\\x2dcontainer1.scope",
       "lxc/11111-container1"},
      {"/machine/qemu-1-vm1.libvirt-qemu", "qemu/1-vm1"},
      {"/machine/engineering.partition/testing.partition/lxc-11111-container1.libvirt-lxc", "lxc/11111-container1"},
      {"/machine/instance-000065d7.libvirt-qemu", "qemu/instance-000065d7"},
      {"/system/libvirtd.service/libvirt/qemu/vm1", "qemu/vm1"},
      {"/libvirt/lxc/container1", "lxc/container1"}};
  for (const auto& [path, id] : cases) {
    const auto match = runtime->match(path);
    ASSERT_TRUE(match) << path;
    EXPECT_EQ(match->container_id, id);
    EXPECT_TRUE(match->certain);
    EXPECT_EQ(match->kind, WorkloadKind::kMachine);
  }
}

TEST(LibvirtMatch, LeavesEverythingElseAlone) {
  HostBuilder host;
  const auto runtime = make_libvirt_runtime(host.root());
  for (const char* path :
       {"/", "/machine", "/machine.slice", "/machine.slice/machine-debian.scope",
        "/machine.slice/machine-qemu\\x2dweb.scope", "/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope/libvirt",
        "/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope/libvirt/emulator", "/machine/engineering.partition",
        "/machine/qemu-1-vm1.libvirt-qemu/vcpu0", "/libvirt/qemu/vm1/emulator", "/libvirt/qemu",
        "/machine.slice/machine-qemu\\x2d1\\x2d..\\x2f..\\x2fetc.scope", "/machine.slice/.scope",
        "/machine.slice/machine-.scope"}) {
    EXPECT_FALSE(runtime->match(path)) << path;
  }
}

TEST(Libvirt, NamesAVirtualMachine) {
  HostBuilder host;
  host.file("run/libvirt/qemu/vm1.xml", qemu_xml("vm1", 1)).file("run/libvirt/qemu/vm1.pid", "4242\n");
  const auto runtime = make_libvirt_runtime(host.root());
  const auto description = runtime->describe("qemu/1-vm1");
  ASSERT_TRUE(description);
  EXPECT_FALSE(description->incomplete);
  EXPECT_EQ(description->metadata.name, "vm1");
  EXPECT_EQ(description->metadata.init_pid, 4242U);
  EXPECT_TRUE(description->metadata.started_nsec);
  EXPECT_EQ(description->metadata.labels.at("libvirt.uuid"), "c7a5fdbd-edaf-9455-926a-d65c16db1809");
  EXPECT_EQ(description->metadata.labels.at("libvirt.title"), "A & B");
  const std::uint64_t before = runtime->revision("qemu/1-vm1");
  host.file("run/libvirt/qemu/vm1.xml", qemu_xml("vm1", 1) + "\n");
  EXPECT_NE(runtime->revision("qemu/1-vm1"), before);
}

TEST(Libvirt, FindsByItsNumberWhatTheScopeSpellsOtherwise) {
  HostBuilder host;
  const std::string name(90, 'n');
  host.file("run/libvirt/qemu/" + name + "_a.xml", qemu_xml(name + "_a", 7))
      .file("run/libvirt/qemu/other.xml", qemu_xml("other", 8))
      .file("run/libvirt/qemu/broken.xml", "<domstatus")
      .file("run/libvirt/qemu/autostart/x.txt", "");
  ASSERT_EQ(symlink("circle.xml", host.path("run/libvirt/qemu/circle.xml").c_str()), 0);
  const auto runtime = make_libvirt_runtime(host.root());
  EXPECT_EQ(runtime->describe("qemu/7-" + name.substr(0, 50))->metadata.name, name + "_a");
}

TEST(Libvirt, TakesNoEarlierRunOfTheSameName) {
  HostBuilder host;
  host.file("run/libvirt/qemu/vm1.xml", qemu_xml("vm1", 2));
  const auto description = make_libvirt_runtime(host.root())->describe("qemu/1-vm1");
  ASSERT_TRUE(description);
  EXPECT_EQ(description->metadata.name, "vm1");
  EXPECT_FALSE(description->metadata.init_pid);
}

TEST(Libvirt, TakesTheContainersInitAndNotItsController) {
  HostBuilder host;
  host.file("run/libvirt/lxc/container1.xml", kLxcXml).file("run/libvirt/lxc/container1.pid", "700\n");
  const auto runtime = make_libvirt_runtime(host.root());
  EXPECT_EQ(runtime->describe("lxc/11111-container1")->metadata.init_pid, 701U);
  EXPECT_EQ(runtime->describe("lxc/container1")->metadata.name, "container1") << "the legacy paths have no number";
}

TEST(Libvirt, IsNamedByThePathWhereItsFilesAreNot) {
  HostBuilder host;
  const auto runtime = make_libvirt_runtime(host.root());
  EXPECT_NE(runtime->revision("qemu/1-vm1"), 0U);
  EXPECT_EQ(runtime->describe("qemu/1-vm1")->metadata.name, "vm1");
  EXPECT_FALSE(runtime->describe("qemu/1-vm1")->incomplete);
}

TEST(Libvirt, NamesTheFileThatIsHalfWritten) {
  HostBuilder host;
  host.file("run/libvirt/qemu/vm1.xml", qemu_xml("vm1", 1).substr(0, 200))
      .file("run/libvirt/qemu/vm2.xml", qemu_xml("vm2", 2));
  const auto runtime = make_libvirt_runtime(host.root());
  const auto description = runtime->describe("qemu/1-vm1");
  ASSERT_TRUE(description);
  EXPECT_EQ(description->metadata.name, "vm1");
  ASSERT_TRUE(description->incomplete);
  EXPECT_EQ(to_string(*description->incomplete), "/run/libvirt/qemu/vm1.xml: malformed");
  EXPECT_FALSE(runtime->describe("qemu/2-vm2")->incomplete) << "nothing else is lost";
}

TEST(LibvirtDomain, OfAMillionNestedElementsIsRefusedOrReadAndNeverACrash) {
  std::string deep = "<domain>";
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_FALSE(parse_libvirt_domain(deep));
  EXPECT_FALSE(parse_libvirt_domain(""));
  EXPECT_FALSE(parse_libvirt_domain("{}"));
  EXPECT_FALSE(parse_libvirt_domain("<network/>"));
  const auto entities = parse_libvirt_domain(
      "<!DOCTYPE d [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><domain id='-3'><name>&b;</name></domain>");
  ASSERT_TRUE(entities);
  EXPECT_EQ(entities->name, "&b;") << "entities of the file's own are not expanded";
  EXPECT_FALSE(entities->id);
}

}  // namespace
}  // namespace tallyman
