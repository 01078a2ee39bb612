import { describe, expect, it } from "vitest";
import { disksOf } from "../src/model/disks";

const of = (device: string, values: Record<string, number>) =>
  Object.entries(values).map(([name, value]) => ({ name: `container_fs_${name}`, labels: { device }, value }));

describe("the host's disks", () => {
  it("are the fullest first, by what users may still write", () => {
    const disks = disksOf([
      ...of("/dev/sda1", { usage_bytes: 50, limit_bytes: 100, available_bytes: 45 }),
      ...of("/dev/mapper/vg-data", { usage_bytes: 80, limit_bytes: 100, available_bytes: 0 }),
      { name: "container_fs_writes_total", labels: { device: "/dev/sdb" }, value: 3 },
      { name: "container_memory_swap", value: 3 },
    ]);
    expect(disks.map((one) => [one.name, one.part])).toEqual([
      ["vg-data", 1],
      ["sda1", 50 / 95],
    ]);
  });
  it("are without what is not known", () => {
    expect(disksOf(of("tank/root", { usage_bytes: 1, limit_bytes: 4 }))).toEqual([
      { name: "tank/root", used: 1, size: 4, available: undefined, part: 0.25, inodes: undefined },
    ]);
    expect(disksOf(of("/dev/sda1", { usage_bytes: 1 }))).toEqual([]);
    expect(disksOf(of("/dev/sda1", { usage_bytes: 0, limit_bytes: 0 }))).toEqual([]);
    expect(disksOf([])).toEqual([]);
  });
  it("have inodes, unless they are made as they are needed", () => {
    const full = of("/dev/a", { usage_bytes: 1, limit_bytes: 4, inodes_total: 100, inodes_free: 5 });
    expect(disksOf(full)[0]?.inodes).toBe(0.95);
    const btrfs = of("/dev/b", { usage_bytes: 1, limit_bytes: 4, inodes_total: 0, inodes_free: 0 });
    expect(disksOf(btrfs)[0]?.inodes).toBeUndefined();
  });
});
