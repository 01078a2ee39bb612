import { describe, expect, it } from "vitest";
import { kRecentSamples, RecentSamples } from "../src/model/recent_samples";

function points(recent: RecentSamples, column = 0): [number, number][] {
  const all: [number, number][] = [];
  recent.each(column, (time, value) => all.push([time, value]));
  return all;
}

describe("the last samples", () => {
  it("holds so many and no more", () => {
    const recent = new RecentSamples();
    for (let t = 1; t <= kRecentSamples + 5; t += 1) recent.push(t, [t * 2]);
    expect(recent.size).toBe(kRecentSamples);
    expect(points(recent)[0]).toEqual([6, 12]);
    expect(recent.value(0)).toBe((kRecentSamples + 5) * 2);
  });
  it("keeps a gap a gap", () => {
    const recent = new RecentSamples();
    recent.push(1, [null, 4]);
    recent.push(2, [3, null]);
    expect(points(recent, 0)).toEqual([
      [1, NaN],
      [2, 3],
    ]);
    expect(recent.value(1)).toBeNull();
  });
  it("forgets a future that a clock set back has undone", () => {
    const recent = new RecentSamples();
    for (const t of [10, 11, 12, 13]) recent.push(t, [t]);
    recent.push(11.5, [1]);
    expect(points(recent).map(([t]) => t)).toEqual([10, 11, 11.5]);
  });
  it("puts the history before what it has", () => {
    const recent = new RecentSamples();
    recent.push(10, [10]);
    recent.prepend(
      new Map([
        [8, [8]],
        [9, [9]],
        [10, [99]],
        [11, [99]],
      ]),
    );
    expect(points(recent)).toEqual([
      [8, 8],
      [9, 9],
      [10, 10],
    ]);
    recent.push(11, [11]);
    expect(points(recent).map(([t]) => t)).toEqual([8, 9, 10, 11]);
  });
  it("fills from the history what a connection's first sample lacks", () => {
    const recent = new RecentSamples();
    recent.push(10.9, [null, 5]);
    recent.push(11.9, [3, 6]);
    recent.prepend(
      new Map([
        [9, [1, 1]],
        [10, [2, 99]],
      ]),
    );
    expect(points(recent, 0)).toEqual([
      [9, 1],
      [10.9, 2],
      [11.9, 3],
    ]);
    expect(points(recent, 1)).toEqual([
      [9, 1],
      [10.9, 5],
      [11.9, 6],
    ]);
  });
  it("takes no more history than there is room for, the newest", () => {
    const recent = new RecentSamples();
    recent.push(1000, [1]);
    recent.prepend(new Map(Array.from({ length: 500 }, (_, i) => [i, [i]] as [number, number[]])));
    expect(recent.size).toBe(kRecentSamples);
    expect(points(recent)[0]?.[0]).toBe(500 - (kRecentSamples - 1));
  });
});
