import { beforeEach, describe, expect, it, vi } from "vitest";
import { Live } from "../src/data/live";
import type { Facts } from "../src/model/workload";

const facts = (key: number, id: string): Facts => ({ key, id, kind: "container", workload: id });
const sample = (time: number) => ({ time, fields: ["cpu_cores"], rows: [] });

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
