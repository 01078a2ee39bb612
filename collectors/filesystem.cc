#include "collectors/kernel/stats/filesystem_stats.h"
#include "collectors/model/collector.h"

#include <map>

namespace tallyman {
namespace {

enum Index {
  kUsage,
  kLimit,
  kAvailable,
  kInodesTotal,
  kInodesFree,
  kLayerBytes,
  kLayerInodes,
  kLayerLimit,
  kLayerMeasured,
  kVolumeBytes,
  kVolumeInodes,
  kVolumeUsers,
  kVolumeMeasured,
};

constexpr std::string_view kDisk = "host only: statfs";
constexpr std::string_view kTree = "project quota, or a walk";
constexpr std::string_view kBoth = "project quota, or a walk; host: statfs";

constexpr MetricDefinition gauge(std::string_view name, std::string_view unit, std::string_view labels,
                                 std::string_view source, std::string_view help, Scale scale = Scale::kUnits) {
  return {name, MetricType::kGauge, unit, scale, help, labels, source, source};
}

constexpr MetricDefinition kMetrics[] = {
    gauge("container_fs_usage_bytes", "bytes", "device", kBoth,
          "Bytes used on a disk. For a container: its writable layer and the volumes counted with it, once all are "
          "measured. For the host: all used bytes."),
    gauge("container_fs_limit_bytes", "bytes", "device", "project quota, else statfs",
          "Size of the file system on the disk. For a container: the limit of its layer, if there is one."),
    gauge("container_fs_available_bytes", "bytes", "device", kDisk,
          "Bytes that users other than root may still write."),
    gauge("container_fs_inodes_total", "", "device", kDisk,
          "Inodes of the file system. No series if the file system creates them as needed (btrfs)."),
    gauge("container_fs_inodes_free", "", "device", kDisk, "Free inodes of the file system."),
    gauge("container_fs_layer_bytes", "bytes", "device,source", kTree,
          "Bytes of the writable layer, as du counts them. Source: walk, quota, or filesystem (a file system of its "
          "own)."),
    gauge("container_fs_layer_inodes", "", "device,source", kTree, "Files and directories in the writable layer."),
    gauge("container_fs_layer_limit_bytes", "bytes", "device", "project quota",
          "Size limit of the writable layer. Only if there is one."),
    gauge("container_fs_layer_measured_timestamp_seconds", "seconds", "", "the clock",
          "Start time of the last measurement of the writable layer, in seconds since the epoch.", Scale::kNanoseconds),
    gauge(
        "container_fs_volume_usage_bytes", "bytes", "volume,device,source", kTree,
        "Bytes of a volume. If containers share it, only the first one has this series, so that a sum counts it once."),
    gauge("container_fs_volume_inodes", "", "volume,device,source", kTree, "Files and directories in a volume."),
    gauge("container_fs_volume_users", "", "volume", "the runtime's files",
          "Running containers that use this volume; the same value for each of them."),
    gauge("container_fs_volume_measured_timestamp_seconds", "seconds", "volume", "the clock",
          "Start time of the last measurement of the volume, in seconds since the epoch.", Scale::kNanoseconds),
};

void collect_disks(const std::vector<DiskFilesystem>& disks, SeriesWriter& writer) {
  for (const DiskFilesystem& disk : disks) {
    writer.put(kUsage, {disk.device}, disk.used_bytes);
    writer.put(kLimit, {disk.device}, disk.size_bytes);
    writer.put(kAvailable, {disk.device}, disk.available_bytes);
    writer.put(kInodesTotal, {disk.device}, disk.inodes_total);
    writer.put(kInodesFree, {disk.device}, disk.inodes_free);
  }
}

// The container's usage of each disk: only if nothing is left to be measured.
void collect_usage(const WorkloadFilesystems& filesystems, SeriesWriter& writer) {
  const TreeStats& layer = *filesystems.layer;
  std::map<std::string_view, std::uint64_t> bytes{{layer.device, layer.bytes}};
  std::map<std::string_view, std::uint64_t> limits{{layer.device, layer.limit_bytes.value_or(layer.capacity_bytes)}};
  for (const VolumeStats& volume : filesystems.volumes) {
    if (!volume.counts_here) {
      continue;
    }
    if (!volume.usage) {
      return;
    }
    bytes[volume.usage->device] += volume.usage->bytes;
    limits.try_emplace(volume.usage->device, volume.usage->capacity_bytes);
  }
  for (const auto& [device, sum] : bytes) {
    writer.put(kUsage, {device}, sum);
    writer.put(kLimit, {device}, limits[device]);
  }
}

void collect_layer(const TreeStats& layer, SeriesWriter& writer) {
  writer.put(kLayerBytes, {layer.device, to_string(layer.source)}, layer.bytes);
  writer.put(kLayerInodes, {layer.device, to_string(layer.source)}, layer.inodes);
  writer.put(kLayerLimit, {layer.device}, layer.limit_bytes);
  writer.put(kLayerMeasured, layer.measured_nsec);
}

void collect_volume(const VolumeStats& volume, SeriesWriter& writer) {
  writer.put(kVolumeUsers, {volume.name}, volume.users);
  if (volume.counts_here && volume.usage) {
    const TreeStats& usage = *volume.usage;
    writer.put(kVolumeBytes, {volume.name, usage.device, to_string(usage.source)}, usage.bytes);
    writer.put(kVolumeInodes, {volume.name, usage.device, to_string(usage.source)}, usage.inodes);
    writer.put(kVolumeMeasured, {volume.name}, usage.measured_nsec);
  }
}

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.filesystems == nullptr) {
    return;
  }
  collect_disks(observation.filesystems->disks, writer);
  if (observation.filesystems->layer) {
    collect_usage(*observation.filesystems, writer);
    collect_layer(*observation.filesystems->layer, writer);
  }
  for (const VolumeStats& volume : observation.filesystems->volumes) {
    collect_volume(volume, writer);
  }
}

}  // namespace

extern const Collector filesystem_collector{
    "filesystem", "disks of the host, writable layers and volumes of containers",
    true,         Scope::kWorkload,
    kMetrics,     SourceKind::kFilesystem,
    false,        collect};

}  // namespace tallyman
