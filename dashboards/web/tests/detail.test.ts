import { describe, expect, it } from "vitest";
import {
  countersOf,
  interfacesOf,
  mountsOf,
  namespacesOf,
  openFilesOf,
  programsOf,
  runtimeCostOf,
} from "../src/model/detail";
import { detailsText } from "../src/parts/event_list";
import { subtitle } from "../src/model/workload";
import { comparedText, limitOf, normalised, smallSeconds } from "../src/model/comparing";

describe("network by interface", () => {
  it("joins families and sums both directions of errors", () => {
    const rows = interfacesOf(
      [
        { name: "container_network_receive_bytes_total", labels: { interface: "eth0" }, value: 10 },
        { name: "container_network_transmit_bytes_total", labels: { interface: "eth0" }, value: 20 },
        { name: "container_network_receive_errors_total", labels: { interface: "eth0" }, value: 1 },
        { name: "container_network_transmit_errors_total", labels: { interface: "eth0" }, value: 2 },
        { name: "container_fs_reads_bytes_total", labels: { interface: "no" }, value: 2 },
      ],
      new Map([['container_network_receive_bytes_total[["interface","eth0"]]', 5]]),
    );
    expect(rows).toEqual([{ name: "eth0", received: 10, receivedRate: 5, sent: 20, sentRate: undefined, errors: 3 }]);
  });
});

// As /api/v1/workloads/ID answered for a container.
describe("processes by program", () => {
  const processes = [
    { executable: "runc:[2:INIT]", processes: 0, threads: 0, rss_bytes: 0, cpu_seconds: 0.037046075 },
    { executable: "idle", processes: 1, threads: 1, rss_bytes: 4096, cpu_seconds: 0 },
    { executable: "truth", processes: 1, threads: 3, rss_bytes: 790528, cpu_seconds: 5.335529674 },
  ];
  it("has the busiest first and those that have ended last", () => {
    const counters = countersOf([], processes);
    const key = [...counters.keys()].find((one) => counters.get(one) === 5.335529674) ?? "";
    const rows = programsOf(processes, new Map([[key, 0.2]]));
    expect(rows.map((one) => one.name)).toEqual(["truth", "idle", "runc:[2:INIT]"]);
    expect(rows[0]).toEqual({
      name: "truth",
      processes: 1,
      threads: 3,
      cpu: 0.2,
      cpuSeconds: 5.335529674,
      memory: 790528,
    });
    expect(rows[1]?.cpu).toBeUndefined();
  });
  it("keeps a program's CPU time apart from a series of that name", () => {
    expect(countersOf([{ name: "truth", value: 1 }], processes).size).toBe(4);
  });
});

describe("what the runtime costs", () => {
  it("joins the families of a component and knows kernel memory and the layer", () => {
    const of = (name: string, component: string, value: number) => ({
      name: `container_runtime_${name}`,
      labels: { component },
      value,
    });
    const cost = runtimeCostOf(
      [
        of("cpu_seconds_total", "docker-proxy", 0.5),
        of("memory_rss_bytes", "docker-proxy", 4096),
        of("processes", "docker-proxy", 2),
        of("cpu_seconds_total", "containerd-shim", 1),
        of("memory_rss_bytes", "containerd-shim", 13000000),
        of("processes", "containerd-shim", 1),
        { name: "container_memory_kernel_usage", value: 700000 },
        { name: "container_fs_layer_bytes", labels: { device: "/dev/vda", source: "walk" }, value: 8192 },
        { name: "container_fs_layer_inodes", labels: { device: "/dev/vda", source: "walk" }, value: 2 },
      ],
      new Map([['container_runtime_cpu_seconds_total[["component","containerd-shim"]]', 0.01]]),
    );
    expect(cost.components).toEqual([
      { name: "containerd-shim", processes: 1, cpu: 0.01, cpuSeconds: 1, memory: 13000000 },
      { name: "docker-proxy", processes: 2, cpu: undefined, cpuSeconds: 0.5, memory: 4096 },
    ]);
    expect(cost).toMatchObject({ kernelMemory: 700000, layer: 8192, layerFiles: 2 });
  });
  it("knows nothing where the agent says nothing", () => {
    expect(runtimeCostOf([{ name: "container_threads", value: 1 }], new Map())).toEqual({
      components: [],
      kernelMemory: undefined,
      layer: undefined,
      layerFiles: undefined,
    });
  });
});

describe("mounts", () => {
  it("has the size of a volume, where it is measured on this workload", () => {
    const usage = {
      name: "container_fs_volume_usage_bytes",
      labels: { volume: "data", device: "/dev/vda", source: "walk" },
      value: 9000,
    };
    const users = { name: "container_fs_volume_users", labels: { volume: "data" }, value: 2 };
    expect(
      mountsOf(
        [
          { type: "volume", name: "data", source: "/var/lib/docker/volumes/data/_data", destination: "/data" },
          { type: "bind", source: "/etc/hosts", destination: "/etc/hosts", read_only: true },
        ],
        [usage, users],
      ),
    ).toEqual([
      { inside: "/data", from: "data", type: "volume", readOnly: false, bytes: 9000, users: 2 },
      { inside: "/etc/hosts", from: "/etc/hosts", type: "bind", readOnly: true, bytes: undefined, users: undefined },
    ]);
  });
});

describe("namespaces", () => {
  it("says which are its own, the host's or shared, and with what", () => {
    const rows = namespacesOf([
      { type: "net", inode: "4026532266", sharing: "shared", with: "farm_db_1" },
      { type: "cgroup", inode: "4026531835", sharing: "host" },
      { type: "mnt", inode: "4026532262", sharing: "own" },
    ]);
    expect(rows.map((one) => [one.type, one.sharing, one.with])).toEqual([
      ["cgroup", "the host's", ""],
      ["mnt", "its own", ""],
      ["net", "shared", "farm_db_1"],
    ]);
    expect(rows[0]).toEqual({
      type: "cgroup",
      meaning: "cgroups",
      sharing: "the host's",
      inode: "4026531835",
      with: "",
    });
  });
});

describe("open files", () => {
  it("reads them with their limit", () => {
    expect(
      openFilesOf([
        { name: "container_file_descriptors", value: 12 },
        { name: "container_sockets", value: 3 },
        { name: "container_ulimits_soft", labels: { ulimit: "max_open_files" }, value: 20000 },
        { name: "container_ulimits_soft", labels: { ulimit: "other" }, value: 1 },
      ]),
    ).toEqual({ open: 12, sockets: 3, limit: 20000 });
    expect(openFilesOf([])).toEqual({ open: undefined, sockets: undefined, limit: undefined });
  });
});

describe("what goes with a name", () => {
  it("writes an event's figures in their units", () => {
    expect(
      detailsText({
        outcome: "unknown",
        lifetime_seconds: 1.46048,
        memory_max_bytes: 2 << 20,
        cpu_limit_cores: 0.2,
        cpu_seconds: 1.46048,
        seconds: 10,
        exit_code: 137,
        of: {},
      }),
    ).toBe("memory max 2.00 MiB · cpu limit 0.20 cores · cpu 1 s");
  });
  it("does not say a group of processes twice", () => {
    expect(subtitle({ key: 1, id: "process:nginx", kind: "process", workload: "nginx" })).toBe("");
    expect(subtitle({ key: 1, id: "/a/b", kind: "cgroup", workload: "b" })).toBe("/a/b");
  });
});

describe("comparing", () => {
  const by = { counter: "", step: 1, facts: undefined, base: 2, work: [] };
  it("per unit of work, in MiB where work is bytes", () => {
    const points = normalised([[1, 0.5]], "cpu_cores", {
      ...by,
      normalise: "unit",
      counter: "net_tx_bytes",
      work: [[1, 1 << 20]],
    });
    expect(points).toEqual([[1, 0.5]]);
    expect(comparedText(0.0005, "cpu_cores", "unit")).toBe("500 µs");
  });
  it("has no part of a limit that is not there", () => {
    expect(normalised([[1, 1]], "cpu_cores", { ...by, normalise: "limit" })).toEqual([]);
    expect(limitOf({ key: 1, id: "/a", kind: "x", workload: "a", limits: { cpu_cores: 2 } }, "cpu_cores")).toBe(2);
    expect(limitOf(undefined, "cpu_cores")).toBeUndefined();
  });
  it("in multiples of the first", () =>
    expect(normalised([[1, 1]], "cpu_cores", { ...by, normalise: "first" })).toEqual([[1, 0.5]]));
  it("writes small times", () => {
    expect([0.9996e-6, 0.9996e-3, 0.9996].map(smallSeconds)).toEqual(["1.00 µs", "1.00 ms", "1.00 s"]);
    expect([0, 3e-9, 3.2e-5, 0.0123, 2].map(smallSeconds)).toEqual(["0 s", "3.00 ns", "32.0 µs", "12.3 ms", "2.00 s"]);
  });
});
