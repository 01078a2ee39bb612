// A host of files with Docker's directories, for tests of Discovery.
#pragma once

#include "collectors/discovery/discovery.h"
#include "collectors/discovery/runtimes/docker.h"
#include "tests/support/host_builder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tallyman {

inline std::string id_of(unsigned number) {
  std::string digits = std::to_string(number);
  return std::string(64 - digits.size(), 'a') + digits;
}

inline std::string config(const std::string& name, const std::string& health = "") {
  return R"({"State":{"Running":true,"Pid":42,"StartedAt":"2026-11-24T00:25:29Z","Health":)" +
         (health.empty() ? "null" : R"({"Status":")" + health + "\"}") + R"(},"Name":"/)" + name +
         R"(","Config":{"Image":"web:1","Labels":{"a":"b"},"Env":["APP_VERSION=1.2=3","PASSWORD=x","PATH"]}})";
}

inline WorkloadPtr find(const WorkloadListPtr& list, const std::string& id) {
  for (const auto& workload : *list)
    if (workload->id == id) return workload;
  return nullptr;
}

class DiscoveryTest : public testing::Test {
 protected:
  DiscoveryTest() {
    host_.dir("sys/fs/cgroup/memory/docker").dir("sys/fs/cgroup/unified/docker").dir("var/lib/docker/containers");
  }

  DiscoveryOptions options() {
    DiscoveryOptions options;
    options.tree.hierarchies = {host_.path("sys/fs/cgroup/memory"), host_.path("sys/fs/cgroup/unified")};
    options.refresh_interval = std::chrono::milliseconds(20);
    options.on_error = [this](const Error& error) {
      const std::lock_guard lock(mutex_);
      errors_.push_back(to_string(error));
    };
    options.on_warning = [this](const std::string& text) {
      const std::lock_guard lock(mutex_);
      warnings_.push_back(text);
    };
    return options;
  }
  std::vector<std::unique_ptr<Runtime>> docker() const {
    std::vector<std::unique_ptr<Runtime>> runtimes;
    runtimes.push_back(make_docker_runtime(host_.root(), ""));
    return runtimes;
  }
  std::vector<std::string> errors() {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

  std::vector<std::string> warnings() {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }

  void files(unsigned number, const std::string& text) { host_.file(config_path(number), text); }
  static std::string config_path(unsigned number) {
    return "var/lib/docker/containers/" + id_of(number) + "/config.v2.json";
  }
  void start_cgroup(unsigned number) {
    host_.dir("sys/fs/cgroup/memory/docker/" + id_of(number)).dir("sys/fs/cgroup/unified/docker/" + id_of(number));
  }
  void end_cgroup(unsigned number) {
    host_.remove("sys/fs/cgroup/memory/docker/" + id_of(number));
    host_.remove("sys/fs/cgroup/unified/docker/" + id_of(number));
  }

  HostBuilder host_;
  std::mutex mutex_;
  std::vector<std::string> errors_, warnings_;
};

}  // namespace tallyman
