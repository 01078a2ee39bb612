import { describe, expect, it } from "vitest";
import { conditionsOf, weight, type Figures } from "../src/model/conditions";
import type { Facts } from "../src/model/workload";

const facts: Facts = { key: 1, id: "/docker/a", kind: "container", workload: "a" };
const calm: Figures = {
  cpu_throttled: 0,
  memory_bytes: 100,
  working_set_bytes: 90,
  pids: 1,
  psi_cpu: 0,
  psi_memory: 0,
  psi_io: 0,
};
const types = (
  figures: Partial<Figures>,
  more: Partial<Facts> = {},
  recent?: Parameters<typeof conditionsOf>[2],
): string[] => conditionsOf({ ...facts, ...more }, { ...calm, ...figures }, recent).map((one) => one.type);

describe("what stands out", () => {
  it("is nothing while all is calm or unknown", () => {
    expect(types({})).toEqual([]);
    expect(
      types(
        {
          cpu_throttled: null,
          working_set_bytes: null,
          memory_bytes: null,
          pids: null,
          psi_cpu: null,
          psi_memory: null,
          psi_io: null,
        },
        { limits: { memory_bytes: 1 } },
      ),
    ).toEqual([]);
  });
  it("is throttling from a twentieth of the time on", () => {
    expect(types({ cpu_throttled: 0.049 })).toEqual([]);
    expect(types({ cpu_throttled: 0.05 })).toEqual(["throttled"]);
  });
  it("is memory near its limit, by what cannot be reclaimed", () => {
    expect(types({}, { limits: { memory_bytes: 100 } })).toEqual(["near_limit"]);
    expect(types({ working_set_bytes: 50 }, { limits: { memory_bytes: 100 } })).toEqual([]);
    expect(types({ working_set_bytes: null }, { limits: { memory_bytes: 100 } })).toEqual(["near_limit"]);
  });
  it("is pressure, of CPU only when it is much", () => {
    expect(types({ psi_memory: 0.1, psi_io: 0.5, psi_cpu: 0.2 })).toEqual(["pressured", "pressured"]);
    expect(types({ psi_cpu: 0.3 })).toEqual(["pressured"]);
  });
  it("is what happened recently, and the worst weighs most", () => {
    expect(types({}, { health: "unhealthy" }, { oomKills: 2, restarts: 3 })).toEqual([
      "oom_killed",
      "restarting",
      "unhealthy",
    ]);
    const bad = conditionsOf(facts, calm, { oomKills: 1, restarts: 0 });
    const warned = conditionsOf(facts, { ...calm, cpu_throttled: 0.5 });
    expect(weight(bad)).toBeGreaterThan(weight(warned));
    expect(weight([])).toBe(0);
  });
});
