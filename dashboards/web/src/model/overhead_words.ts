// The words for the overhead, and where it is drawn: the words of the program's own tables
// (agent/overhead/report/report_words.cc), and scales of the ratio to the baseline. Pure.
import { smallSeconds } from "./comparing";
import type { Cell } from "./export";
import { reasonOf, type Group, type Outcome, type Report, type Row } from "./overhead_report";
import type { Quantity } from "./url_state";

const asPercent = (ratio: number): boolean => ratio >= 0.5 && ratio < 2;

function percent(ratio: number): string {
  const change = (ratio - 1) * 100;
  const text = change.toFixed(Math.abs(change) < 9.95 ? 1 : 0);
  return text.startsWith("-") ? text : `+${text}`;
}

const times = (ratio: number): string => ratio.toFixed(ratio < 1 ? 2 : ratio < 9.95 ? 1 : 0);

export const timeText = (nanoseconds: number): string => smallSeconds(nanoseconds / 1e9);

/** "+5.2 %" up to twice and down to half, then "x 49". */
export function changeText(ratio: number): string {
  return asPercent(ratio) ? `${percent(ratio)} %` : `x ${times(ratio)}`;
}

export function intervalText({ low, high }: { low: number; high: number }): string {
  return asPercent(low) && asPercent(high)
    ? `${percent(low)} .. ${percent(high)} %`
    : `x ${times(low)} .. ${times(high)}`;
}

export function noiseText(floor: number | undefined): string {
  if (floor === undefined) return "unknown";
  return floor < 2 ? `${((floor - 1) * 100).toFixed(1)} %` : `x ${times(floor)}`;
}

const kNoDifference = "no measurable difference";
const kCannotTell = "cannot tell: this machine was busy";

/** Of a comparison without a number. */
export const withoutNumber = (outcome: Outcome): string => (outcome.unclear ? kCannotTell : kNoDifference);

function accessibleRatio(ratio: number): string {
  if (!asPercent(ratio)) return `${times(ratio)} times`;
  const text = percent(ratio);
  return `${text.slice(1)} percent ${text.startsWith("-") ? "less" : "more"}`;
}

/** In words, for screen readers. */
export function accessibleOutcome(outcome: Outcome, time: number | undefined): string {
  if (outcome.ratio === undefined) return withoutNumber(outcome);
  const both = asPercent(outcome.low) === asPercent(outcome.high);
  const interval = both
    ? `${accessibleRatio(outcome.low)} to ${accessibleRatio(outcome.high)}`
    : `${times(outcome.low)} times to ${times(outcome.high)} times`;
  const measured = time === undefined ? "" : `, ${timeText(time)}`;
  return `${accessibleRatio(outcome.ratio)}, 95 percent interval ${interval}${measured}`;
}

// ---- the scale

export interface Scale {
  logarithmic: boolean;
  /** From 0 at the left end to 1 at the right. */
  at: (ratio: number) => number;
  ticks: { at: number; text: string }[];
}

const kRoom = 0.2; // between two ticks, as a part of the width
const kNarrowest = 0.05; // of a scale, at each side of 1
const kSteps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

function percentTick(ratio: number): string {
  const change = Math.round((ratio - 1) * 100);
  return change === 0 ? "1" : `${change > 0 ? "+" : ""}${change} %`;
}

function linearTicks(low: number, high: number): { ratio: number; text: string }[] {
  const step = kSteps.find((one) => one / (high - low) >= kRoom) ?? 1;
  const ticks = [];
  for (let i = Math.ceil((low - 1) / step); 1 + i * step <= high; i += 1)
    ticks.push({ ratio: 1 + i * step, text: percentTick(1 + i * step) });
  return ticks;
}

/** 1 first, then powers of ten, then fives and twos, each where there is room. */
function logarithmicTicks(low: number, high: number, at: (ratio: number) => number): { ratio: number; text: string }[] {
  const exponents = Array.from({ length: 19 }, (_, i) => i - 9);
  const wanted = [1, ...[1, 5, 2].flatMap((digit) => exponents.map((exponent) => Number(`${digit}e${exponent}`)))];
  const taken: number[] = [];
  for (const ratio of wanted) {
    if (ratio >= low && ratio <= high && taken.every((other) => Math.abs(at(other) - at(ratio)) >= kRoom))
      taken.push(ratio);
  }
  return taken.sort((a, b) => a - b).map((ratio) => ({ ratio, text: ratio === 1 ? "1" : `x ${ratio}` }));
}

/** Of everything that is drawn of a group; logarithmic where something is beyond twice or half. */
export function scaleOf(group: Group, quantity: Quantity): Scale {
  const floor = group.floor[quantity];
  const values = [
    floor,
    floor && 1 / floor,
    ...group.rows.flatMap((row) => {
      const outcome = row.outcome[quantity];
      return [outcome?.low, outcome?.high, outcome?.ratio];
    }),
    group.control[quantity]?.low,
    group.control[quantity]?.high,
  ].filter((value): value is number => value !== undefined);
  const least = Math.min(1 - kNarrowest, ...values);
  const most = Math.max(1 + kNarrowest, ...values);
  const logarithmic = most > 2 || least < 0.5;
  const place = (ratio: number): number => (logarithmic ? Math.log(ratio) : ratio);
  const edge = (place(most) - place(least)) * 0.02;
  const [from, to] = [place(least) - edge, place(most) + edge];
  const at = (ratio: number): number => Math.min(Math.max((place(ratio) - from) / (to - from), 0), 1);
  const ticks = logarithmic ? logarithmicTicks(Math.exp(from), Math.exp(to), at) : linearTicks(from, to);
  return { logarithmic, at, ticks: ticks.map(({ ratio, text }) => ({ at: at(ratio), text })) };
}

// ---- the export

export const kExportHeader = [
  "run",
  "workload",
  "operation",
  "label",
  "quantity",
  "rounds",
  "baseline_ns",
  "time_ns",
  "differs",
  "ratio",
  "interval_low",
  "interval_high",
  "noise_floor",
  "p_corrected",
  "reason",
] as const;

/** What is shown: no time and no ratio where there is no difference to quote. */
export function exportRows(report: Report, quantity: Quantity): Cell[][] {
  const rowOf = (group: Group, row: Row): Cell[] => {
    const outcome = row.outcome[quantity];
    return [
      report.run,
      group.workload,
      group.operation,
      row.label,
      quantity,
      row.rounds,
      group.baseline[quantity],
      outcome?.differs ? row.time[quantity] : undefined,
      outcome === undefined ? undefined : outcome.unclear ? "unclear" : String(outcome.differs),
      outcome?.ratio,
      outcome?.low,
      outcome?.high,
      group.floor[quantity],
      outcome?.p,
      outcome === undefined ? reasonOf(row, quantity) : row.reason || undefined,
    ];
  };
  return report.groups.flatMap((group) => group.rows.map((row) => rowOf(group, row)));
}
