// Where the probe runs: a target is one running probe in the options of a
// mode, waiting for orders. One file a family of runtimes. One thread.
#pragma once

#include "agent/overhead/model/plan.h"
#include "agent/overhead/targets/child.h"
#include "agent/overhead/targets/cleanup_log.h"
#include "agent/overhead/targets/environment.h"
#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/system/host_root.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tallyman::overhead {

// What all targets of a run share.
struct Session {
  Interrupt& interrupt;
  CleanupLog& cleanup_log;
  HostRoot root;
  CgroupMounts hierarchy;
  std::string run;                          // its name, part of the name of all that is made
  std::string work;                         // its directory for files, an absolute path
  std::chrono::milliseconds limit{60'000};  // of one answer of a runtime
  Clock::time_point deadline{};             // nothing begins after it; none by default
  std::string docker_host{}, docker_options{};
  std::uint64_t file_bytes = 0;  // of the file that each target writes

  bool time_is_over() const { return deadline != Clock::time_point() && Clock::now() >= deadline; }
  // How long an answer may take now: `limit`, but never beyond the deadline.
  std::chrono::milliseconds timeout() const;
};

struct Target {
  explicit Target(Child running) : child(std::move(running)) {}
  Child child;
  double start_ns = 0;                             // from the request to the first instruction of main
  std::string cgroup;                              // "" where it has none of its own
  std::string address;                             // where its servers are reached from the host; "" if they are not
  unsigned published_port = 0;                     // not 0: reached by this port of the host
  std::map<std::string, std::string> directories;  // host, layer, bind mount, volume, overlay: as the probe names them
  std::string lower;                               // where the files to copy up are
  std::vector<Made> made;                          // to be undone with it
};
inline constexpr unsigned kServerPort = 7000;  // inside a target with a network of its own

class TargetFactory {
 public:
  virtual ~TargetFactory() = default;
  // Once, before the first target: is it there, does it answer; makes images and
  // directories. Facts of it, or why it cannot run here.
  virtual Result<Facts> prepare() = 0;
  // `name` is the mode's name in the report.
  virtual Result<Target> start(const Mode& mode, const std::string& name, unsigned round) = 0;
};

std::unique_ptr<TargetFactory> make_own_targets(Session& session);
std::unique_ptr<TargetFactory> make_docker_targets(Session& session);
std::unique_ptr<TargetFactory> make_podman_targets(Session& session);
std::unique_ptr<TargetFactory> make_lxc_targets(Session& session);
std::unique_ptr<TargetFactory> make_nspawn_targets(Session& session);
std::unique_ptr<TargetFactory> make_targets(Runtime runtime, Session& session);

// Starts the probe by this command and waits for its first line.
Result<Target> start_probe(const std::vector<std::string>& command, const SpawnOptions& options, Session& session);
// Ends the probe and undoes what was made for it. What could not be undone.
std::vector<std::string> end_target(Target& target, Session& session);

// "docker", and -H where the user has named a daemon.
std::vector<std::string> docker_tool(const Session& session);
std::string image_of(const Session& session);  // of this run, in Docker and in Podman

// Failure says how much is free, and how much is needed. A directory that cannot be seen is no failure.
Result<void> enough_space(const std::string& directory, std::uint64_t bytes);

Result<void> make_directory(const std::string& path);
// A blank is the only separator; there is no shell and no quoting.
std::vector<std::string> words_of(std::string_view text);

}  // namespace tallyman::overhead
