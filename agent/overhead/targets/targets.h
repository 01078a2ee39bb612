// Where the probe runs. A target is one running probe in the environment of a mode,
// waiting for orders. Each family of runtimes has its own file. One thread.
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

// State that all targets of a run share.
struct Session {
  Interrupt& interrupt;
  CleanupLog& cleanup_log;
  HostRoot root;
  CgroupMounts mounts;
  std::string run;                          // its name, which is part of the names of everything created
  std::string work;                         // its directory for files, an absolute path
  std::chrono::milliseconds limit{60'000};  // for one answer of a runtime
  Clock::time_point deadline{};             // nothing starts after it; none by default
  std::string docker_host{}, docker_options{};
  std::uint64_t file_bytes = 0;  // size of the file that each target writes

  bool time_is_over() const { return deadline != Clock::time_point() && Clock::now() >= deadline; }
  // The current timeout of an answer: `limit`, but not beyond the deadline.
  std::chrono::milliseconds timeout() const;
};

struct Target {
  explicit Target(Child running) : child(std::move(running)) {}
  Child child;
  double start_ns = 0;                             // from the request to the first instruction of main
  std::string cgroup;                              // "" if it has no cgroup of its own
  std::string address;                             // address of its servers for the host; "" if unreachable
  unsigned published_port = 0;                     // if not 0, the servers are reached by this port of the host
  std::map<std::string, std::string> directories;  // host, layer, bind mount, volume, overlay: as the probe names them
  std::string lower;                               // directory of the files to copy up
  std::vector<Made> made;                          // created for it, to be undone with it
};
inline constexpr unsigned kServerPort = 7000;  // in a target with its own network

class TargetFactory {
 public:
  virtual ~TargetFactory() = default;
  // Called once, before the first target. Checks the runtime, and creates images and
  // directories. Returns facts about it, or why it cannot run here.
  virtual Result<Facts> prepare() = 0;
  // `name` is the mode's name in the report.
  virtual Result<Target> start(const Mode& mode, const std::string& name, unsigned round) = 0;
};

std::unique_ptr<TargetFactory> make_targets(Runtime runtime, Session& session);

// Starts the probe with this command and waits for its first line.
Result<Target> start_probe(const std::vector<std::string>& command, const SpawnOptions& options, Session& session);
// Ends the probe and undoes what was created for it. Returns what could not be undone.
std::vector<std::string> end_target(Target& target, Session& session);

// "docker", with -H if the user has named a daemon.
std::vector<std::string> docker_tool(const Session& session);
std::string image_of(const Session& session);  // of this run, in Docker and in Podman

// A failure names the free and the needed space. An unreadable directory is not a failure.
Result<void> enough_space(const std::string& directory, std::uint64_t bytes);

Result<void> make_directory(const std::string& path);
// Splits at spaces only; no shell and no quoting.
std::vector<std::string> words_of(std::string_view text);

}  // namespace tallyman::overhead
