// A line of the last two minutes, without axes: a shape to glance at. Its figures are
// in the text beside it, so it is hidden from screen readers.
import { kRecentSamples, type RecentSamples } from "../model/recent_samples";

export interface SparkProps {
  recent: RecentSamples | undefined;
  /** Positions of the fields; several are added up. */
  columns: (number | undefined)[];
  now: number;
  interval: number;
  /** The scale ends here at least, so that noise stays small. */
  least: number;
  limit?: number | undefined;
}

const kWidth = 100;
const kHeight = 24;

interface Shape {
  line: string;
  area: string;
  limitAt: number | undefined;
}

function shapeOf({ recent, columns, now, interval, least, limit }: SparkProps): Shape | undefined {
  if (!recent || recent.size === 0) return undefined;
  const times: number[] = [];
  const values: number[] = [];
  for (const column of columns) {
    if (column === undefined) continue;
    let i = 0;
    recent.each(column, (time, value) => {
      times[i] = time;
      const before = values[i];
      values[i] = before === undefined || Number.isNaN(before) ? value : Number.isNaN(value) ? before : before + value;
      i += 1;
    });
  }
  let top = least;
  for (const value of values) if (value > top) top = value;
  const limitShown = limit !== undefined && limit > 0 && limit <= top * 2;
  if (limitShown) top = Math.max(top, limit);
  top *= 1.06;
  const window = kRecentSamples * interval;
  const y = (value: number): string => (kHeight - (value / top) * (kHeight - 1) - 0.5).toFixed(1);
  let line = "";
  let area = "";
  let start = "";
  let last = "";
  for (let i = 0; i <= values.length; i += 1) {
    const value = values[i];
    const x = ((times[i] ?? now) - now + window) / window;
    if (value === undefined || Number.isNaN(value)) {
      if (last !== "") area += `V${kHeight}H${start}Z`;
      last = "";
      continue;
    }
    if (x < 0) continue;
    const at = (x * kWidth).toFixed(1);
    line += `${last === "" ? "M" : "L"}${at} ${y(value)}`;
    if (last === "") {
      start = at;
      area += `M${at} ${kHeight}L${at} ${y(value)}`;
    } else area += `L${at} ${y(value)}`;
    last = at;
  }
  return line === "" ? undefined : { line, area, limitAt: limitShown ? Number(y(limit)) : undefined };
}

export function Spark(props: SparkProps) {
  const shape = shapeOf(props);
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${kWidth} ${kHeight}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      {shape && <path class="spark-area" d={shape.area} />}
      {shape && <path class="spark-line" d={shape.line} />}
      {shape?.limitAt !== undefined && <path class="spark-limit" d={`M0 ${shape.limitAt}H${kWidth}`} />}
    </svg>
  );
}
