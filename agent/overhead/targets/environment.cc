#include "agent/overhead/targets/environment.h"

#include "agent/overhead/targets/probe_image.h"
#include "agent/version.h"
#include "collectors/kernel/system/kernel_file.h"
#include "collectors/kernel/system/text.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <sstream>

namespace tallyman::overhead {
namespace {

std::string first_value(const std::string& text, std::string_view key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (!line.starts_with(key) || colon == line.npos) continue;
    return std::string(trimmed(std::string_view(line).substr(colon + 1)));
  }
  return {};
}

std::string whole(const std::string& path) {
  ReadBuffer buffer;
  const auto text = read_file(path, buffer);
  return text ? std::string(*text) : std::string();
}

void put(Facts& facts, const std::string& name, const std::string& value) {
  if (!value.empty()) facts[name] = value;
}

std::string sysctl(const HostRoot& root, const std::string& name) {
  ReadBuffer buffer;
  return read_line(root.sysctl_path(name), buffer);
}

// "spectre_v2: Mitigation: ...; tsa: Not affected", the unaffected left out.
std::string mitigations(const HostRoot& root) {
  const std::string directory = root.sys_path("devices/system/cpu/vulnerabilities");
  std::string text;
  ReadBuffer buffer;
  for (const std::string& name : names_in(directory)) {
    const std::string state = read_line(directory + "/" + name, buffer);
    if (state.empty() || state == "Not affected") continue;
    text += (text.empty() ? "" : "; ") + name + ": " + state;
  }
  return text;
}

void put_processor(Facts& facts, const HostRoot& root) {
  ReadBuffer buffer;
  const std::string cpuinfo = whole(root.proc_path("cpuinfo"));
  const std::string cpu = root.sys_path("devices/system/cpu/");
  put(facts, "cpu", first_value(cpuinfo, "model name"));
  put(facts, "cpus", std::to_string(sysconf(_SC_NPROCESSORS_ONLN)));
  put(facts, "cpu microcode", first_value(cpuinfo, "microcode"));
  put(facts, "cpu MHz", first_value(cpuinfo, "cpu MHz"));
  put(facts, "cpu governor", read_line(cpu + "cpu0/cpufreq/scaling_governor", buffer));
  put(facts, "cpu turbo off", read_line(cpu + "intel_pstate/no_turbo", buffer));
  put(facts, "cpu SMT", read_line(cpu + "smt/active", buffer));
  put(facts, "mitigations", mitigations(root));
}

}  // namespace

Facts machine_facts(const HostRoot& root, const CgroupMounts& mounts, const std::string& directory) {
  Facts facts;
  put_processor(facts, root);
  utsname kernel{};
  uname(&kernel);
  put(facts, "kernel", std::string(kernel.sysname) + " " + kernel.release);
  put(facts, "architecture", kernel.machine);
  ReadBuffer buffer;
  put(facts, "kernel command line", read_line(root.proc_path("cmdline"), buffer));
  put(facts, "memory", first_value(whole(root.proc_path("meminfo")), "MemTotal"));
  put(facts, "cgroups", std::string(to_string(mounts.mode())));
  put(facts, "bare processes run in cgroup", [&] {
    std::istringstream lines(whole(root.proc_path("self/cgroup")));
    std::string line;
    std::getline(lines, line);
    return line;
  }());
  put(facts, "bridge calls iptables", sysctl(root, "net/bridge/bridge-nf-call-iptables"));
  put(facts, "filesystem of the host directory", filesystem_of(root, directory));
  put(facts, "load at the start", read_line(root.proc_path("loadavg"), buffer));
  put(facts, "niceness", std::to_string(getpriority(PRIO_PROCESS, 0)));
  put(facts, "tallyman", std::string(kVersion));
  put(facts, "probe", probe_digest());
  return facts;
}

double load_average(const HostRoot& root) {
  ReadBuffer buffer;
  return std::strtod(read_line(root.proc_path("loadavg"), buffer).c_str(), nullptr);
}

// "cpu  USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL ..." in clock ticks.
std::optional<std::uint64_t> busy_ns(const HostRoot& root) {
  static const auto kTickNs = 1'000'000'000 / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  ReadBuffer buffer;
  std::istringstream words(read_line(root.proc_path("stat"), buffer));
  std::string name;
  std::uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  words >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
  if (!words || name != "cpu") return {};
  return (user + nice + system + irq + softirq + steal) * kTickNs;
}

std::string filesystem_of(const HostRoot& root, const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return {};
  const std::string device = std::to_string(major(facts.st_dev)) + ":" + std::to_string(minor(facts.st_dev));
  std::istringstream lines(whole(root.proc_path("self/mountinfo")));
  for (std::string line; std::getline(lines, line);) {  // "26 1 254:0 / / rw - ext4 /dev/vda rw"
    std::istringstream words(line);
    std::string id, parent, number, word;
    words >> id >> parent >> number;
    if (number != device) continue;
    while (words >> word && word != "-") {
    }
    std::string type, source;
    words >> type >> source;
    return type + " on " + source;
  }
  return {};
}

bool must_agree(std::string_view fact) {
  constexpr std::array kFacts = {std::string_view("cpu"), std::string_view("cpus"), std::string_view("architecture"),
                                 std::string_view("probe")};
  return std::find(kFacts.begin(), kFacts.end(), fact) != kFacts.end();
}

std::vector<std::string> differing(const Facts& before, const Facts& after) {
  static const std::set<std::string, std::less<>> kAlwaysOther = {"load at the start", "load at the end", "cpu MHz",
                                                                  "cpu MHz at the end"};
  std::set<std::string> names;
  for (const auto& [name, value] : before) names.insert(name);
  for (const auto& [name, value] : after) names.insert(name);
  std::vector<std::string> result;
  for (const std::string& name : names) {
    const auto one = before.find(name), other = after.find(name);
    const std::string was = one == before.end() ? "" : one->second, is = other == after.end() ? "" : other->second;
    if (was != is && !kAlwaysOther.contains(name)) result.push_back(name);
  }
  return result;
}

}  // namespace tallyman::overhead
