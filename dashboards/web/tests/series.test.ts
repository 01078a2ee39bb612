import { describe, expect, it } from "vitest";
import {
  align,
  joined,
  panned,
  perLimit,
  perMean,
  perUnit,
  rateOf,
  stepFor,
  summary,
  within,
  zoomed,
  type Point,
} from "../src/model/series";

describe("joining and aligning", () => {
  it("adds live points behind the history only", () => {
    expect(
      joined(
        [
          [1, 1],
          [2, 2],
        ],
        [
          [1.5, 9],
          [2, 9],
          [3, 3],
          [2.5, 9],
          [4, 4],
        ],
      ),
    ).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    expect(joined([], [[1, 1]])).toEqual([[1, 1]]);
  });
  it("breaks the line where nothing was measured", () => {
    const [times, values] = align(
      [
        [
          [0, 1],
          [1, 1],
          [10, 2],
          [11, 2],
        ],
      ],
      1,
    );
    expect(times).toEqual([0, 1, 2, 10, 11]);
    expect(values).toEqual([1, 1, null, 2, 2]);
  });
  it("does not break a line where only another series has a time", () => {
    const [times, first, second] = align(
      [
        [
          [0, 0],
          [2, 4],
        ],
        [[1, 5]],
      ],
      1,
    );
    expect(times).toEqual([0, 1, 2]);
    expect(first).toEqual([0, 2, 4]);
    expect(second).toEqual([null, 5, null]);
  });
  it("takes nothing at all", () => expect(align([[], []], 1)).toEqual([[], [], []]));
  it("keeps what lies within", () =>
    expect(
      within(
        [
          [1, 1],
          [2, 2],
          [3, 3],
        ],
        2,
        3,
      ),
    ).toEqual([
      [2, 2],
      [3, 3],
    ]));
});

describe("ranges", () => {
  it("chooses a step that gives no more points than there is room for", () => {
    expect(stepFor(900, 600)).toBe(2);
    expect(stepFor(120, 600)).toBe(1);
    expect(stepFor(86400, 600)).toBe(300);
    expect(stepFor(120, 600, 15)).toBe(15);
    for (const seconds of [1, 77, 5000, 1e6, 3e7]) expect(seconds / stepFor(seconds, 600)).toBeLessThanOrEqual(600);
  });
  it("moves, and is live again at now", () => {
    expect(panned({ last: 100 }, -0.5, 1000)).toEqual({ from: 850, to: 950 });
    expect(panned({ from: 850, to: 950 }, 0.5, 1000)).toEqual({ last: 100 });
  });
  it("zooms around the middle, and stays live while live", () => {
    expect(zoomed({ from: 0, to: 100 }, 0.5, 1000)).toEqual({ from: 25, to: 75 });
    expect(zoomed({ last: 100 }, 2, 1000)).toEqual({ last: 200 });
    expect(zoomed({ last: 12 }, 0.5, 1000)).toEqual({ last: 10 });
  });
});

describe("making workloads comparable", () => {
  const points: Point[] = [
    [1, 0.5],
    [2, 1],
  ];
  it("by the limit", () => {
    expect(perLimit(points, 2)).toEqual([
      [1, 0.25],
      [2, 0.5],
    ]);
    expect(perLimit(points, undefined)).toEqual([]);
    expect(perLimit(points, 0)).toEqual([]);
  });
  it("by a mean", () => {
    expect(perMean(points, 0.5)).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(perMean(points, 0)).toEqual([]);
  });
  it("by the work of the same moment, and not where none was done", () => {
    const work: Point[] = [
      [1.1, 10],
      [2.1, 0],
      [7, 4],
    ];
    expect(
      perUnit(
        [
          [1, 5],
          [2, 5],
          [7, 2],
          [30, 1],
        ],
        work,
        1,
      ),
    ).toEqual([
      [1, 0.5],
      [7, 0.5],
    ]);
  });
  it("summarises what is there", () => {
    expect(summary([null, 1, 3, null])).toEqual({ last: 3, mean: 2, least: 1, most: 3 });
    expect(summary([null])).toBeUndefined();
  });
  it("gives no rate over a reset or a clock that was set back", () => {
    expect(rateOf({ time: 1, value: 10 }, { time: 3, value: 20 })).toBe(5);
    expect(rateOf({ time: 1, value: 10 }, { time: 3, value: 2 })).toBeUndefined();
    expect(rateOf({ time: 3, value: 1 }, { time: 3, value: 2 })).toBeUndefined();
  });
});
