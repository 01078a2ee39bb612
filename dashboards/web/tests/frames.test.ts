import { describe, expect, it } from "vitest";
import { Frames } from "../src/model/frames";
import type { Row } from "../src/model/table";
import { searched, type Facts } from "../src/model/workload";

function row(id: string, kind: string, pids?: number): Row {
  const facts: Facts = { key: 0, id, kind, workload: id };
  return {
    facts,
    value: (field) => (field === "pids" ? (pids ?? null) : null),
    weight: 0,
    search: searched(facts),
  };
}
const framesOf = (...rows: Row[]): string[] => [...new Frames().of(rows, 1)];

describe("frames", () => {
  it("are slices, pods and parents that only hold others", () => {
    expect(
      framesOf(
        row("/kubepods", "cgroup", 6),
        row("/kubepods/burstable", "cgroup", 6),
        row("/kubepods/burstable/pod1", "pod", 6),
        row("/kubepods/burstable/pod1/a", "container", 4),
        row("/kubepods/burstable/pod1/b", "container", 2),
        row("/system.slice", "slice", 3),
        row("/system.slice/ssh.service", "service", 3),
      ),
    ).toEqual(["/kubepods", "/kubepods/burstable", "/kubepods/burstable/pod1", "/system.slice"]);
  });
  it("are parents of which nobody knows the tasks, and empty slices", () => {
    expect(framesOf(row("/docker", "cgroup"), row("/docker/a", "container", 5), row("/empty.slice", "slice"))).toEqual([
      "/docker",
      "/empty.slice",
    ]);
  });
  it("are not what has tasks of its own", () => {
    expect(
      framesOf(row("/batch", "cgroup", 7), row("/batch/worker", "cgroup", 4), row("/user.slice", "slice", 1)),
    ).toEqual([]);
  });
  it("are not what people gave a name, whatever it holds", () => {
    expect(
      framesOf(
        row("/machine", "container", 4),
        row("/machine/init.scope", "scope", 4),
        row("/vm", "machine", 2),
        row("/vm/inner.service", "service", 2),
        row("/system.slice/app.service", "service", 3),
        row("/system.slice/app.service/worker-1", "cgroup", 3),
        row("process:bash", "process", 1),
      ),
    ).toEqual([]);
  });
  it("are a user's manager, which holds units", () => {
    const manager = "/user.slice/user-1000.slice/user@1000.service";
    expect(
      framesOf(
        row(manager, "service", 3),
        row(`${manager}/init.scope`, "scope", 2),
        row(`${manager}/app.slice`, "slice", 1),
        row(`${manager}/app.slice/x.service`, "service", 1),
      ),
    ).toEqual([manager, `${manager}/app.slice`]);
  });
  it("do not come and go with a task that was counted in one place only", () => {
    const frames = new Frames();
    const rows = (own: number): Row[] => [row("/a", "cgroup", 3 + own), row("/a/b", "container", 3)];
    const seen = [0, 1, 0, 2, 0, 0, 1, 0].map((own, time) => frames.of(rows(own), time).has("/a"));
    expect(seen).toEqual(seen.map(() => true));
  });
  it("cease to be when tasks stay", () => {
    const frames = new Frames();
    const rows = (own: number): Row[] => [row("/a", "cgroup", 3 + own), row("/a/b", "container", 3)];
    const seen = Array.from({ length: 8 }, (_, time) => frames.of(rows(time > 0 ? 1 : 0), time).has("/a"));
    expect(seen).toEqual([true, true, true, true, true, false, false, false]);
    const again = Array.from({ length: 12 }, (_, time) => frames.of(rows(0), 100 + time).has("/a"));
    expect(again.at(-1)).toBe(true);
  });
});
