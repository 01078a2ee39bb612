import { describe, expect, it } from "vitest";
import { workloadEventOf } from "../src/data/workload_events";
import { inDrawingOrder } from "../src/parts/chart_plugins";

describe("marks of events", () => {
  it("are drawn with the grave ones on top, whatever their numbers", () => {
    // A kill is numbered after the restart that follows it.
    const events = [
      { id: 434, time: 48.0, type: "died" },
      { id: 433, time: 48.08, type: "oom_killed" },
      { id: 432, time: 48.87, type: "restarted" },
      { id: 431, time: 40, type: "throttled" },
      { id: 430, time: 30, type: "oom_killed" },
    ].map(workloadEventOf);
    expect(inDrawingOrder(events).map((one) => one.id)).toEqual([431, 432, 434, 430, 433]);
    expect(inDrawingOrder([])).toEqual([]);
  });
});
