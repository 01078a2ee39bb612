// Docker's recorded files, and a host with a container of them.
#pragma once

#include "collectors/discovery/runtimes/docker_metadata.h"
#include "tests/support/host_builder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace tallyman::docker_fixture {

inline const std::string kId = "7bfa097f30188a696ba214f3488055b773965e43baacc3f5546a5b2563a9652a";
inline const std::string kOtherId(64, 'e');

inline std::string fixture(const std::string& name) {
  const std::string path = std::string(TALLYMAN_TEST_DATA) + "/fixtures/docker/" + name;
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

inline HostBuilder& container(HostBuilder& host, const std::string& recorded, const std::string& id = kId,
                              const std::string& data_root = "var/lib/docker") {
  const std::string directory = data_root + "/containers/" + id;
  return host.file(directory + "/config.v2.json", fixture(recorded + "/config.v2.json"))
      .file(directory + "/hostconfig.json", fixture(recorded + "/hostconfig.json"));
}

inline ContainerMetadata recorded(const std::string& name) {
  ContainerMetadata metadata;
  EXPECT_TRUE(parse_docker_config(fixture("20.10.24/" + name + "/config.v2.json"), metadata));
  EXPECT_TRUE(parse_docker_host_config(fixture("20.10.24/" + name + "/hostconfig.json"), metadata));
  return metadata;
}

}  // namespace tallyman::docker_fixture
