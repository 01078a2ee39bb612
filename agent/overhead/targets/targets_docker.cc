// Docker and Podman, through their command lines. So any user who may run them can
// measure them, and API versions do not matter. Containers have the label
// tallyman.overhead=RUN.
#include "agent/overhead/targets/targets_docker.h"

#include "agent/overhead/targets/cgroups.h"
#include "agent/overhead/targets/probe_image.h"

#include <sys/resource.h>
#include <unistd.h>
#include <boost/json.hpp>

#include <algorithm>
#include <fstream>

namespace tallyman::overhead {
namespace {

using Words = std::vector<std::string>;

class ImageTargets : public TargetFactory {
 public:
  ImageTargets(Session& session, Words tool) : session_(session), tool_(std::move(tool)) {}

 protected:
  Result<std::string> call(const Words& words) {
    Words command = tool_;
    command.insert(command.end(), words.begin(), words.end());
    return run_program(command, session_.timeout(), session_.interrupt);
  }

  Result<void> import_image() {
    const std::string tar = session_.work + "/image.tar";
    std::ofstream file(tar, std::ios::binary);
    file << image_tar() << std::flush;
    if (!file) return failure_from_errno(tar);
    if (const auto noted = session_.cleanup_log.about_to_make({"image", image(), tool_}); !noted) return noted.error();
    const auto imported = call({"import", tar, image()});
    unlink(tar.c_str());
    if (!imported) return imported.error();
    return {};
  }

  std::string image() const { return image_of(session_); }
  std::string label() const { return "tallyman.overhead=" + session_.run; }

  // Runs the probe with these options of `run`.
  Result<Target> run_container(const std::string& name, const Words& options, Words more) {
    const std::string container = image() + "-" + name;
    const Made made{"container", container, tool_};
    if (const auto noted = session_.cleanup_log.about_to_make(made); !noted) return noted.error();
    Words command = tool_;
    for (const std::string& word : {std::string("run"), std::string("-i"), std::string("--rm"),
                                    std::string("--pull=never"), "--name=" + container, "--label=" + label()}) {
      command.push_back(word);
    }
    command.insert(command.end(), more.begin(), more.end());
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {image(), "/probe", "serve"});
    auto target = start_probe(command, {}, session_);
    if (!target) {
      session_.cleanup_log.undo(made.kind, made.name);
      return target.error();
    }
    target->made.push_back(made);
    target->directories["layer"] = "/work";
    target->lower = "/lower";
    return target;
  }

  Session& session_;

 private:
  Words tool_;
};

std::string text_in(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(boost::json::string_view(name.data(), name.size()));
  if (value == nullptr) return {};
  return value->is_string() ? std::string(value->as_string()) : boost::json::serialize(*value);
}

class DockerTargets final : public ImageTargets {
 public:
  explicit DockerTargets(Session& session) : ImageTargets(session, docker_tool(session)) {}

  Result<Facts> prepare() override {
    auto facts = ask_daemon();
    if (!facts) return facts.error();
    if (const auto imported = import_image(); !imported) return imported.error();
    if (const auto made = make_directory(bind_directory()); !made) return made.error();
    const Made volume{"volume", image() + "-volume", docker_tool(session_)};
    if (const auto noted = session_.cleanup_log.about_to_make(volume); !noted) return noted.error();
    const auto created = call({"volume", "create", "--label=" + label(), volume.name});
    if (!created) return created.error();
    return facts;
  }

  Result<Target> start(const Mode& mode, const std::string& name, unsigned round) override {
    Words more;
    if (mode.mounts) more = {"-v", image() + "-volume:/volume", "-v", bind_directory() + ":/bind"};
    if (mode.publishes) more = {"-p", "127.0.0.1::" + std::to_string(kServerPort)};
    if (mode.users) more = words_of(session_.docker_options);
    auto target = run_container(name + "-" + std::to_string(round), words_of(mode.options), more);
    if (!target) return target;
    target->directories["volume"] = "/volume";
    target->directories["bind mount"] = "/bind";
    if (const auto found = find_out(mode, *target); !found) {
      end_target(*target, session_);
      return found.error();
    }
    return target;
  }

 private:
  std::string bind_directory() const { return session_.work + "/bind"; }

  Result<Facts> ask_daemon() {
    const auto text = call({"info", "--format", "{{json .}}"});
    if (!text) return text.error();
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(*text, error);
    if (error || !value.is_object()) return failure("docker info: not JSON");
    const boost::json::object& info = value.as_object();
    const std::string version = text_in(info, "ServerVersion");
    if (version.empty()) {
      const auto why = call({"version", "--format", "{{.Server.Version}}"});
      return failure(why ? "docker info: no server" : why.error().text);
    }
    Facts facts{{"docker", version},
                {"docker storage driver", text_in(info, "Driver")},
                {"docker cgroup driver", text_in(info, "CgroupDriver")},
                {"docker security", text_in(info, "SecurityOptions")},
                {"docker runtime", text_in(info, "DefaultRuntime")},
                {"docker log driver", text_in(info, "LoggingDriver")}};
    const std::string data = text_in(info, "DockerRootDir");
    if (const auto enough = enough_space(data, 3 * session_.file_bytes + (128 << 20)); !enough) return enough.error();
    const std::string on = filesystem_of(session_.root, data);
    if (!on.empty()) facts["filesystem of docker's data"] = on;
    if (!session_.docker_options.empty()) facts["docker options"] = session_.docker_options;
    return facts;
  }

  // Finds its process and its address.
  Result<void> find_out(const Mode& mode, Target& target) {
    const std::string& container = target.made.back().name;
    const auto output = call(
        {"inspect", "--format", "{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", container});
    if (!output) return output.error();
    const Words words = words_of(*output);
    if (!words.empty()) target.cgroup = cgroup_of_process(session_.root, session_.mounts, std::atoi(words[0].c_str()));
    const bool has_address = words.size() > 1 && words[1] != "invalid";
    target.address = has_address ? words[1] : mode.name == "docker-host" ? "127.0.0.1" : "";
    if (!mode.publishes) return {};
    const auto port = call({"port", container, std::to_string(kServerPort) + "/tcp"});  // "127.0.0.1:32768"
    if (!port) return port.error();
    target.address = "127.0.0.1";
    target.published_port = static_cast<unsigned>(std::atoi(port->substr(port->rfind(':') + 1).c_str()));
    return {};
  }
};

// Podman requests limits that a process without CAP_SYS_RESOURCE may not set, and it has
// already lowered some of its own. So low limits are set, which suffice for the probe.
std::string small_limit(const std::string& name, __rlimit_resource which) {
  rlimit limit{};
  getrlimit(which, &limit);
  const std::string enough = std::to_string(std::min<rlim_t>(limit.rlim_max, 1'024));
  return "--ulimit=" + name + "=" + enough + ":" + enough;
}

class PodmanTargets final : public ImageTargets {
 public:
  // Without systemd, cgroups must be managed directly, and crun requires pure v2.
  static Words tool_of(const Session& session) {
    Words tool{"podman"};
    if (access(session.root.root_path("run/systemd/system").c_str(), F_OK) != 0) {
      tool.emplace_back("--cgroup-manager=cgroupfs");
    }
    if (session.mounts.mode() != CgroupMode::kV2 && !find_program("runc").empty()) {
      tool.insert(tool.end(), {"--runtime", find_program("runc")});
    }
    return tool;
  }
  explicit PodmanTargets(Session& session) : ImageTargets(session, tool_of(session)) {}

  Result<Facts> prepare() override {
    const auto version = call({"version", "--format", "{{.Client.Version}}"});
    if (!version) return version.error();
    const auto driver = call({"info", "--format", "{{.Store.GraphDriverName}}"});
    if (!driver) return driver.error();
    if (const auto imported = import_image(); !imported) return imported.error();
    return Facts{{"podman", *version}, {"podman storage driver", *driver}};
  }

  Result<Target> start(const Mode&, const std::string& name, unsigned round) override {
    return run_container(name + "-" + std::to_string(round), {},
                         {"--network=none", small_limit("nofile", RLIMIT_NOFILE), small_limit("nproc", RLIMIT_NPROC)});
  }
};

}  // namespace

std::unique_ptr<TargetFactory> make_docker_targets(Session& session) {
  return std::make_unique<DockerTargets>(session);
}
std::unique_ptr<TargetFactory> make_podman_targets(Session& session) {
  return std::make_unique<PodmanTargets>(session);
}

}  // namespace tallyman::overhead
