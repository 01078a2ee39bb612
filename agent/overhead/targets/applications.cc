#include "agent/overhead/targets/applications.h"

#include "collectors/kernel/system/kernel_file.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace tallyman::overhead {
namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kPageBytes = 4096;
constexpr std::string_view kNginx = "nginx";

// Debian keeps the server programs of PostgreSQL off PATH, in one directory per version.
std::string postgresql_program(const std::string& name) {
  if (std::string on_path = find_program(name); !on_path.empty()) return on_path;
  const std::string base = "/usr/lib/postgresql";
  const auto versions = names_in(base);
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    std::string found = find_program(base + "/" + *version + "/bin/" + name);
    if (!found.empty()) return found;
  }
  return {};
}

// PostgreSQL refuses to run as root, so it always runs as this user.
const Words& as_postgres() {
  static const Words kWords = {"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=TERM"};
  return kWords;
}

bool answers(const std::string& address, unsigned port) {
  const FileDescriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  return connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
}

Result<unsigned> free_port() {
  const FileDescriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  if (bind(fd.get(), address, size) != 0 || getsockname(fd.get(), address, &size) != 0) {
    return failure_from_errno("a free port of 127.0.0.1");
  }
  return ntohs(at.sin_port);
}

Result<void> write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) return failure_from_errno(path);
  return {};
}

// The number after `name`, in "Requests/sec:  1234.5" and "tps = 1234.5 (...)".
Result<double> rate_in(const std::string& text, std::string_view name) {
  const auto at = text.find(name);
  const double rate = at == text.npos ? 0 : std::strtod(text.c_str() + at + name.size(), nullptr);
  if (rate <= 0) return failure("no rate in what the load generator printed");
  return rate;
}

// nginx creates all of them, and its built-in paths do not exist in a container.
std::string temporary_paths(const std::string& directory) {
  std::string text;
  for (const char* of : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text += std::string(of) + "_temp_path " + directory + "/" + of + "; ";
  }
  return text;
}

}  // namespace

struct Applications::Served {
  explicit Served(Child running) : child(std::move(running)) {}
  Child child;
  std::string container;  // "" for a bare server
  std::string address = "127.0.0.1";
  unsigned port = 0;
  bool postgresql = false;  // PostgreSQL listens before it accepts clients
};

Applications::Applications(Session& session, std::chrono::milliseconds duration)
    : session_(session), seconds_(std::max<std::int64_t>(1, duration.count() / 200)) {}

std::map<std::string, std::string> Applications::prepare(const std::vector<const Workload*>& chosen) {
  std::map<std::string, std::string> refusals;
  for (const Workload* workload : chosen) {
    if (workload->kind != Kind::kApplication) continue;
    const auto ready = workload->name == kNginx ? prepare_nginx() : prepare_postgresql();
    if (!ready) refusals.emplace(workload->name, ready.error().text);
  }
  return refusals;
}

Result<void> Applications::prepare_nginx() {
  for (const char* program : {"nginx", "wrk"}) {
    if (find_program(program).empty()) return failure(std::string(program) + " is not installed");
  }
  if (auto made = make_directory(directory() + "/logs"); !made) return made;
  return write_text(directory() + "/page", std::string(kPageBytes, 'x'));
}

Result<void> Applications::prepare_postgresql() {
  for (const char* program : {"initdb", "postgres", "pgbench"}) {
    if (postgresql_program(program).empty()) return failure(std::string(program) + " is not installed");
  }
  const passwd* user = getpwnam("postgres");
  if (user == nullptr || geteuid() != 0) return failure("needs root, and the user postgres");
  if (auto made = make_directory(data()); !made) return made;
  if (chown(data().c_str(), user->pw_uid, user->pw_gid) != 0) return failure_from_errno(data());
  Words initdb = as_postgres();
  initdb.insert(initdb.end(), {postgresql_program("initdb"), "-D", data(), "-A", "trust", "-N", "-U", "postgres"});
  if (const auto made = call(initdb); !made) return made.error();
  auto access = write_text(data() + "/pg_hba.conf", "host all all all trust\n");
  if (!access) return access;
  auto served = serve({"postgresql", Kind::kApplication, {}, {}, {}}, modes().front(), "prepare");
  if (!served) return served.error();
  const Words filled = {postgresql_program("pgbench"), "-i", "-q",       "-s",      "2", "-h", served->address, "-p",
                        std::to_string(served->port),  "-U", "postgres", "postgres"};
  const auto done = call(filled);
  stop(*served);
  if (!done) return done.error();
  return {};
}

Result<std::string> Applications::call(const Words& command) {
  return run_program(command, session_.timeout(), session_.interrupt);
}

Words Applications::command_of(const Workload& workload, const std::string& listen, unsigned port) const {
  if (workload.name == kNginx) {
    return {find_program("nginx"), "-p", directory(), "-c", directory() + "/nginx.conf", "-g", "daemon off;"};
  }
  Words words = as_postgres();
  words.front() = find_program("setpriv");
  words.insert(words.end(), {postgresql_program("postgres"), "-D", data(), "-h", listen, "-p", std::to_string(port),
                             "-k", "", "-c", "logging_collector=off"});
  return words;
}

// Paths in the container are the same as on the host.
Words Applications::contained(const Mode& mode, const std::string& container, const Words& command) const {
  Words words = docker_tool(session_);
  words.insert(words.end(),
               {"run", "-i", "--rm", "--pull=never", "--init=false", "--name=" + container,
                "--label=tallyman.overhead=" + session_.run, "-v", "/usr:/usr:ro", "-v", "/etc/passwd:/etc/passwd:ro",
                "-v", "/etc/group:/etc/group:ro", "-v", directory() + ":" + directory()});
  const Words options = words_of(mode.options);
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(image_of(session_));
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

Result<Applications::Served> Applications::serve(const Workload& workload, const Mode& mode, const std::string& name) {
  const bool in_docker = mode.runtime == Runtime::kDocker, bridged = in_docker && mode.options.empty();
  const auto free = free_port();
  if (!free) return free.error();
  const unsigned port = *free;
  const std::string listen = bridged ? "0.0.0.0" : "127.0.0.1";
  if (workload.name == kNginx) {
    const auto written =
        write_text(directory() + "/nginx.conf", "master_process off;\nerror_log stderr error;\npid " + directory() +
                                                    "/nginx.pid;\nevents {}\nhttp { access_log off; " +
                                                    temporary_paths(directory() + "/logs") + "server { listen " +
                                                    listen + ":" + std::to_string(port) +
                                                    "; keepalive_requests 1000000; root " + directory() + "; } }\n");
    if (!written) return written.error();
  }
  Words command = command_of(workload, listen, port);
  std::string container;
  if (in_docker) {
    container = image_of(session_) + "-" + std::string(workload.name) + "-" + name;
    const auto noted = session_.cleanup_log.about_to_make({"container", container, docker_tool(session_)});
    if (!noted) return noted.error();
    command = contained(mode, container, command);
  }
  auto child = Child::spawn(command);
  if (!child) return child.error();
  Served served(std::move(*child));
  served.container = container;
  served.port = port;
  served.postgresql = workload.name != kNginx;
  const auto up = wait_for(served, bridged);
  if (up) return served;
  stop(served);
  return up.error();
}

Result<void> Applications::wait_for(Served& served, bool bridged) {
  const auto deadline = Clock::now() + session_.timeout();
  bool addressed = !bridged;
  while (Clock::now() < deadline) {
    if (session_.interrupt.raised()) return interrupted();
    if (!addressed) {
      Words inspect = docker_tool(session_);
      inspect.insert(inspect.end(), {"inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}",
                                     served.container});
      const auto output = call(inspect);
      const Words words = output ? words_of(*output) : Words();
      addressed = !words.empty() && words.front() != "invalid";
      if (addressed) served.address = words.front();
    }
    if (addressed && answers(served.address, served.port)) {
      const Words probe = {postgresql_program("pg_isready"), "-q", "-h", served.address, "-p",
                           std::to_string(served.port)};
      if (!served.postgresql || call(probe)) return {};
    }
    // Waits 20 ms for an error message, if the server has ended.
    const auto line = served.child.read_line(Clock::now() + std::chrono::milliseconds(20), session_.interrupt);
    if (!line && line.error().kind != FailureKind::kTimeout) return line.error();
  }
  return failure("did not answer within " + seconds_text(session_.limit), FailureKind::kTimeout);
}

void Applications::stop(Served& served) {
  if (!served.container.empty()) session_.cleanup_log.undo("container", served.container);
  served.child.terminate();
  served.child.end(std::chrono::seconds(10));
}

Result<Sample> Applications::measure(const Workload& workload, const Mode& mode, const std::string& name) {
  auto served = serve(workload, mode, name);
  if (!served) return served.error();
  // A very busy machine may not answer any request within a second.
  auto seconds = seconds_;
  auto rate = rate_within(seconds, workload, *served);
  if (!rate && !rate.error().interrupted()) rate = rate_within(seconds *= 5, workload, *served);
  stop(*served);
  if (!rate) return rate.error();
  Sample sample;
  sample.wall_ns = 1e9 / *rate;
  sample.operations = static_cast<std::uint64_t>(*rate * static_cast<double>(seconds));
  return sample;
}

Result<double> Applications::rate_within(std::int64_t time, const Workload& workload, const Served& served) {
  const std::string port = std::to_string(served.port), seconds = std::to_string(time);
  const bool nginx = workload.name == kNginx;
  const auto text =
      nginx ? call({"wrk", "-t1", "-c16", "-d" + seconds + "s", "http://" + served.address + ":" + port + "/page"})
            : call({postgresql_program("pgbench"), "-S", "-n", "-c", "4", "-j", "1", "-T", seconds, "-h",
                    served.address, "-p", port, "-U", "postgres", "postgres"});
  if (!text) return text.error();
  if (nginx && text->find("Non-2xx") != text->npos) return failure("nginx answered with errors");
  return rate_in(*text, nginx ? "Requests/sec:" : "tps = ");
}

}  // namespace tallyman::overhead
