// Processes started by our own launcher (launch.h): bare, or with the parts of a
// container one by one.
#include "agent/overhead/targets/targets_own.h"

#include "agent/overhead/targets/cgroups.h"
#include "agent/overhead/targets/probe_image.h"

namespace tallyman::overhead {
namespace {

class OwnTargets final : public TargetFactory {
 public:
  explicit OwnTargets(Session& session) : session_(session) {}

  Result<Facts> prepare() override {
    for (const std::string& lower : {lower_of_bare(), lower_of_overlay()}) {
      if (const auto made = make_directory(lower); !made) return made.error();
      if (const auto made = write_lower_files(lower); !made) return made.error();
    }
    if (const auto made = write_probe(probe()); !made) return made.error();
    return Facts{};
  }

  Result<Target> start(const Mode& mode, const std::string& name, unsigned round) override {
    SpawnOptions options;
    options.namespaces = mode.namespaces;
    std::map<std::string, std::string> directories;
    if (mode.overlay) {
      const auto overlay = make_overlay(name, round);
      if (!overlay) return overlay.error();
      options.overlay = *overlay;
      directories["overlay"] = overlay->merged;
    } else {
      directories["host"] = session_.work + "/host-" + name;
      if (const auto made = make_directory(directories["host"]); !made) return made.error();
    }
    std::vector<Made> made;
    auto target = with_cgroup(mode, name + "-" + std::to_string(round), options, made);
    if (!target) {
      for (const Made& one : made) session_.cleanup_log.undo(one.kind, one.name);
      return target.error();
    }
    target->made = std::move(made);
    target->directories = std::move(directories);
    target->lower = mode.overlay ? target->directories["overlay"] : lower_of_bare();
    if (!mode.namespaces) target->address = "127.0.0.1";
    return target;
  }

 private:
  std::string probe() const { return session_.work + "/probe"; }
  std::string lower_of_bare() const { return session_.work + "/lower"; }
  std::string lower_of_overlay() const { return session_.work + "/lower-of-overlay"; }

  // The cgroup is created after the request, as a runtime does.
  Result<Target> with_cgroup(const Mode& mode, const std::string& name, SpawnOptions options, std::vector<Made>& made) {
    const auto requested = Clock::now();
    const std::string cgroup = "/tallyman-overhead-" + session_.run + "-" + name;
    if (mode.cgroup) {
      for (const std::string& directory : cgroup_directories(session_.mounts, cgroup)) {
        made.push_back({"cgroup", directory, {}});
        if (const auto noted = session_.cleanup_log.about_to_make(made.back()); !noted) return noted.error();
        const auto procs = make_cgroup(directory);
        if (!procs) return procs.error();
        options.cgroup_procs.push_back(*procs);
      }
    }
    const std::chrono::duration<double, std::nano> making = Clock::now() - requested;
    auto target = start_probe({probe(), "serve"}, options, session_);
    if (!target) return target.error();
    if (mode.cgroup) {
      target->start_ns += making.count();
      target->cgroup = cgroup;
    }
    return target;
  }

  // Each target has its own upper layer, so that nothing has been copied up yet.
  Result<OverlayMount> make_overlay(const std::string& name, unsigned round) const {
    const std::string base = session_.work + "/overlay-" + name + "-" + std::to_string(round);
    OverlayMount overlay{lower_of_overlay(), base + "/upper", base + "/work", base + "/merged"};
    for (const std::string& directory : {overlay.upper, overlay.work, overlay.merged}) {
      if (const auto made = make_directory(directory); !made) return made.error();
    }
    return overlay;
  }

  Session& session_;
};

}  // namespace

std::unique_ptr<TargetFactory> make_own_targets(Session& session) { return std::make_unique<OwnTargets>(session); }

}  // namespace tallyman::overhead
