// One chart on the time axis. All charts of a page share their range and their cursor.
import { useCallback, useEffect, useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { useApp } from "../app_context";
import { accessibleText, formatValue, kAbsentText } from "../model/format";
import { summary } from "../model/series";
import { kHeight, optionsOf, type ChartProps, type FormatValue, type Latest, type ShowValues } from "./chart_options";
import { Name } from "./name";

/** Places of the values in the legend, by line. */
interface Places {
  readonly current: (HTMLSpanElement | null)[];
}

/** Charts of the page by title. */
const pictures = new Map<string, HTMLCanvasElement>();

/** For the export: those of these charts that are drawn. */
export function picturesOf(titles: readonly string[]): { title: string; canvas: HTMLCanvasElement }[] {
  return titles.flatMap((title) => {
    const canvas = pictures.get(title);
    return canvas ? [{ title, canvas }] : [];
  });
}

export function Chart(given: ChartProps) {
  const { live } = useApp();
  const props = { ...given, begin: live.begin };
  const { box, places, latest } = usePlot(props);
  const empty = props.data[0].length === 0;
  return (
    <figure class="chart" data-chart={props.title}>
      <figcaption class="chart-head">
        <h2 class="chart-title">{props.title}</h2>
        <Legend lines={props.lines} limits={props.limits} places={places} />
      </figcaption>
      <div
        class="chart-box"
        ref={box}
        tabIndex={0}
        role="img"
        aria-label={accessibleSummary(props)}
        onKeyDown={(event) => moveByKey(event, latest.current)}
      />
      {empty && <p class="chart-empty">No data in this time range</p>}
    </figure>
  );
}

/** uPlot in its box: made again if what it looks like changes, and given new data otherwise. */
function usePlot(props: ChartProps) {
  const { theme } = useApp();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const { places, format, showValues } = useValues(latest);

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
    const { title } = latest.current;
    const u = new uPlot(optionsOf(latest, place.clientWidth, showValues, format), latest.current.data, place);
    plot.current = u;
    pictures.set(title, u.ctx.canvas);
    const resized = new ResizeObserver(() => {
      if (place.clientWidth > 0 && place.clientWidth !== u.width)
        u.setSize({ width: place.clientWidth, height: latest.current.height ?? kHeight });
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
  }, [props.data, props.from, props.to, props.limits, props.events, props.begin, shape, showValues]);

  return { box, places, latest };
}

/** In the legend: the values under the cursor, or the last ones. They change without a drawing of the component. */
function useValues(latest: Latest): { places: Places; format: FormatValue; showValues: ShowValues } {
  const places = useRef<(HTMLSpanElement | null)[]>([]);
  const format = useCallback<FormatValue>(
    (value) => (latest.current.format ? latest.current.format(value ?? null) : formatValue(value, latest.current.unit)),
    [latest],
  );
  const showValues = useCallback<ShowValues>(
    (index) => {
      latest.current.lines.forEach((_, i) => {
        const place = places.current[i];
        const column = latest.current.data[i + 1] ?? [];
        const at = index ?? lastIndex(column);
        const value = column[at];
        if (!place) return;
        place.textContent = value == null ? kAbsentText : format(value);
        place.dataset["time"] = String(latest.current.data[0][at] ?? ""); // of which sample it is
      });
    },
    [latest, format],
  );
  return { places, format, showValues };
}

function Legend({ lines, limits, places }: Pick<ChartProps, "lines" | "limits"> & { places: Places }) {
  return (
    <ul class="legend">
      {lines.map((line, i) => (
        <li key={line.label}>
          <svg class="swatch" width="18" height="8" viewBox="0 0 18 8" aria-hidden="true">
            <path class={`stroke-${line.color}`} stroke-dasharray={line.dash?.join(" ")} d="M0 4h18" />
          </svg>
          <Name text={line.label} longest={40} class="legend-name" />{" "}
          <span
            class="legend-value"
            ref={(at) => {
              places.current[i] = at;
            }}
          />
        </li>
      ))}
      {limits?.map((limit) => (
        <li key={limit.text} class="legend-limit">
          <svg class="swatch" width="18" height="8" viewBox="0 0 18 8" aria-hidden="true">
            <path class="stroke-limit" stroke-dasharray="5 3" d="M0 4h18" />
          </svg>
          {limit.text}
        </li>
      ))}
    </ul>
  );
}

function moveByKey(event: KeyboardEvent, { moves, onReset }: ChartProps): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
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
}

function lastIndex(column: readonly (number | null)[]): number {
  for (let i = column.length - 1; i >= 0; i -= 1) if (column[i] != null) return i;
  return -1;
}

function accessibleSummary({ title, lines, data, unit, format, limits }: ChartProps): string {
  const textOf = (value: number): string => (format ? format(value) : accessibleText(value, unit));
  const parts = lines.map((line, i) => {
    const figures = summary(data[i + 1] ?? []);
    const label = line.label.slice(0, 80);
    if (!figures) return `${label}: no data`;
    const { last, mean, most } = figures;
    return `${label}: now ${textOf(last)}, average ${textOf(mean)}, maximum ${textOf(most)}`;
  });
  const bounds = (limits ?? []).map((limit) => limit.text);
  return `Chart of ${title}. ${[...parts, ...bounds].join(". ")}. Arrow keys move in time, plus and minus zoom.`;
}
