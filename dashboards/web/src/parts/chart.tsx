// One chart on the time axis. All charts of a page share their range and their cursor.
import { useCallback, useEffect, useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { useApp } from "../app_context";
import type { WorkloadEvent } from "../data/workload_events";
import { accessibleText, clock, day, formatValue, kAbsentText, type Unit } from "../model/format";
import { kByteSteps, summary, type Aligned } from "../model/series";
import { css, limitsAndEvents, panAndZoom, type Limit, type Moves } from "./chart_plugins";
import { Name } from "./name";

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
  sync: string;
  onZoom: (from: number, to: number) => void;
  moves: Moves;
  onCursor?: (time: number | undefined) => void;
  onReset: () => void;
  height?: number;
}

/** Pictures for the export: charts of the page by title. */
export const pictures = new Map<string, HTMLCanvasElement>();

const kNoLimits: readonly Limit[] = [];

function topOf(most: number, limits: readonly Limit[], unit: Unit): number {
  const floor =
    unit === "ratio" ? 0.05 : unit === "cores" ? 0.05 : unit === "count" ? 4 : unit === "bytes" ? 1 << 20 : 1024;
  let top = Math.max(most * 1.12, floor);
  // A limit far above would press the line flat: then it is named in the legend alone.
  for (const limit of limits) if (limit.value * 1.05 > top && most > 0.2 * limit.value) top = limit.value * 1.08;
  return unit === "ratio" && most <= 1 ? Math.min(top, 1) : top;
}

export function Chart(props: ChartProps) {
  const { theme } = useApp();
  const box = useRef<HTMLDivElement>(null);
  const values = useRef<(HTMLSpanElement | null)[]>([]);
  const plot = useRef<uPlot | undefined>(undefined);
  const now = useRef(props);
  now.current = props;
  const format = useCallback(
    (value: number | null | undefined): string =>
      now.current.format ? now.current.format(value ?? null) : formatValue(value, now.current.unit),
    [],
  );

  /** In the legend: the values under the cursor, or the last ones. */
  const showValues = useCallback(
    (index: number | null | undefined): void => {
      now.current.lines.forEach((_, i) => {
        const place = values.current[i];
        const column = now.current.data[i + 1] ?? [];
        const at = index ?? lastIndex(column);
        const value = column[at];
        if (!place) return;
        place.textContent = value == null ? kAbsentText : format(value);
        place.dataset["time"] = String(now.current.data[0][at] ?? ""); // of which sample it is
      });
    },
    [format],
  );

  const shape = JSON.stringify([
    props.lines.map((line) => [line.label.slice(0, 200), line.color, line.dash, line.area]),
    props.unit,
    props.height,
    theme,
    props.title,
  ]);
  useLayoutEffect(() => {
    const place = box.current;
    if (!place) return;
    const { title } = now.current;
    const u = new uPlot(optionsOf(now, place.clientWidth, showValues, format), now.current.data, place);
    plot.current = u;
    pictures.set(title, u.ctx.canvas);
    const resized = new ResizeObserver(() => {
      if (place.clientWidth > 0 && place.clientWidth !== u.width)
        u.setSize({ width: place.clientWidth, height: now.current.height ?? 180 });
    });
    resized.observe(place);
    return () => {
      resized.disconnect();
      u.destroy();
      plot.current = undefined;
      if (pictures.get(title) === u.ctx.canvas) pictures.delete(title);
    };
  }, [shape, showValues, format]);

  useEffect(() => {
    const u = plot.current;
    if (!u) return;
    u.batch(() => {
      u.setData(props.data, false);
      u.setScale("x", { min: props.from, max: props.to });
    });
    if (u.cursor.idx == null || (u.cursor.left ?? -1) < 0) showValues(undefined);
  }, [props.data, props.from, props.to, props.limits, props.events, shape, showValues]);

  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { moves, onReset } = now.current;
    switch (event.key) {
      case "ArrowLeft":
        moves.pan(-0.2);
        break;
      case "ArrowRight":
        moves.pan(0.2);
        break;
      case "+":
      case "=":
        moves.zoom(0.5);
        break;
      case "-":
        moves.zoom(2);
        break;
      case "0":
        onReset();
        break;
      default:
        return;
    }
    event.preventDefault();
  };
  const empty = props.data[0].length === 0;
  return (
    <figure class="chart" data-chart={props.title}>
      <figcaption class="chart-head">
        <h2 class="chart-title">{props.title}</h2>
        <ul class="legend">
          {props.lines.map((line, i) => (
            <li key={line.label}>
              <svg class="swatch" width="18" height="8" viewBox="0 0 18 8" aria-hidden="true">
                <path class={`stroke-${line.color}`} stroke-dasharray={line.dash?.join(" ")} d="M0 4h18" />
              </svg>
              <Name text={line.label} longest={40} class="legend-name" />{" "}
              <span
                class="legend-value"
                ref={(at) => {
                  values.current[i] = at;
                }}
              />
            </li>
          ))}
          {(props.limits ?? kNoLimits).map((limit) => (
            <li key={limit.text} class="legend-limit">
              <svg class="swatch" width="18" height="8" viewBox="0 0 18 8" aria-hidden="true">
                <path class="stroke-limit" stroke-dasharray="5 3" d="M0 4h18" />
              </svg>
              {limit.text}
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        class="chart-box"
        ref={box}
        tabIndex={0}
        role="img"
        aria-label={accessibleSummary(props)}
        onKeyDown={onKey}
      />
      {empty && <p class="chart-empty">No data in this time range</p>}
    </figure>
  );
}

function lastIndex(column: readonly (number | null)[]): number {
  for (let i = column.length - 1; i >= 0; i -= 1) if (column[i] != null) return i;
  return -1;
}

function accessibleSummary({ title, lines, data, unit, format, limits }: ChartProps): string {
  const textOf = (value: number): string => (format ? format(value) : accessibleText(value, unit));
  const parts = lines.map((line, i) => {
    const figures = summary(data[i + 1] ?? []);
    return figures
      ? `${line.label.slice(0, 80)}: now ${textOf(figures.last)}, average ${textOf(figures.mean)}, maximum ${textOf(figures.most)}`
      : `${line.label.slice(0, 80)}: no data`;
  });
  const bounds = (limits ?? []).map((limit) => limit.text);
  return `Chart of ${title}. ${[...parts, ...bounds].join(". ")}. Arrow keys move in time, plus and minus zoom.`;
}

function optionsOf(
  now: { current: ChartProps },
  width: number,
  showValues: (index: number | null | undefined) => void,
  format: (value: number | null | undefined) => string,
): uPlot.Options {
  const axis = {
    stroke: css("--muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: css("--grid"), width: 1 },
    ticks: { stroke: css("--grid"), width: 1, size: 4 },
  };
  const bytes = now.current.unit === "bytes" || now.current.unit === "bytes/s";
  return {
    width,
    height: now.current.height ?? 180,
    legend: { show: false },
    padding: [10, 10, 0, 0],
    cursor: {
      sync: { key: now.current.sync, setSeries: false },
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
          now.current.onReset();
          return null;
        },
      },
    },
    scales: {
      x: { time: true, range: () => [now.current.from, now.current.to] },
      y: { range: (_u, _least, most) => [0, topOf(most ?? 0, now.current.limits ?? kNoLimits, now.current.unit)] },
    },
    axes: [
      {
        ...axis,
        size: 28,
        space: 70,
        values: (u, splits, _axis, _space, step) =>
          splits.map((at, i) =>
            u.valToPos(at, "x") > u.over.clientWidth - 18 ? "" : timeMark(at, splits[i - 1], step),
          ),
      },
      {
        ...axis,
        size: 58,
        space: 32,
        ...(bytes ? { incrs: kByteSteps } : {}),
        values: (_u, splits) => splits.map((value) => (value === 0 ? "0" : axisText(format(value)))),
      },
    ],
    series: [
      {},
      ...now.current.lines.map((line): uPlot.Series => ({
        stroke: css(`--${line.color}`),
        width: 1.5,
        points: { show: false },
        ...(line.dash ? { dash: line.dash } : {}),
        ...(line.area ? { fill: css(`--${line.color}-area`) || "transparent" } : {}),
      })),
    ],
    plugins: [
      limitsAndEvents(
        () => now.current.limits ?? kNoLimits,
        () => now.current.events ?? [],
      ),
      panAndZoom(() => now.current.moves),
    ],
    hooks: {
      setCursor: [
        (u) => {
          const index = (u.cursor.left ?? -1) < 0 ? undefined : u.cursor.idx;
          showValues(index);
          now.current.onCursor?.(index == null ? undefined : u.posToVal(u.cursor.left ?? 0, "x"));
        },
      ],
      setSelect: [
        (u) => {
          const { left, width: size } = u.select;
          if (size < 5) return;
          const from = u.posToVal(left, "x");
          const to = u.posToVal(left + size, "x");
          u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          if (to - from >= 2) now.current.onZoom(from, to);
        },
      ],
    },
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
