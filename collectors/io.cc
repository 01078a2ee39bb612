#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector.h"
#include "collectors/model/process_facts.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <string>

namespace tallyman {
namespace {

enum Index {
  kReadBytes,
  kReads,
  kWriteBytes,
  kWrites,
  kCostUsage,
  kCostWait,
  kCostIndebt,
  kCostIndelay,
  kBlkio,
  kSectorReads,
  kReadsMerged,
  kReadTime,
  kSectorWrites,
  kWritesMerged,
  kWriteTime,
  kInFlight,
  kIoTime,
  kWeightedTime,
};

constexpr std::string_view kV1Bytes =
    "blkio.throttle.io_service_bytes_recursive; for devices that it lacks blkio.bfq.io_service_bytes_recursive, "
    "blkio.io_service_bytes_recursive (CFQ), before Linux 4.16 blkio.throttle.io_service_bytes; "
    "a container of which they have nothing: /proc/PID/io (slow interval), device=\"all\"; host: /proc/diskstats";
constexpr std::string_view kV1Operations =
    "the same with io_serviced in place of io_service_bytes, and nothing from /proc/PID/io; host: /proc/diskstats";
constexpr std::string_view kV2 = "io.stat; host: /proc/diskstats";
constexpr std::string_view kAllDevices = "all";
constexpr std::string_view kDiskstats = "/proc/diskstats, host only";

constexpr MetricDefinition io(std::string_view name, std::string_view unit, std::string_view help,
                              std::string_view v1) {
  return {name, MetricType::kCounter, unit, Scale::kUnits, help, "device", v1, kV2};
}
constexpr MetricDefinition cost(std::string_view name, std::string_view help) {
  return {name, MetricType::kCounter, "seconds", Scale::kMicroseconds, help, "device", "-", "io.stat cost.*"};
}
constexpr MetricDefinition host(std::string_view name, MetricType type, std::string_view unit, Scale scale,
                                std::string_view help) {
  return {name, type, unit, scale, help, "device", kDiskstats, kDiskstats};
}

constexpr MetricDefinition kMetrics[] = {
    io("container_fs_reads_bytes_total", "bytes",
       "Bytes read from a device. v1 counts only direct I/O, and only once a throttle rule exists on the device; until "
       "then device=\"all\" has what the container's processes have read.",
       kV1Bytes),
    io("container_fs_reads_total", "", "Reads from a device.", kV1Operations),
    io("container_fs_writes_bytes_total", "bytes",
       "Bytes written to a device. v1 does not charge buffered writes to the cgroup that wrote them; device=\"all\" "
       "includes them.",
       kV1Bytes),
    io("container_fs_writes_total", "", "Writes to a device.", kV1Operations),
    cost("container_fs_io_cost_usage_seconds_total", "Device time charged by the io.cost controller."),
    cost("container_fs_io_cost_wait_seconds_total", "Time that io.cost delayed I/O."),
    cost("container_fs_io_cost_indebt_seconds_total", "Time that the cgroup was in debt to io.cost."),
    cost("container_fs_io_cost_indelay_seconds_total", "Time that io.cost delayed tasks in user space."),
    {"container_blkio_device_usage_total", MetricType::kCounter, "bytes", Scale::kUnits,
     "Bytes moved to and from a device, by operation.", "device,major,minor,operation",
     "blkio.throttle.io_service_bytes_recursive", "io.stat rbytes, wbytes, dbytes"},
    host("container_fs_sector_reads_total", MetricType::kCounter, "", Scale::kUnits, "Sectors of 512 bytes read."),
    host("container_fs_reads_merged_total", MetricType::kCounter, "", Scale::kUnits,
         "Reads merged with an adjacent one."),
    host("container_fs_read_seconds_total", MetricType::kCounter, "seconds", Scale::kMilliseconds,
         "Time spent reading, summed over requests."),
    host("container_fs_sector_writes_total", MetricType::kCounter, "", Scale::kUnits, "Sectors of 512 bytes written."),
    host("container_fs_writes_merged_total", MetricType::kCounter, "", Scale::kUnits,
         "Writes merged with an adjacent one."),
    host("container_fs_write_seconds_total", MetricType::kCounter, "seconds", Scale::kMilliseconds,
         "Time spent writing, summed over requests."),
    host("container_fs_io_current", MetricType::kGauge, "", Scale::kUnits, "Requests in flight."),
    host("container_fs_io_time_seconds_total", MetricType::kCounter, "seconds", Scale::kMilliseconds,
         "Time that the device was busy."),
    host("container_fs_io_time_weighted_seconds_total", MetricType::kCounter, "seconds", Scale::kMilliseconds,
         "Time that requests were in flight, summed over requests."),
};

const BlockDevice* find(const HostStats* machine, std::string_view path) {
  if (machine == nullptr) {
    return nullptr;
  }
  const auto& devices = machine->block_devices;
  const auto found =
      std::lower_bound(devices.begin(), devices.end(), path,
                       [](const BlockDevice& one, std::string_view wanted) { return one.path < wanted; });
  return found == devices.end() || found->path != path ? nullptr : &*found;
}

bool is_stacked(const BlockDevice* device) { return device != nullptr && device->stack != 0; }

// The sum over devices that lie on one another, each byte once. Either layer may miss some: a disk also has what
// bypasses the volumes on it, and the kernel may not say for whom a volume's disk works. So the larger one is taken,
// which never falls.
class StackedSum {
 public:
  void add(const BlockDevice& device, Count value) {
    if (!value) {
      return;
    }
    Stack& stack = stacks_[device.stack];
    stack.largest = std::max(stack.largest, *value);
    stack.tops += device.is_top ? *value : 0;
    // In a redundant stack the largest of them stands for all.
    stack.bottoms += device.is_bottom() && !device.in_redundant_stack ? *value : 0;
  }
  Count get() const {
    Count sum;
    for (const auto& [number, stack] : stacks_) {
      sum = sum.value_or(0) + std::max({stack.tops, stack.bottoms, stack.largest});
    }
    return sum;
  }

 private:
  struct Stack {
    std::uint64_t tops = 0, bottoms = 0, largest = 0;
  };
  std::map<std::uint32_t, Stack> stacks_;
};

struct Sums {
  StackedSum read_bytes, reads, write_bytes, writes;

  void put(SeriesWriter& writer) const {
    writer.put_in_sums_only(kReadBytes, read_bytes.get());
    writer.put_in_sums_only(kReads, reads.get());
    writer.put_in_sums_only(kWriteBytes, write_bytes.get());
    writer.put_in_sums_only(kWrites, writes.get());
  }
};

void put_operations(const IoDeviceStats& row, SeriesWriter& writer) {
  char major[12];
  char minor[12];
  const std::string_view major_text(major,
                                    static_cast<std::size_t>(std::to_chars(major, major + 12, row.major).ptr - major));
  const std::string_view minor_text(minor,
                                    static_cast<std::size_t>(std::to_chars(minor, minor + 12, row.minor).ptr - minor));
  const auto put = [&](std::string_view operation, Count value) {
    writer.put(kBlkio, {row.device, major_text, minor_text, operation}, value);
  };
  put("Read", row.rbytes);
  put("Write", row.wbytes);
  put("Discard", row.dbytes);
  put("Sync", row.sync_bytes);
  put("Async", row.async_bytes);
  put("Total", row.total_bytes);
}

void collect_cgroup(const Observation& observation, SeriesWriter& writer) {
  Sums sums;
  for (const IoDeviceStats& row : observation.stats.io) {
    if (row.device.empty()) {
      continue;  // a removed device has no name
    }
    const BlockDevice* const device = find(observation.machine, row.device);
    writer.count_in_sums(!is_stacked(device));
    if (is_stacked(device)) {
      sums.read_bytes.add(*device, row.rbytes);
      sums.reads.add(*device, row.rios);
      sums.write_bytes.add(*device, row.wbytes);
      sums.writes.add(*device, row.wios);
    }
    writer.put(kReadBytes, {row.device}, row.rbytes);
    writer.put(kReads, {row.device}, row.rios);
    writer.put(kWriteBytes, {row.device}, row.wbytes);
    writer.put(kWrites, {row.device}, row.wios);
    writer.put(kCostUsage, {row.device}, row.cost_usage_usec);
    writer.put(kCostWait, {row.device}, row.cost_wait_usec);
    writer.put(kCostIndebt, {row.device}, row.cost_indebt_usec);
    writer.put(kCostIndelay, {row.device}, row.cost_indelay_usec);
    if (row.major != 0 || row.minor != 0) {  // not for processes: their bytes are a sum of all devices
      put_operations(row, writer);
    }
  }
  sums.put(writer);
  // The io collector does not ask for processes: they are read for others, or not at all.
  if (observation.stats.io.empty() && observation.processes != nullptr) {
    writer.put(kReadBytes, {kAllDevices}, observation.processes->read_bytes);
    writer.put(kWriteBytes, {kAllDevices}, observation.processes->written_bytes);
  }
}

// The host's values are those of its disks: on v2 the root cgroup's io.stat repeats them,
// on v1 its blkio files do not have them.
void collect_host(const HostStats& host, SeriesWriter& writer) {
  Sums sums;
  std::string device;
  for (const DiskStats& disk : host.disks) {
    device.assign("/dev/").append(disk.device);
    const BlockDevice* const layered = find(&host, device);
    writer.count_in_sums(!is_stacked(layered));
    if (is_stacked(layered)) {
      sums.read_bytes.add(*layered, disk.sectors_read * 512);
      sums.reads.add(*layered, disk.reads);
      sums.write_bytes.add(*layered, disk.sectors_written * 512);
      sums.writes.add(*layered, disk.writes);
    }
    writer.put(kReadBytes, {device}, disk.sectors_read * 512);
    writer.put(kReads, {device}, disk.reads);
    writer.put(kWriteBytes, {device}, disk.sectors_written * 512);
    writer.put(kWrites, {device}, disk.writes);
    writer.put(kSectorReads, {device}, disk.sectors_read);
    writer.put(kReadsMerged, {device}, disk.reads_merged);
    writer.put(kReadTime, {device}, disk.read_msec);
    writer.put(kSectorWrites, {device}, disk.sectors_written);
    writer.put(kWritesMerged, {device}, disk.writes_merged);
    writer.put(kWriteTime, {device}, disk.write_msec);
    writer.put(kInFlight, {device}, disk.in_flight);
    writer.put(kIoTime, {device}, disk.io_msec);
    writer.put(kWeightedTime, {device}, disk.weighted_io_msec);
  }
  sums.put(writer);
}

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.host) {
    collect_host(*observation.host, writer);
  } else {
    collect_cgroup(observation, writer);
  }
}

}  // namespace

extern const Collector io_collector{
    "io",   "block I/O by device", true, Scope::kWorkload, kMetrics, CgroupStatsKind::kIo | SourceKind::kHost, false,
    collect};

}  // namespace tallyman
