// Processes started by the laboratory's own launcher: bare, or with the parts of
// a container one by one.
#include "agent/overhead/targets/cgroups.h"
#include "agent/overhead/targets/probe_image.h"
#include "agent/overhead/targets/targets.h"

namespace tallyman::overhead {
namespace {

class OwnPlaces final : public PlaceMaker {
 public:
  explicit OwnPlaces(Session& session) : session_(session) {}

  Attempt<Facts> prepare() override {
    for (const std::string& lower : {lower_of_bare(), lower_of_overlay()}) {
      if (const auto made = make_directory(lower); !made) return made.error();
      if (const auto made = write_lower_files(lower); !made) return made.error();
    }
    if (const auto made = write_probe(probe()); !made) return made.error();
    return Facts{};
  }

  Attempt<Place> start(const Mode& mode, const std::string& name, unsigned round) override {
    Surroundings around;
    around.namespaces = mode.namespaces;
    std::map<std::string, std::string> directories;
    if (mode.overlay) {
      const auto overlay = make_overlay(name, round);
      if (!overlay) return overlay.error();
      around.overlay = *overlay;
      directories["overlay"] = overlay->merged;
    } else {
      directories["host"] = session_.work + "/host-" + name;
      if (const auto made = make_directory(directories["host"]); !made) return made.error();
    }
    std::vector<Made> made;
    auto place = with_cgroup(mode, name + "-" + std::to_string(round), around, made);
    if (!place) {
      for (const Made& one : made) session_.journal.undo(one.kind, one.name);
      return place.error();
    }
    place->made = std::move(made);
    place->directories = std::move(directories);
    place->lower = mode.overlay ? place->directories["overlay"] : lower_of_bare();
    if (!mode.namespaces) place->address = "127.0.0.1";
    return place;
  }

 private:
  std::string probe() const { return session_.work + "/probe"; }
  std::string lower_of_bare() const { return session_.work + "/lower"; }
  std::string lower_of_overlay() const { return session_.work + "/lower-of-overlay"; }

  // The cgroup is made after the request, as a runtime makes it.
  Attempt<Place> with_cgroup(const Mode& mode, const std::string& name, Surroundings around, std::vector<Made>& made) {
    const auto requested = Clock::now();
    const std::string cgroup = "/tallyman-overhead-" + session_.run + "-" + name;
    if (mode.cgroup) {
      for (const std::string& directory : cgroup_directories(session_.hierarchy, cgroup)) {
        made.push_back({"cgroup", directory, {}});
        if (const auto noted = session_.journal.about_to_make(made.back()); !noted) return noted.error();
        const auto procs = make_cgroup(directory);
        if (!procs) return procs.error();
        around.cgroup_procs.push_back(*procs);
      }
    }
    const std::chrono::duration<double, std::nano> making = Clock::now() - requested;
    auto place = start_probe({probe(), "serve"}, around, session_);
    if (!place) return place.error();
    if (mode.cgroup) {
      place->start_ns += making.count();
      place->cgroup = cgroup;
    }
    return place;
  }

  // An upper layer of its own for each place, so that nothing has been copied up yet.
  Attempt<OverlayMount> make_overlay(const std::string& name, unsigned round) const {
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

std::unique_ptr<PlaceMaker> make_own_places(Session& session) { return std::make_unique<OwnPlaces>(session); }

}  // namespace tallyman::overhead
