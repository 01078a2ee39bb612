#include "collectors/discovery/names.h"
#include "collectors/discovery/discovery.h"

#include <gtest/gtest.h>

#include <ostream>
#include <set>

namespace tallyman {
namespace {

struct Case {
  const char* path;
  WorkloadKind kind;
  const char* name;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.path; }

class NameByPath : public testing::TestWithParam<Case> {};

TEST_P(NameByPath, GivesKindAndName) {
  Workload workload;
  workload.id = GetParam().path;
  name_by_path(workload);
  EXPECT_EQ(to_string(workload.kind), to_string(GetParam().kind));
  EXPECT_EQ(workload.workload, GetParam().name);
}

constexpr auto kUid = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
constexpr auto kStaticUid = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

INSTANTIATE_TEST_SUITE_P(
    Paths, NameByPath,
    testing::Values(
        Case{"/", WorkloadKind::kHost, "host"}, Case{"/system.slice", WorkloadKind::kSlice, "system.slice"},
        Case{"/system.slice/nginx.service", WorkloadKind::kService, "nginx.service"},
        Case{"/system.slice/system-getty.slice/getty@tty1.service", WorkloadKind::kService, "getty@tty1.service"},
        Case{"/system.slice/my\\x2dapp.service", WorkloadKind::kService, "my\\x2dapp.service"},
        Case{"/user.slice/user-1000.slice/user@1000.service/app.slice", WorkloadKind::kSlice, "app.slice"},
        Case{"/user.slice/user-1000.slice/session-3.scope", WorkloadKind::kScope, "session-3.scope"},
        Case{"/init.scope", WorkloadKind::kScope, "init.scope"},
        Case{"/machine.slice/machine-debian.scope", WorkloadKind::kMachine, "debian"},
        Case{"/machine.slice/machine-qemu\\x2d1\\x2dmy\\x2dvm.scope", WorkloadKind::kMachine, "qemu-1-my-vm"},
        Case{"/machine.slice/machine-a\\x00b\\xzzc\\x2.scope", WorkloadKind::kMachine, "a\\x00b\\xzzc\\x2"},
        Case{"/machine.slice/machine-.scope", WorkloadKind::kScope, "machine-.scope"},
        Case{"/system.slice/machine-debian.scope", WorkloadKind::kScope, "machine-debian.scope"},
        Case{"/machine.slice", WorkloadKind::kSlice, "machine.slice"},
        Case{"/kubepods", WorkloadKind::kCgroup, "/kubepods"},
        Case{"/kubepods/burstable", WorkloadKind::kCgroup, "/kubepods/burstable"},
        Case{"/kubepods.slice", WorkloadKind::kSlice, "kubepods.slice"},
        Case{"/kubepods/pod0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", WorkloadKind::kPod, kUid},
        Case{"/kubepods/burstable/pod0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", WorkloadKind::kPod, kUid},
        Case{"/kubepods/besteffort/pod0f1e2d3c4b5a69788796a5b4c3d2e1f0", WorkloadKind::kPod, kStaticUid},
        Case{"/kubelet/kubepods/burstable/pod0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", WorkloadKind::kPod, kUid},
        Case{"/kubepods.slice/kubepods-pod0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0.slice", WorkloadKind::kPod, kUid},
        Case{"/kubepods.slice/kubepods-burstable.slice/"
             "kubepods-burstable-pod0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0.slice",
             WorkloadKind::kPod, kUid},
        Case{"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
             "kubelet-kubepods-besteffort-pod0f1e2d3c4b5a69788796a5b4c3d2e1f0.slice",
             WorkloadKind::kPod, kStaticUid},
        Case{"/kubepods.slice/kubepods-podnothing.slice", WorkloadKind::kSlice, "kubepods-podnothing.slice"},
        Case{"/kubepods/podium", WorkloadKind::kCgroup, "/kubepods/podium"},
        Case{"/other/pod0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", WorkloadKind::kCgroup,
             "/other/pod0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"},
        Case{"/system.slice/pod-tools.slice", WorkloadKind::kSlice, "pod-tools.slice"},
        Case{"/ecs/e95a40efbde84cbc8600660a109ec194", WorkloadKind::kPod, "e95a40efbde84cbc8600660a109ec194"},
        Case{"/machine.slice/"
             "machine-libpod_pod_1f6d3a0b5c8e7f90a1b2c3d4e5f60718293a4b5c6d7e8f901a2b3c4d5e6f7081.slice",
             WorkloadKind::kPod, "1f6d3a0b5c8e"},
        Case{"/libpod_parent/1f6d3a0b5c8e7f90a1b2c3d4e5f60718293a4b5c6d7e8f901a2b3c4d5e6f7081", WorkloadKind::kPod,
             "1f6d3a0b5c8e"},
        Case{"/docker", WorkloadKind::kCgroup, "/docker"},
        Case{"/system.slice/dbus.socket", WorkloadKind::kCgroup, "/system.slice/dbus.socket"},
        Case{"/.service", WorkloadKind::kCgroup, "/.service"}, Case{"/.slice", WorkloadKind::kCgroup, "/.slice"},
        Case{"/a/b.service/c", WorkloadKind::kCgroup, "/a/b.service/c"}));

TEST(WorkloadNames, WhatIsInAUsersSliceIsThatUsers) {
  Workload workload;
  workload.id = "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-a.scope";
  name_by_path(workload);
  EXPECT_EQ(workload.user, 1000U);
  workload.id = "/system.slice/cron.service";
  name_by_path(workload);
  EXPECT_FALSE(workload.user);
}

TEST(WorkloadNames, EveryKindAndHealthHasItsOwnName) {
  std::set<std::string_view> kinds;
  for (int k = 0; k <= static_cast<int>(WorkloadKind::kCgroup); ++k)
    kinds.insert(to_string(static_cast<WorkloadKind>(k)));
  EXPECT_EQ(kinds.size(), 9U);
  EXPECT_EQ(to_string(WorkloadKind::kContainer), "container");
  EXPECT_EQ(to_string(Health::kNone), "none");
  EXPECT_EQ(to_string(Health::kStarting), "starting");
  EXPECT_EQ(to_string(Health::kHealthy), "healthy");
  EXPECT_EQ(to_string(Health::kUnhealthy), "unhealthy");
}

}  // namespace
}  // namespace tallyman
