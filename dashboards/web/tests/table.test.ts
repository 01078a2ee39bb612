import { describe, expect, it } from "vitest";
import {
  matches,
  matchesWorkload,
  sortRows,
  sumsOf,
  tableItems,
  topmost,
  visibleSlice,
  type Filters,
  type Row,
} from "../src/model/table";
import { searched, sliceOf, type Facts } from "../src/model/workload";

function row(id: string, values: Record<string, number> = {}, facts: Partial<Facts> = {}, weight = 0): Row {
  const all: Facts = { key: 0, id, kind: "container", workload: id.split("/").pop() ?? id, ...facts };
  return { facts: all, value: (field) => values[field] ?? null, weight, search: searched(all) };
}
const any: Filters = { text: "", kind: "", runtime: "", project: "", pod: "", only: false };
const ids = (rows: readonly Row[]): string[] => rows.map((one) => one.facts.id);

describe("filters", () => {
  const web = row(
    "/docker/1",
    {},
    {
      name: "farm_web_1",
      image: "nginx:1.22",
      runtime: "docker",
      compose: { project: "farm" },
      labels: { team: "Blue" },
    },
  );
  it("asks for every word, in names, images and labels alike", () => {
    expect(matchesWorkload(web.search, "WEB nginx")).toBe(true);
    expect(matchesWorkload(web.search, "team=blue")).toBe(true);
    expect(matchesWorkload(web.search, "web -nginx")).toBe(false);
    expect(matchesWorkload(web.search, "web postgres")).toBe(false);
    expect(matchesWorkload(web.search, "  ")).toBe(true);
  });
  it("finds ids by their beginning and paths as they are, not letters that happen to be in an id", () => {
    const id = `cafe0db1${"0123456789abcdef".repeat(4)}`.slice(0, 64);
    const db = row(`/docker/${id}`, {}, { name: "web", container_id: id }).search;
    expect(matchesWorkload(db, "db")).toBe(false);
    expect(matchesWorkload(db, "web -db")).toBe(true);
    expect(matchesWorkload(db, id.slice(0, 12))).toBe(true);
    expect(matchesWorkload(db, "cafe")).toBe(true);
    expect(matchesWorkload(db, `/docker/${id}`)).toBe(true);
    expect(
      matchesWorkload(row(`/docker/${id}`, {}, { workload: id.slice(0, 12), container_id: id }).search, "db"),
    ).toBe(false);
  });
  it("joins all conditions", () => {
    expect(matches(web, { ...any, project: "farm", kind: "container", runtime: "docker" })).toBe(true);
    expect(matches(web, { ...any, project: "other" })).toBe(false);
    expect(matches(web, { ...any, only: true })).toBe(false);
    expect(matches(row("/a", {}, { pod: "p", namespace: "n" }), { ...any, pod: "n/p" })).toBe(true);
  });
  it("leaves the host to its strip", () => expect(matches(row("/"), any)).toBe(false));
});

describe("order", () => {
  const rows = [row("/b", { cpu_cores: 1 }), row("/a", { cpu_cores: 1 }), row("/c"), row("/d", { cpu_cores: 0 })];
  it("puts the unknown last both ways, and equals by id", () => {
    expect(ids(sortRows(rows, { by: "cpu", descending: true }))).toEqual(["/a", "/b", "/d", "/c"]);
    expect(ids(sortRows(rows, { by: "cpu", descending: false }))).toEqual(["/d", "/a", "/b", "/c"]);
  });
  it("is by CPU within one status, and a status that is not known is none", () => {
    const some = [
      row("/idle", { cpu_cores: 0 }),
      row("/warned", { cpu_cores: 0.1 }, {}, 10),
      row("/busy", { cpu_cores: 2 }),
      row("/critical", {}, {}, 1000),
      row("/worse", { cpu_cores: 0.2 }, {}, 10),
      row("/unknown"),
    ];
    expect(ids(sortRows(some, { by: "status", descending: true }))).toEqual([
      "/critical",
      "/worse",
      "/warned",
      "/busy",
      "/idle",
      "/unknown",
    ]);
  });
  it("is by the nearest limit, and last what has none", () => {
    const some = [
      row("/free", { memory_bytes: 1e12 }),
      row("/half", { memory_bytes: 50, pids: 2 }, { limits: { memory_bytes: 100, pids: 100 } }),
      row("/full", { memory_bytes: 1, pids: 99 }, { limits: { memory_bytes: 100, pids: 100 } }),
      row("/cpu", { cpu_cores: 0.7 }, { limits: { cpu_cores: 1 } }),
      row("/cache", { memory_bytes: 100, working_set_bytes: 10 }, { limits: { memory_bytes: 100 } }),
    ];
    expect(ids(sortRows(some, { by: "limit", descending: true }))).toEqual([
      "/full",
      "/cpu",
      "/half",
      "/cache",
      "/free",
    ]);
  });
  it("orders names as people count", () => {
    const named = ["web_10", "web_9"].map((name) => row(`/${name}`, {}, { name }));
    expect(ids(sortRows(named, { by: "name", descending: false }))).toEqual(["/web_9", "/web_10"]);
  });
});

describe("groups", () => {
  const parent = row("/kubepods.slice", { cpu_cores: 3 }, { kind: "slice" });
  const child = row("/kubepods.slice/pod1/c1", { cpu_cores: 2, memory_bytes: 10 });
  const other = row("/system.slice/cron.service", { cpu_cores: 1, memory_bytes: 5 }, { kind: "service" });
  it("counts nothing twice: a cgroup holds what is below it", () => {
    expect(ids(topmost([child, parent, other]))).toEqual(["/kubepods.slice", "/system.slice/cron.service"]);
    expect(sumsOf([child, parent, other]).get("cpu_cores")).toBe(4);
  });
  it("does not take /a-b for something in /a", () => {
    expect(ids(topmost([row("/a"), row("/a-b"), row("/a/b")]))).toEqual(["/a", "/a-b"]);
  });
  it("sums what is known and leaves out what nobody knows", () => {
    const sums = sumsOf([child, other]);
    expect(sums.get("memory_bytes")).toBe(15);
    expect(sums.has("net_rx_bytes")).toBe(false);
  });
  it("opens under its head, in the order of the sums, without a group last", () => {
    const rows = [
      row("/1", { cpu_cores: 1 }, { compose: { project: "small" } }),
      row("/2", { cpu_cores: 9 }),
      row("/3", { cpu_cores: 2 }, { compose: { project: "big" } }),
      row("/4", { cpu_cores: 3 }, { compose: { project: "big" } }),
    ];
    const items = tableItems(rows, { by: "cpu", descending: true }, "project", new Set(["big"]));
    expect(items.map((item) => (item.kind === "group" ? `[${item.label}]` : item.row.facts.id))).toEqual([
      "[big]",
      "/4",
      "/3",
      "[small]",
      "[No project]",
    ]);
  });
  it("knows the slice of a workload", () => {
    expect(sliceOf(child.facts)).toBe("/kubepods.slice");
    expect(sliceOf({ ...child.facts, id: "/docker/abc" })).toBe("/docker");
    expect(sliceOf({ ...child.facts, id: "process:x" })).toBeUndefined();
  });
});

describe("the window on a long list", () => {
  it("draws what is in sight and a few around it", () => {
    expect(visibleSlice(0, 400, 40, 1000, 5, 1)).toEqual([0, 15]);
    expect(visibleSlice(20000, 400, 40, 1000, 5, 1)).toEqual([495, 515]);
    expect(visibleSlice(99999, 400, 40, 10, 5, 1)).toEqual([9, 10]);
    expect(visibleSlice(-300, 400, 40, 0, 5, 1)).toEqual([0, 0]);
  });
  it("moves in steps of several rows", () => {
    const slices = [0, 1, 2, 3, 4].map((row) => visibleSlice(20000 + row * 40, 400, 40, 1000, 5, 4));
    expect(slices).toEqual([
      [492, 516],
      [496, 516],
      [496, 520],
      [496, 520],
      [496, 520],
    ]);
  });
});
