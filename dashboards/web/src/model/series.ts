// The mathematics of charts: ranges, steps, joining history with what is live, and
// making workloads of different size comparable. Pure.
import type { Range } from "./url_state";

export type Point = readonly [time: number, value: number];

/** Columns for a chart: times ascending, and for each series its values or gaps. */
export type Aligned = [number[], ...(number | null)[][]];

const kSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

/** The finest step that does not give more points than there is room for. */
export function stepFor(seconds: number, room: number, finest = 1): number {
  const wanted = Math.max(seconds / Math.max(room, 1), finest);
  return kSteps.find((step) => step >= wanted) ?? 86400;
}

export function bounds(range: Range, now: number): { from: number; to: number } {
  return "last" in range ? { from: now - range.last, to: now } : range;
}

export function isLive(range: Range): range is { last: number } {
  return "last" in range;
}

/** Moves by a part of the range; what would reach past now becomes live again. */
export function panned(range: Range, part: number, now: number): Range {
  const { from, to } = bounds(range, now);
  const by = (to - from) * part;
  return to + by >= now ? { last: Math.round(to - from) } : { from: from + by, to: to + by };
}

/** By a factor around the middle; the end stays at now while live. */
export function zoomed(range: Range, factor: number, now: number): Range {
  const { from, to } = bounds(range, now);
  const size = Math.min(Math.max((to - from) * factor, 10), 31 * 86400);
  if (isLive(range)) return { last: Math.round(size) };
  const middle = (from + to) / 2;
  return middle + size / 2 >= now ? { last: Math.round(size) } : { from: middle - size / 2, to: middle + size / 2 };
}

/**
 * Series of points on one axis of times. Where a series is silent for more than
 * three steps the line is broken: a gap must not look like a measurement.
 */
export function align(series: readonly (readonly Point[])[], step: number): Aligned {
  const times = new Set<number>();
  for (const points of series) {
    let last = NaN;
    for (const [time] of points) {
      if (time - last > 3 * step) times.add(last + step);
      times.add(time);
      last = time;
    }
  }
  const axis = [...times].sort((a, b) => a - b);
  const columns = series.map((points) => {
    const column: (number | null)[] = new Array<number | null>(axis.length).fill(null);
    let at = 0;
    let previous = NaN;
    for (const [time, value] of points) {
      while ((axis[at] ?? Infinity) < time) at += 1;
      column[at] = value;
      if (time - previous <= 3 * step) bridge(column, axis, at, previous);
      previous = time;
    }
    return column;
  });
  return [axis, ...columns];
}

/** Between two neighbouring points of one series, times that only others have are no gap. */
function bridge(column: (number | null)[], axis: readonly number[], end: number, start: number): void {
  let from = end - 1;
  while (from >= 0 && (axis[from] ?? 0) > start) from -= 1;
  const left = column[from];
  const right = column[end];
  if (left === null || left === undefined || right === null || right === undefined) return;
  const width = (axis[end] ?? 0) - (axis[from] ?? 0);
  for (let i = from + 1; i < end; i += 1) {
    column[i] = left + ((right - left) * ((axis[i] ?? 0) - (axis[from] ?? 0))) / width;
  }
}

/** History with the live points that are newer than its end. Times strictly ascend. */
export function joined(history: readonly Point[], live: readonly Point[]): Point[] {
  const end = history.length > 0 ? (history[history.length - 1]?.[0] ?? -Infinity) : -Infinity;
  const result = history.slice();
  let last = end;
  for (const point of live) {
    if (point[0] > last) {
      result.push(point);
      last = point[0];
    }
  }
  return result;
}

export function within(points: readonly Point[], from: number, to: number): Point[] {
  return points.filter(([time]) => time >= from && time <= to);
}

export interface Summary {
  last: number;
  mean: number;
  least: number;
  most: number;
}

export function summary(values: readonly (number | null)[]): Summary | undefined {
  let sum = 0;
  let number = 0;
  let least = Infinity;
  let most = -Infinity;
  let last = NaN;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    sum += value;
    number += 1;
    least = Math.min(least, value);
    most = Math.max(most, value);
    last = value;
  }
  return number === 0 ? undefined : { last, mean: sum / number, least, most };
}

/** Each value as a part of the limit. Without a limit there is nothing to show. */
export function perLimit(points: readonly Point[], limit: number | undefined): Point[] {
  return limit === undefined || limit <= 0 ? [] : points.map(([time, value]) => [time, value / limit]);
}

/** As multiples of a mean: the first workload's own is 1. */
export function perMean(points: readonly Point[], mean: number | undefined): Point[] {
  return mean === undefined || mean <= 0 ? [] : points.map(([time, value]) => [time, value / mean]);
}

/**
 * What one unit of work costs: the value divided by the rate of work of the same
 * moment. Where no work was done there is no answer.
 */
export function perUnit(points: readonly Point[], work: readonly Point[], step: number): Point[] {
  const result: Point[] = [];
  let at = 0;
  for (const [time, value] of points) {
    while (at + 1 < work.length && (work[at + 1]?.[0] ?? Infinity) <= time + step / 2) at += 1;
    const rate = work[at];
    if (rate && Math.abs(rate[0] - time) <= step && rate[1] > 0) result.push([time, value / rate[1]]);
  }
  return result;
}

/** Rates of a counter between two readings; a counter that was reset gives none. */
export function rateOf(
  before: { time: number; value: number },
  after: { time: number; value: number },
): number | undefined {
  const seconds = after.time - before.time;
  return seconds > 0 && after.value >= before.value ? (after.value - before.value) / seconds : undefined;
}

/** Round steps for an axis of bytes: powers of two, so that its marks read 1, 2, 4 MiB. */
export const kByteSteps: number[] = Array.from({ length: 54 }, (_, power) => 2 ** power);
