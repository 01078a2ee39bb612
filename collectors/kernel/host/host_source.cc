#include "collectors/kernel/host/host_source.h"

#include "collectors/kernel/formats/cgroup_text.h"
#include "collectors/kernel/formats/proc_text.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kMaxDimms = 1024;

// PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" of os-release(5).
std::string pretty_name(std::string_view text) {
  constexpr std::string_view kKey = "PRETTY_NAME=";
  std::size_t at = text.starts_with(kKey) ? 0 : text.find("\nPRETTY_NAME=");
  if (at == std::string_view::npos) {
    return {};
  }
  at = text.find('=', at) + 1;
  std::string value(text.substr(at, text.find('\n', at) - at));
  const bool quoted =
      value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

// Partitions repeat the counters of their disk, loop and ram devices those of their file or memory.
bool is_virtual(const std::string& device) {
  return device.starts_with("loop") || device.starts_with("ram") || device.starts_with("zram");
}

bool is_numbered(std::string_view name, std::string_view what) {
  return name.starts_with(what) && name.size() > what.size() &&
         name.find_first_not_of("0123456789", what.size()) == std::string_view::npos;
}

// "nvme0n1" of its path "nvme0c1n1"; empty for other names.
std::string head_of_path(std::string_view path) {
  const std::size_t controller = path.find('c'), space = path.rfind('n');
  if (controller == std::string_view::npos || space < controller) {
    return {};
  }
  return std::string(path.substr(0, controller)).append(path.substr(space));
}

void add(DiskStats& sum, const DiskStats& one) {
  for (const auto field :
       {&DiskStats::reads, &DiskStats::reads_merged, &DiskStats::sectors_read, &DiskStats::read_msec,
        &DiskStats::writes, &DiskStats::writes_merged, &DiskStats::sectors_written, &DiskStats::write_msec,
        &DiskStats::in_flight, &DiskStats::io_msec, &DiskStats::weighted_io_msec}) {
    sum.*field += one.*field;
  }
}

std::uint64_t number_in(const std::string& text) { return formats::parse_number(text + '\n').value_or(0); }

}  // namespace

HostSource::HostSource(HostRoot root) : root_(std::move(root)), layers_(root_) {}

ReadReport HostSource::read(bool slow) {
  ReadReport report;
  const auto read_rows = [&](const std::string& path, auto parse) {
    const Result<std::string_view> text = read_file(path, buffer_);
    if (!text) {
      if (text.error().kind != ErrorKind::kUnsupported) {
        report.note(text.error().kind, to_string(text.error()));
      }
    } else if (parse(*text) != 0) {
      report.note(ErrorKind::kMalformed, path + ": not as the kernel documents it");
    }
  };
  stats_.memory = MemInfo{};
  read_rows(root_.proc_path("meminfo"),
            [&](std::string_view text) { return formats::parse_meminfo(text, stats_.memory); });
  stats_.disks.clear();
  read_rows(root_.proc_path("diskstats"),
            [&](std::string_view text) { return formats::parse_diskstats(text, stats_.disks); });
  if (slow || !machine_read_) {
    stats_.load_average.reset();
    read_rows(root_.proc_path("loadavg"), [&](std::string_view text) {
      stats_.load_average = formats::parse_loadavg(text);
      return stats_.load_average ? 0U : 1U;
    });
    read_machine();
    layers_.read();
    stats_.block_devices = layers_.devices();
    machine_read_ = true;
  }
  take_over_hidden_paths();
  keep_whole_disks();
  return report;
}

void HostSource::keep_whole_disks() {
  std::erase_if(stats_.disks, [&](const DiskStats& disk) {
    return is_virtual(disk.device) || layers_.is_partition(disk.device) || layers_.is_hidden(disk.device);
  });
}

// Before Linux 6.0 the kernel counts on an NVMe namespace's paths alone, later on both.
void HostSource::take_over_hidden_paths() {
  for (DiskStats& disk : stats_.disks) {
    if (disk.reads != 0 || disk.writes != 0 || !disk.device.starts_with("nvme") || layers_.is_hidden(disk.device)) {
      continue;
    }
    for (const DiskStats& path : stats_.disks) {
      if (layers_.is_hidden(path.device) && head_of_path(path.device) == disk.device) {
        add(disk, path);
      }
    }
  }
}

void HostSource::read_machine() {
  MachineInfo& machine = stats_.machine;
  machine.machine_id = read_line(root_.root_path("etc/machine-id"), buffer_);
  machine.system_uuid = read_line(root_.sys_path("class/dmi/id/product_uuid"), buffer_);
  machine.boot_id = read_line(root_.sysctl_path("kernel/random/boot_id"), buffer_);
  machine.hostname = read_line(root_.root_path("etc/hostname"), buffer_);
  if (machine.hostname.empty()) {
    // In a container this is the container's own: the kernel shows each process its own
    // namespace.
    machine.hostname = read_line(root_.sysctl_path("kernel/hostname"), buffer_);
  }
  machine.kernel_version = read_line(root_.sysctl_path("kernel/osrelease"), buffer_);
  machine.os_version.clear();
  for (const char* path : {"etc/os-release", "usr/lib/os-release"}) {
    if (const auto text = read_file(root_.root_path(path), buffer_); text) {
      machine.os_version = pretty_name(*text);
      break;
    }
  }
  machine.boot_time_seconds.reset();
  if (const auto text = read_file(root_.proc_path("stat"), buffer_); text) {
    machine.boot_time_seconds = formats::parse_boot_time(*text);
  }
  read_cpus();
  read_dimms();
}

void HostSource::read_cpus() {
  MachineInfo& machine = stats_.machine;
  const std::string online = read_line(root_.sys_path("devices/system/cpu/online"), buffer_);
  machine.online_cpus = formats::parse_cpu_list(online + '\n');
  machine.cpu_cores = static_cast<unsigned>(std::count(machine.online_cpus.begin(), machine.online_cpus.end(), true));
  if (const auto text = read_file(root_.proc_path("cpuinfo"), buffer_); text) {
    const formats::CpuTopology topology = formats::parse_cpuinfo(*text);
    machine.sockets = topology.sockets;
    machine.physical_cores = topology.physical_cores;
  }
  if (machine.physical_cores == 0) {
    read_topology();  // ARM's cpuinfo has none
  }
}

// Documentation/admin-guide/cputopology.rst. A CPU that is off has no topology.
void HostSource::read_topology() {
  std::set<std::string> sockets;
  std::set<std::pair<std::string, std::string>> cores;
  const std::string top = root_.sys_path("devices/system/cpu");
  for (const std::string& cpu : names_in(top)) {
    const std::string topology = top + '/' + cpu + "/topology";
    if (!is_numbered(cpu, "cpu") || !is_there(topology)) {
      continue;
    }
    std::string socket = read_line(topology + "/physical_package_id", buffer_);
    std::string core = read_line(topology + "/core_id", buffer_);
    if (socket.empty() || core.empty()) {
      return;  // a number without one of the processors would be wrong
    }
    // Cores of one number in two clusters are two. Before Linux 5.16 all are in cluster "".
    core += '/' + read_line(topology + "/cluster_id", buffer_);
    cores.emplace(socket, std::move(core));
    sockets.insert(std::move(socket));
  }
  stats_.machine.sockets = static_cast<unsigned>(sockets.size());
  stats_.machine.physical_cores = static_cast<unsigned>(cores.size());
}

// Documentation/admin-guide/ras.rst: one directory per module, if the memory controller reports them.
void HostSource::read_dimms() {
  std::vector<DimmStats>& dimms = stats_.machine.dimms;
  dimms.clear();
  std::size_t seen = 0;
  const std::string top = root_.sys_path("devices/system/edac/mc");
  for (const std::string& controller : names_in(top)) {
    if (!is_numbered(controller, "mc")) {
      continue;
    }
    for (const std::string& name : names_in(top + '/' + controller)) {
      if (!is_numbered(name, "dimm") || ++seen > kMaxDimms) {
        continue;
      }
      const std::string module = top + '/' + controller + '/' + name;
      const std::string type = read_line(module + "/dimm_mem_type", buffer_);
      const std::uint64_t mebibytes = number_in(read_line(module + "/size", buffer_));
      if (type.empty() || mebibytes == 0) {
        continue;
      }
      auto it = std::find_if(dimms.begin(), dimms.end(), [&](const DimmStats& d) { return d.type == type; });
      if (it == dimms.end()) {
        it = dimms.insert(dimms.end(), DimmStats{type, 0, 0});
      }
      ++it->count;
      it->bytes += mebibytes * 1024 * 1024;
    }
  }
}

}  // namespace tallyman
