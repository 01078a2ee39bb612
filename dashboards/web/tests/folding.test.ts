import { describe, expect, it } from "vitest";
import { foldedItems, foldsOf, isSearch } from "../src/model/folding";
import { sortRows, type Filters, type Row, type TableItem } from "../src/model/table";
import { searched, type Facts } from "../src/model/workload";

function row(id: string, kind: string, cpu: number, weight = 0): Row {
  const facts: Facts = { key: 0, id, kind, workload: id };
  return { facts, value: (field) => (field === "cpu_cores" ? cpu : null), weight, search: searched(facts) };
}
const lines = (items: readonly TableItem[]): string[] =>
  items.map((item) => (item.kind === "group" ? `[${item.label}]` : `${item.inGroup ? "- " : ""}${item.row.facts.id}`));
const folded = (rows: Row[], ...open: string[]): TableItem[] =>
  foldedItems(sortRows(rows, { by: "status", descending: true }), new Set(open));

describe("folding", () => {
  const rows = [
    row("process:make", "process", 1.5),
    row("process:bash", "process", 0.25),
    row("/x", "cgroup", 0.5),
    row("/y", "cgroup", 0.125),
    row("/docker/a", "container", 0.1),
    row("/system.slice/b.service", "service", 0.2),
    row("/vm", "machine", 0.3),
  ];
  it("gives named workloads a line each, programs and plain cgroups one for all, last", () => {
    const items = folded(rows);
    expect(lines(items)).toEqual(["/vm", "/system.slice/b.service", "/docker/a", "[2 programs]", "[2 cgroups]"]);
    expect(foldsOf(items).map((fold) => fold.sums.get("cpu_cores"))).toEqual([1.75, 0.625]);
  });
  it("opens each under its head", () => {
    expect(lines(folded(rows, "programs")).slice(3)).toEqual([
      "[2 programs]",
      "- process:make",
      "- process:bash",
      "[2 cgroups]",
    ]);
    expect(lines(folded(rows, "cgroups")).slice(4)).toEqual(["[2 cgroups]", "- /x", "- /y"]);
  });
  it("never folds what needs attention, and counts it once", () => {
    const items = folded([...rows, row("/z", "cgroup", 0.01, 10), row("process:bad", "process", 3, 1)]);
    expect(lines(items).slice(0, 2)).toEqual(["/z", "process:bad"]);
    expect(lines(items).slice(-2)).toEqual(["[2 programs]", "[2 cgroups]"]);
    expect(foldsOf(items)[0]?.sums.get("cpu_cores")).toBe(1.75);
  });
  it("is no line for one alone, which has its place among the others", () => {
    expect(lines(folded([row("process:a", "process", 1), row("/docker/a", "container", 0)]))).toEqual([
      "process:a",
      "/docker/a",
    ]);
    expect(folded([])).toEqual([]);
  });
  it("adds up nothing twice: cgroups below one another, inside of a line of its own, or around it", () => {
    const [fold] = foldsOf(
      folded([
        row("/docker", "cgroup", 2),
        row("/docker/a", "container", 2),
        row("/docker/a/init", "cgroup", 1),
        row("/docker/a/workers", "cgroup", 1),
        row("/x", "cgroup", 0.5),
        row("/x/y", "cgroup", 0.25),
      ]),
    );
    expect(fold?.sums.get("cpu_cores")).toBe(0.5);
    expect(fold?.note).toBe("3 in other lines, not in the sum");
  });
});

describe("a search", () => {
  const none: Filters = { text: "", kind: "", runtime: "", project: "", pod: "", only: false };
  it("is any filter", () => {
    expect(isSearch(none)).toBe(false);
    for (const some of [
      { text: "a" },
      { kind: "pod" },
      { runtime: "r" },
      { project: "p" },
      { pod: "p" },
      { only: true },
    ])
      expect(isSearch({ ...none, ...some })).toBe(true);
  });
});
