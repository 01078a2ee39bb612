// The host's disks, out of the series that the agent has of the host. Pure.
import type { OneSeries } from "./detail";

export interface Disk {
  /** Without "/dev/". */
  name: string;
  used: number;
  size: number;
  /** What users other than root may still write. */
  available: number | undefined;
  /** As df counts it: of what users other than root may fill. */
  part: number;
  /** Inodes in use, as a part of all; undefined where a file system makes them as it needs them. */
  inodes: number | undefined;
}

const kFamilies: Record<string, "used" | "size" | "available" | "inodes" | "free"> = {
  container_fs_usage_bytes: "used",
  container_fs_limit_bytes: "size",
  container_fs_available_bytes: "available",
  container_fs_inodes_total: "inodes",
  container_fs_inodes_free: "free",
};

/** The fullest first. One without a size is none. */
export function disksOf(series: readonly OneSeries[]): Disk[] {
  const found = new Map<string, Partial<Record<(typeof kFamilies)[string], number>>>();
  for (const one of series) {
    const member = kFamilies[one.name];
    const device = one.labels?.["device"];
    if (member === undefined || device === undefined) continue;
    const disk = found.get(device) ?? {};
    found.set(device, disk);
    disk[member] = one.value;
  }
  return [...found]
    .flatMap(([device, { used, size, available, inodes, free }]): Disk[] => {
      if (used === undefined || size === undefined || size <= 0) return [];
      const room = available === undefined ? size : used + available;
      return [
        {
          name: device.replace(/^\/dev\/(mapper\/)?/, ""),
          used,
          size,
          available,
          part: room > 0 ? used / room : 1,
          inodes: inodes && free !== undefined ? 1 - free / inodes : undefined,
        },
      ];
    })
    .sort((a, b) => b.part - a.part || (a.name < b.name ? -1 : 1));
}
