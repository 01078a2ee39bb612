#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector.h"

#include <charconv>
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

constexpr std::string_view kV1Bytes = "blkio.throttle.io_service_bytes_recursive; host: /proc/diskstats";
constexpr std::string_view kV1Operations = "blkio.throttle.io_serviced_recursive; host: /proc/diskstats";
constexpr std::string_view kV2 = "io.stat; host: /proc/diskstats";
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
       "Bytes read from a device. v1 counts only direct I/O, and only once a throttle rule exists on the device.",
       kV1Bytes),
    io("container_fs_reads_total", "", "Reads from a device.", kV1Operations),
    io("container_fs_writes_bytes_total", "bytes",
       "Bytes written to a device. v1 does not charge buffered writes to the cgroup that wrote them.", kV1Bytes),
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

void collect_cgroup(const std::vector<IoDeviceStats>& rows, SeriesWriter& writer) {
  for (const IoDeviceStats& row : rows) {
    if (row.device.empty()) {
      continue;  // a removed device has no name
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
}

// The host's values are those of its disks: on v2 the root cgroup's io.stat repeats them,
// on v1 its blkio files do not have them.
void collect_host(const std::vector<DiskStats>& disks, SeriesWriter& writer) {
  std::string device;
  for (const DiskStats& disk : disks) {
    device.assign("/dev/").append(disk.device);
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
}

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.host) {
    collect_host(observation.host->disks, writer);
  } else {
    collect_cgroup(observation.stats.io, writer);
  }
}

}  // namespace

extern const Collector io_collector{
    "io",   "block I/O by device", true, Scope::kWorkload, kMetrics, CgroupStatsKind::kIo | SourceKind::kHost, false,
    collect};

}  // namespace tallyman
