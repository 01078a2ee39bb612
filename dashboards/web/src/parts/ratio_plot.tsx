// A ratio to the baseline on its scale: a bar, its interval as a whisker, the noise as a band.
// What it shows is in the text beside it, so it is hidden from screen readers.
import type { Scale } from "../model/overhead_words";

export interface RatioPlotProps {
  scale: Scale;
  floor: number | undefined;
  interval?: { low: number; high: number } | undefined;
  ratio?: number | undefined;
}

const part = (share: number): string => `${(share * 100).toFixed(2)}%`;

export function RatioPlot({ scale, floor, interval, ratio }: RatioPlotProps) {
  const span = (from: number, to: number): { x: string; width: string } => {
    const [a, b] = [scale.at(Math.min(from, to)), scale.at(Math.max(from, to))];
    return { x: part(a), width: part(b - a) };
  };
  const line = (share: number, style: string) => (
    <line class={style} x1={part(share)} x2={part(share)} y1="0" y2="100%" />
  );
  return (
    <span class="ratio-box">
      <svg class="ratio-plot" width="100%" height="100%" aria-hidden="true" focusable="false">
        {floor !== undefined && <rect class="ratio-noise" {...span(1 / floor, floor)} y="0" height="100%" />}
        {scale.ticks.map((tick) => line(tick.at, "ratio-grid"))}
        {floor !== undefined && [1 / floor, floor].map((edge) => line(scale.at(edge), "ratio-edge"))}
        {line(scale.at(1), "ratio-one")}
        {ratio !== undefined && (
          <rect class={ratio > 1 ? "ratio-more" : "ratio-less"} {...span(1, ratio)} y="26%" height="48%" />
        )}
        {interval && (
          <g class="ratio-interval">
            <line x1={part(scale.at(interval.low))} x2={part(scale.at(interval.high))} y1="50%" y2="50%" />
            {[interval.low, interval.high].map((end) => (
              <line x1={part(scale.at(end))} x2={part(scale.at(end))} y1="32%" y2="68%" />
            ))}
          </g>
        )}
      </svg>
    </span>
  );
}

export function RatioAxis({ scale }: { scale: Scale }) {
  return (
    <svg class="ratio-axis" width="100%" height="16" aria-hidden="true" focusable="false">
      {scale.ticks.map((tick) => (
        <text x={part(tick.at)} y="12" text-anchor="middle">
          {tick.text}
        </text>
      ))}
    </svg>
  );
}
