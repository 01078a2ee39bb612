import { describe, expect, it } from "vitest";
import { waitingByWorkload, waitingOf, type Pressures } from "../src/model/pressure";

const calm: Pressures = { psi_cpu: 0, psi_memory: 0, psi_io: 0 };
const of = (id: string, pressures: Partial<Pressures>) => ({ id, pressures: { ...calm, ...pressures } });
const named = (all: ReturnType<typeof of>[], host?: Partial<Pressures>): string[] =>
  [...waitingByWorkload(all, host && { ...calm, ...host })].flatMap(([id, waiting]) =>
    waiting.map(({ resource }) => `${id} ${resource}`),
  );

describe("who waits", () => {
  it("waits from a tenth of the time on, for a CPU from a quarter", () => {
    expect(waitingOf({ psi_cpu: 0.24, psi_memory: 0.09, psi_io: 0.09 })).toEqual([]);
    expect(waitingOf({ psi_cpu: 0.25, psi_memory: 0.1, psi_io: 0.5 })).toEqual([
      { resource: "memory", value: 0.1 },
      { resource: "io", value: 0.5 },
      { resource: "cpu", value: 0.25 },
    ]);
    expect(waitingOf({ psi_cpu: null, psi_memory: null, psi_io: null }, calm)).toEqual([]);
  });
  it("is nobody while all wait as long as the host does", () => {
    const all = ["/docker", "/docker/a", "/b"].map((id) => of(id, { psi_cpu: 0.72, psi_io: 0.3 }));
    expect(named(all, { psi_cpu: 0.72, psi_io: 0.31 })).toEqual([]);
    expect(named(all, { psi_cpu: 0.7, psi_io: 0.28 })).toEqual([]);
  });
  it("is who waits more than the host, for what it does", () => {
    const all = [of("/a", { psi_cpu: 0.95, psi_io: 0.3 }), of("/b", { psi_cpu: 0.5 })];
    expect(named(all, { psi_cpu: 0.5, psi_io: 0.3 })).toEqual(["/a cpu"]);
    expect(named(all, {})).toEqual(["/a io", "/a cpu", "/b cpu"]);
    expect(named(all, { psi_cpu: null, psi_io: null })).toEqual(["/a io", "/a cpu", "/b cpu"]);
    expect(named(all)).toEqual(["/a io", "/a cpu", "/b cpu"]);
  });
  it("is never a parent for what one of its children waits for", () => {
    const tree = ["/kubepods", "/kubepods/burstable", "/kubepods/burstable/pod", "/kubepods/burstable/pod/c"];
    expect(
      named(
        tree.map((id) => of(id, { psi_cpu: 0.72 })),
        {},
      ),
    ).toEqual(["/kubepods/burstable/pod/c cpu"]);
    expect(named([of("/a", { psi_cpu: 0.7, psi_memory: 0.2 }), of("/a/b", { psi_cpu: 0.7 })], {})).toEqual([
      "/a memory",
      "/a/b cpu",
    ]);
    expect(named([of("/a", { psi_cpu: 0.7 }), of("/a-b", { psi_cpu: 0.7 })], {})).toEqual(["/a cpu", "/a-b cpu"]);
  });
  it("is a parent for what none of its children waits for", () => {
    expect(named([of("/a", { psi_io: 0.4 }), of("/a/b", { psi_io: 0.09 })], {})).toEqual(["/a io"]);
  });
});
