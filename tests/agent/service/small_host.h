// A hybrid host with two Docker containers, "web" and "db", for tests of the whole
// agent. The values are those of tests/support/cgroup_trees.h.
#pragma once

#include "agent/config/options.h"
#include "tests/support/cgroup_trees.h"
#include "tests/support/host_builder.h"

#include <string>

namespace tallyman {

class SmallHost {
 public:
  inline static const std::string kWeb = std::string(63, 'a') + '1';
  inline static const std::string kDb = std::string(63, 'b') + '2';

  SmallHost() {
    mount_hybrid(host);
    add_container(kWeb, "web");
    add_container(kDb, "db");
  }

  static std::string cgroup_of(const std::string& id) { return "/docker/" + id; }

  void add_container(const std::string& id, const std::string& name) {
    host.file("var/lib/docker/containers/" + id + "/config.v2.json",
              R"({"State":{"Running":true,"Pid":9838,"StartedAt":"2026-11-24T00:25:29Z"},"Name":"/)" + name +
                  R"(","Config":{"Image":"farm/)" + name + R"(:1","Labels":{}}})");
    add_cgroup(id);
  }

  // One of a container whose files are not to be found.
  void add_cgroup(const std::string& id) { record_hybrid_container(host, cgroup_of(id)); }

  Options options() const {
    Options options;
    options.root = host.root();
    options.sampling.interval = std::chrono::milliseconds(100);
    options.list.source = "host";  // an agent may run where the tests do
    return options;
  }

  HostBuilder host;
};

}  // namespace tallyman
