// A host on which an OCI runtime keeps its files, for the tests of such runtimes.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "tests/support/host_builder.h"

#include <gtest/gtest.h>

#include <string>

namespace tallyman {

inline const std::string kOciId = "1f6d3a0b5c8e7f90a1b2c3d4e5f60718293a4b5c6d7e8f901a2b3c4d5e6f7081";

// config.json of a bundle: annotations, and whether it has a network namespace.
inline std::string oci_config(const std::string& annotations, bool own_network = true) {
  return R"({"ociVersion":"1.0.2","process":{"args":["sleep"],"env":["APP_VERSION=1.2=3","=x","PATH"]},"annotations":{)" +
         annotations +
         R"(},"mounts":[{"destination":"/proc","type":"proc","source":"proc"},)"
         R"({"destination":"/data","type":"bind","source":"/srv/data","options":["rbind","ro"]}],)"
         R"("linux":{"cgroupsPath":"x","namespaces":[{"type":"pid"})" +
         (own_network ? R"(,{"type":"network","path":"/var/run/netns/cni-1"})" : "") + "]}}";
}

inline ContainerMetadata described(Runtime& runtime, const std::string& id = kOciId) {
  auto description = runtime.describe(id);
  EXPECT_TRUE(description) << to_string(description.error());
  return description ? description->metadata : ContainerMetadata{};
}

}  // namespace tallyman
