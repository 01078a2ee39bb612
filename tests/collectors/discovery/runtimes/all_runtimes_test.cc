#include "collectors/discovery/runtimes/all_runtimes.h"

#include "tests/support/host_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tallyman {
namespace {

const std::string kId(64, 'a');

struct Row {
  std::string path;
  std::string_view first;  // that matches and is certain
};

const std::vector<Row> kRows = {
    {"/docker/" + kId, "docker"},
    {"/system.slice/docker-" + kId + ".scope", "docker"},
    {"/machine.slice/libpod-" + kId + ".scope", "podman"},
    {"/system.slice/crio-" + kId + ".scope", "crio"},
    {"/docker/buildkit/wy4hbqzlqk2mxd31g8xmlgt0q", "buildkit"},
    {"/lxc/web", "lxc"},
    {"/lxc.payload.web", "lxc"},
    {"/mesos/53fa5e8c-9a7b-4f0a-8d3e-0b1c2d3e4f50", "mesos"},
    {R"(/machine.slice/machine-rkt\x2d5bc080ca\x2d4b8e.scope)", "rkt"},
    {R"(/machine.slice/machine-qemu\x2d1\x2dwin.scope)", "libvirt"},
    {"/machine.slice/machine-box.scope", "machined"},
    {"/system.slice/cri-containerd-" + kId + ".scope", "containerd"},
    {"/system.slice/cron.service", "systemd"},
};

TEST(AllRuntimes, AskTheOneThatAloneMakesSuchAPathFirst) {
  HostBuilder host;
  const auto all = all_runtimes({host.root(), "", ""});
  std::set<std::string_view> asked;
  for (const auto& [path, first] : kRows) {
    const auto found = std::find_if(all.begin(), all.end(), [&path = path](const auto& runtime) {
      const auto match = runtime->match(path);
      return match && match->certain;
    });
    ASSERT_NE(found, all.end()) << path;
    EXPECT_EQ((*found)->name(), first) << path;
    asked.insert((*found)->name());
  }
  EXPECT_EQ(asked.size(), all.size()) << "each has a row above, and a name of its own";
}

// Where a path is a unit and a container's too, the container's runtime must be asked before.
TEST(AllRuntimes, AskSystemdLast) {
  HostBuilder host;
  EXPECT_EQ(all_runtimes({host.root(), "", ""}).back()->name(), "systemd");
}

TEST(AllRuntimes, TakeTheirDirectoriesFromTheOptions) {
  HostBuilder host;
  const auto all = all_runtimes({host.root(), "/data/docker", "/data/containerd"});
  std::set<std::string> sources;
  for (const auto& runtime : all) {
    // Looked for once, so that what was given is known.
    EXPECT_EQ(runtime->describe(kId).has_value(),
              runtime->metadata_source().path.empty() || runtime->name() == "machined")
        << runtime->name();
    sources.insert(runtime->metadata_source().path);
  }
  EXPECT_TRUE(sources.contains("/data/docker/containers"));
  EXPECT_TRUE(sources.contains("/data/containerd/io.containerd.runtime.v2.task"));
}

}  // namespace
}  // namespace tallyman
