// What a chart draws, as options of uPlot.
import type uPlot from "uplot";
import type { WorkloadEvent } from "../data/workload_events";
import { clock, day, type Unit } from "../model/format";
import { kByteSteps, type Aligned } from "../model/series";
import { css, limitsAndEvents, panAndZoom, type Limit, type Moves } from "./chart_plugins";

export interface Line {
  label: string;
  /** Name of a colour of the theme. */
  color: string;
  dash?: number[];
  area?: boolean;
}

export interface ChartProps {
  title: string;
  unit: Unit;
  /** What stands for the unit's own words, as in "of the limit". */
  format?: (value: number | null) => string;
  lines: readonly Line[];
  data: Aligned;
  from: number;
  to: number;
  limits?: readonly Limit[];
  events?: readonly WorkloadEvent[];
  /** When the agent's history begins. */
  begin?: number | undefined;
  sync: string;
  onZoom: (from: number, to: number) => void;
  moves: Moves;
  onCursor?: (time: number | undefined) => void;
  onReset: () => void;
  height?: number;
}

/** The properties of the last drawing: uPlot is made once and asks for them later. */
export interface Latest {
  readonly current: ChartProps;
}

export type ShowValues = (index: number | null | undefined) => void;
export type FormatValue = (value: number | null | undefined) => string;

export const kHeight = 180;

const kNoLimits: readonly Limit[] = [];

function topOf(most: number, limits: readonly Limit[], unit: Unit): number {
  const floor =
    unit === "ratio" ? 0.05 : unit === "cores" ? 0.05 : unit === "count" ? 4 : unit === "bytes" ? 1 << 20 : 1024;
  let top = Math.max(most * 1.12, floor);
  // A limit far above would press the line flat: then it is named in the legend alone.
  for (const limit of limits) if (limit.value * 1.05 > top && most > 0.2 * limit.value) top = limit.value * 1.08;
  return unit === "ratio" && most <= 1 ? Math.min(top, 1) : top;
}

export function optionsOf(latest: Latest, width: number, showValues: ShowValues, format: FormatValue): uPlot.Options {
  const { height, unit, lines } = latest.current;
  return {
    width,
    height: height ?? kHeight,
    legend: { show: false },
    padding: [10, 10, 0, 0],
    cursor: cursorOf(latest),
    scales: {
      x: { time: true, range: () => [latest.current.from, latest.current.to] },
      y: {
        range: (_u, _least, most) => [0, topOf(most ?? 0, latest.current.limits ?? kNoLimits, latest.current.unit)],
      },
    },
    axes: axesOf(unit, format),
    series: [{}, ...lines.map(seriesOf)],
    plugins: [
      limitsAndEvents({
        limits: () => latest.current.limits ?? kNoLimits,
        events: () => latest.current.events ?? [],
        begin: () => latest.current.begin,
      }),
      panAndZoom(() => latest.current.moves),
    ],
    hooks: hooksOf(latest, showValues),
  };
}

function cursorOf(latest: Latest): uPlot.Cursor {
  return {
    sync: { key: latest.current.sync, setSeries: false },
    drag: { x: true, y: false, setScale: false, dist: 5 },
    points: { size: 6 },
    y: false,
    bind: {
      // Shift and drag moves instead of selecting.
      mousedown: (_u, _target, handler) => (event) => {
        if (event.button === 0 && !event.shiftKey) handler(event);
        return null;
      },
      dblclick: () => () => {
        latest.current.onReset();
        return null;
      },
    },
  };
}

function axesOf(unit: Unit, format: FormatValue): uPlot.Axis[] {
  const axis = {
    stroke: css("--muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: css("--grid"), width: 1 },
    ticks: { stroke: css("--grid"), width: 1, size: 4 },
  };
  const bytes = unit === "bytes" || unit === "bytes/s";
  return [
    {
      ...axis,
      size: 28,
      space: 70,
      values: (u, splits, _axis, _space, step) =>
        splits.map((at, i) => (u.valToPos(at, "x") > u.over.clientWidth - 18 ? "" : timeMark(at, splits[i - 1], step))),
    },
    {
      ...axis,
      size: 58,
      space: 32,
      ...(bytes ? { incrs: kByteSteps } : {}),
      values: (_u, splits) => splits.map((value) => (value === 0 ? "0" : axisText(format(value)))),
    },
  ];
}

function seriesOf(line: Line): uPlot.Series {
  return {
    stroke: css(`--${line.color}`),
    width: 1.5,
    points: { show: false },
    ...(line.dash ? { dash: line.dash } : {}),
    ...(line.area ? { fill: css(`--${line.color}-area`) || "transparent" } : {}),
  };
}

function hooksOf(latest: Latest, showValues: ShowValues): uPlot.Hooks.Arrays {
  return {
    setCursor: [
      (u) => {
        const index = (u.cursor.left ?? -1) < 0 ? undefined : u.cursor.idx;
        showValues(index);
        latest.current.onCursor?.(index == null ? undefined : u.posToVal(u.cursor.left ?? 0, "x"));
      },
    ],
    setSelect: [
      (u) => {
        const { left, width: size } = u.select;
        if (size < 5) return;
        const from = u.posToVal(left, "x");
        const to = u.posToVal(left + size, "x");
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        if (to - from >= 2) latest.current.onZoom(from, to);
      },
    ],
  };
}

/** Shorter than in the legend: 2.00 MiB/s is 2 MiB. */
function axisText(text: string): string {
  return text
    .replace(/(\.\d*?)0+(?=\D|$)/, "$1")
    .replace(/\.(?=\D|$)/, "")
    .replace("/s", "");
}

function timeMark(at: number, before: number | undefined, step: number): string {
  if (step >= 86400) return day(at).slice(5);
  if (before !== undefined && day(before) !== day(at)) return day(at).slice(5);
  return clock(at, step < 60);
}
