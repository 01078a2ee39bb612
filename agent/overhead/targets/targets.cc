#include "agent/overhead/targets/targets.h"

#include "agent/overhead/targets/targets_docker.h"
#include "agent/overhead/targets/targets_own.h"
#include "agent/overhead/targets/targets_rootfs.h"

#include "agent/overhead/targets/probe_client.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace tallyman::overhead {

std::chrono::milliseconds Session::timeout() const {
  if (deadline == Clock::time_point()) return limit;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return std::clamp(left, std::chrono::milliseconds(1), limit);
}

Result<Target> start_probe(const std::vector<std::string>& command, const SpawnOptions& options, Session& session) {
  const auto requested = Clock::now();
  auto child = Child::spawn(command, options);
  if (!child) return child.error();
  Target target(std::move(*child));
  const auto first = target.child.read_line(Clock::now() + session.timeout(), session.interrupt);
  if (!first) return first.error();
  const auto ready = field_of(*first, "ready");
  if (!ready) return ready.error();
  const auto request_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(requested.time_since_epoch()).count();
  target.start_ns = *ready - static_cast<double>(request_ns);
  return target;
}

std::vector<std::string> end_target(Target& target, Session& session) {
  std::vector<std::string> faults;
  target.child.end(std::chrono::seconds(5));
  for (auto made = target.made.rbegin(); made != target.made.rend(); ++made) {
    const auto undone = session.cleanup_log.undo(made->kind, made->name);
    if (!undone) faults.push_back(undone.error().text);
  }
  target.made.clear();
  return faults;
}

std::unique_ptr<TargetFactory> make_targets(Runtime runtime, Session& session) {
  switch (runtime) {
    case Runtime::kOwn:
      return make_own_targets(session);
    case Runtime::kDocker:
      return make_docker_targets(session);
    case Runtime::kPodman:
      return make_podman_targets(session);
    case Runtime::kLxc:
      return make_lxc_targets(session);
    case Runtime::kNspawn:
      return make_nspawn_targets(session);
  }
  return nullptr;
}

std::vector<std::string> docker_tool(const Session& session) {
  if (session.docker_host.empty()) return {"docker"};
  return {"docker", "-H", session.docker_host};
}

std::string image_of(const Session& session) { return "tallyman-overhead-" + session.run; }

Result<void> make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return failure(path + ": " + error.message());
  return {};
}

Result<void> enough_space(const std::string& directory, std::uint64_t bytes) {
  struct statvfs space {};
  if (statvfs(directory.c_str(), &space) != 0) return {};
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  if (free >= bytes) return {};
  return failure(directory + " has " + std::to_string(free >> 20) + " MiB free, " + std::to_string(bytes >> 20) +
                 " MiB are needed: free some space, or choose another directory (--output)");
}

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

}  // namespace tallyman::overhead
