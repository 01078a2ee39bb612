import { describe, expect, it } from "vitest";
import { attentionOf, attentionText, conditionsOf, weight, type Figures } from "../src/model/conditions";
import type { Facts } from "../src/model/workload";

const facts: Facts = { key: 1, id: "/docker/a", kind: "container", workload: "a" };
const calm: Figures = {
  cpu_throttled: 0,
  memory_bytes: 100,
  working_set_bytes: 90,
  pids: 1,
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
  it("is what it waits for, in words that say more than the host", () => {
    const [found] = conditionsOf(facts, calm, undefined, [{ resource: "cpu", value: 0.72 }]);
    expect(found).toMatchObject({ type: "pressured", severity: "warning", text: "cpu wait 72 %" });
    expect(found?.title).toBe("Processes waited for a CPU 72 % of the time, more than on the host as a whole");
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
  it("weighs a critical one more than any number of warnings, and waiting the least", () => {
    const all = { oomKills: 0, restarts: 1 };
    const waiting = (["cpu", "memory", "io"] as const).map((resource) => ({ resource, value: 1 }));
    const warnings = conditionsOf(facts, { ...calm, cpu_throttled: 1 }, all, waiting);
    expect(warnings).toHaveLength(5);
    expect(weight(conditionsOf(facts, calm, { oomKills: 1, restarts: 0 }))).toBeGreaterThan(weight(warnings));
    expect(weight(conditionsOf(facts, { ...calm, cpu_throttled: 0.05 }))).toBeGreaterThan(
      weight(conditionsOf(facts, calm, undefined, waiting)),
    );
  });
  it("is counted by workload, each by its worst", () => {
    const oom = conditionsOf(facts, { ...calm, cpu_throttled: 0.5 }, { oomKills: 3, restarts: 1 });
    const throttled = conditionsOf(facts, { ...calm, cpu_throttled: 0.5 });
    expect(oom).toHaveLength(3);
    expect(attentionOf([oom, throttled, [], throttled])).toEqual({ critical: 1, warning: 2 });
    expect(attentionText({ critical: 2, warning: 11 })).toBe("2 critical, 11 warnings");
    expect(attentionText({ critical: 0, warning: 1 })).toBe("1 warning");
    expect(attentionText({ critical: 1, warning: 0 })).toBe("1 critical");
    expect(attentionText({ critical: 0, warning: 0 })).toBe("none");
  });
});
