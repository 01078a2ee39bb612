// LXC and systemd-nspawn: a root directory on the host's own filesystem.
#include "agent/overhead/targets/targets_rootfs.h"

#include "agent/overhead/targets/probe_image.h"

#include <fstream>

namespace tallyman::overhead {
namespace {

Result<void> make_root(const std::string& root) {
  for (const char* directory : {"/proc", "/sys", "/dev", "/etc", "/tmp", "/usr", "/run", "/var", "/work"}) {
    if (const auto made = make_directory(root + directory); !made) return made.error();
  }
  std::ofstream release(root + "/etc/os-release");  // systemd-nspawn requires the file
  release << "ID=tallyman-overhead\n" << std::flush;
  if (!release) return failure_from_errno(root + "/etc/os-release");
  return write_probe(root + "/probe");
}

class LxcTargets final : public TargetFactory {
 public:
  explicit LxcTargets(Session& session) : session_(session) {}

  Result<Facts> prepare() override {
    const auto version = run_program({"lxc-start", "--version"}, session_.timeout(), session_.interrupt);
    if (!version) return version.error();
    if (const auto made = make_root(directory() + "/rootfs"); !made) return made.error();
    std::ofstream config(directory() + "/config");
    config << "lxc.rootfs.path = dir:" << directory() << "/rootfs\n"
           << "lxc.net.0.type = empty\nlxc.console.path = none\nlxc.mount.auto = proc sys\n"
           << std::flush;
    if (!config) return failure_from_errno(directory() + "/config");
    return Facts{{"lxc", *version}};
  }

  Result<Target> start(const Mode&, const std::string& name, unsigned round) override {
    const std::string container = "tallyman-overhead-" + session_.run + "-" + name + "-" + std::to_string(round);
    const Made made{"lxc", container, {"lxc-stop", "-P", directory()}};
    if (const auto noted = session_.cleanup_log.about_to_make(made); !noted) return noted.error();
    auto target = start_probe({"lxc-start", "-F", "-n", container, "-P", directory(), "-f", directory() + "/config",
                               "-o", directory() + "/log", "--", "/probe", "serve"},
                              {}, session_);
    if (!target) {
      session_.cleanup_log.undo(made.kind, made.name);
      return target.error();
    }
    target->made.push_back(made);
    target->cgroup = "/lxc.payload." + container;
    return target;
  }

 private:
  std::string directory() const { return session_.work + "/lxc"; }
  Session& session_;
};

class NspawnTargets final : public TargetFactory {
 public:
  explicit NspawnTargets(Session& session) : session_(session) {}

  Result<Facts> prepare() override {
    const auto version = run_program({"systemd-nspawn", "--version"}, session_.timeout(), session_.interrupt);
    if (!version) return version.error();
    if (const auto made = make_root(directory()); !made) return made.error();
    return Facts{{"nspawn", version->substr(0, version->find('\n'))}};
  }

  Result<Target> start(const Mode&, const std::string& name, unsigned round) override {
    const std::string machine = "tallyman-overhead-" + name + "-" + std::to_string(round);
    return start_probe({"systemd-nspawn", "-q", "--register=no", "--keep-unit", "--private-network", "--console=pipe",
                        "-D", directory(), "-M", machine, "/probe", "serve"},
                       {}, session_);
  }

 private:
  std::string directory() const { return session_.work + "/nspawn"; }
  Session& session_;
};

}  // namespace

std::unique_ptr<TargetFactory> make_lxc_targets(Session& session) { return std::make_unique<LxcTargets>(session); }
std::unique_ptr<TargetFactory> make_nspawn_targets(Session& session) {
  return std::make_unique<NspawnTargets>(session);
}

}  // namespace tallyman::overhead
