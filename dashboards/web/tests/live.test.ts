import { beforeEach, describe, expect, it, vi } from "vitest";
import { Live } from "../src/data/live";
import type { Facts } from "../src/model/workload";

const facts = (key: number, id: string): Facts => ({ key, id, kind: "container", workload: id });
const sample = (time: number) => ({ time, fields: ["cpu_cores"], rows: [] });

describe("what needs attention", () => {
  beforeEach(() => vi.stubGlobal("document", { hidden: true }));
  const fields = ["psi_cpu", "psi_io"];
  const badges = (live: Live, id: string): string[] => {
    const entry = live.find(id);
    return entry ? live.conditions(entry).map((one) => one.text) : ["not there"];
  };

  it("waits more than the host, and is no parent of what is marked", () => {
    const live = new Live();
    const host = { ...facts(1, "/"), kind: "host", seen: "2026-11-30T14:00:00Z" };
    live.workloads({ workloads: [host, facts(2, "/pod"), facts(3, "/pod/a"), facts(4, "/b")], full: true });
    const rows = (ofHost: number): [number, ...number[]][] => [
      [1, ofHost, 0],
      [2, 0.9, 0.3],
      [3, 0.9, 0],
      [4, 0.5, 0],
    ];
    live.sample({ time: 1, fields, rows: rows(0.48) });
    expect(["/", "/pod", "/pod/a", "/b"].map((id) => badges(live, id))).toEqual([
      ["cpu wait 48 %"],
      ["io wait 30 %"],
      ["cpu wait 90 %"],
      [],
    ]);
    live.sample({ time: 2, fields, rows: rows(0.2) });
    expect(badges(live, "/b")).toEqual(["cpu wait 50 %"]);
    expect(live.begin).toBe(Date.parse("2026-11-30T14:00:00Z") / 1000);
  });
});

describe("what the agent can be asked about", () => {
  beforeEach(() => vi.stubGlobal("document", { hidden: true }));

  it("is nothing before its list is here", () => {
    const live = new Live();
    live.hello({});
    expect([live.connections, live.askable("/a")]).toEqual([0, false]);
    live.workloads({ workloads: [facts(1, "/a")], full: true });
    expect([live.connections, live.askable("/a"), live.askable("/b")]).toEqual([1, true, false]);
  });
  it("is what has just started, once the list has it", () => {
    const live = new Live();
    live.workloads({ workloads: [], full: true });
    live.sample(sample(1)); // the last one, sent again to who connects
    expect(live.askable("/new")).toBe(false);
    live.workloads({ workloads: [facts(1, "/new")] });
    expect([live.askable("/new"), live.runs("/new")]).toEqual([true, true]);
  });
  it("is what is not in the list after a whole pass: the history may have it", () => {
    const live = new Live();
    live.workloads({ workloads: [], full: true });
    live.sample(sample(1));
    live.sample(sample(2));
    expect([live.askable("/old"), live.runs("/old")]).toEqual([true, false]);
  });
  it("is what has ended in sight of the page, which no longer runs", () => {
    const live = new Live();
    live.workloads({ workloads: [facts(1, "/a")], full: true });
    live.workloads({ workloads: [], removed: [1] });
    expect([live.askable("/a"), live.runs("/a")]).toEqual([true, false]);
  });
});
