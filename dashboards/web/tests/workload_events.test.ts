import { describe, expect, it } from "vitest";
import { WorkloadEvents, kMaxEvents } from "../src/data/workload_events";

const event = (id: number, type: string, time: number, workload = "/a") => ({
  id,
  type,
  time,
  workload: { id: workload },
});

describe("events", () => {
  it("come in any order, each once, newest first", () => {
    const list = new WorkloadEvents();
    expect(list.add([event(2, "died", 20), event(1, "started", 10)])).toBe(true);
    expect(list.add([event(2, "died", 20)])).toBe(false);
    list.add([event(3, "started", 30, "/b")]);
    expect(list.all().map((one) => one.id)).toEqual([3, 2, 1]);
    expect(list.of("/a").map((one) => one.id)).toEqual([2, 1]);
    expect(list.newest()).toBe(3);
  });
  it("are bounded", () => {
    const list = new WorkloadEvents();
    list.add(Array.from({ length: kMaxEvents + 10 }, (_, i) => event(i + 1, "started", i)));
    expect(list.all()).toHaveLength(kMaxEvents);
    expect(list.newest()).toBe(kMaxEvents + 10);
  });
  it("say what happened recently", () => {
    const list = new WorkloadEvents();
    list.add([
      event(1, "oom_killed", 100),
      event(2, "oom_killed", 900),
      event(3, "restarted", 910),
      event(4, "died", 905),
    ]);
    expect(list.recent("/a", 1000)).toEqual({ oomKills: 1, restarts: 1 });
    expect(list.recent("/b", 1000)).toEqual({ oomKills: 0, restarts: 0 });
  });
  it("count the restarts of a container that has another id each time", () => {
    const list = new WorkloadEvents();
    list.add([{ ...event(1, "restarted", 900, "/fourth"), details: { restarts: 3, seconds: 45 } }]);
    expect(list.recent("/fourth", 1000)).toEqual({ oomKills: 0, restarts: 3 });
    list.add([{ ...event(2, "restarted", 950, "/slow"), details: { restarts: 5, seconds: 1500 } }]);
    expect(list.recent("/slow", 1000)).toEqual({ oomKills: 0, restarts: 1 });
  });
});
