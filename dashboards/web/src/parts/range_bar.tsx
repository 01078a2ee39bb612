// Which time all charts of a page show.
import type { ComponentChildren } from "preact";
import { useLive } from "../app_context";
import { clock, day, duration } from "../model/format";
import { bounds, isLive, panned, zoomed } from "../model/series";
import type { Range } from "../model/url_state";
import { Left, Minus, Plus, Right } from "./icons";

const kRanges: readonly (readonly [number, string])[] = [
  [120, "2 min"],
  [900, "15 min"],
  [3600, "1 h"],
  [21600, "6 h"],
  [86400, "24 h"],
];

export function RangeBar({
  range,
  onChange,
  children,
}: {
  range: Range;
  onChange: (range: Range) => void;
  children?: ComponentChildren;
}) {
  const live = useLive();
  const now = live.now();
  const { from, to } = bounds(range, now);
  return (
    <div class="range-bar" role="group" aria-label="Time shown">
      <div class="segments">
        {kRanges.map(([last, name]) => (
          <button
            key={last}
            type="button"
            aria-pressed={isLive(range) && range.last === last}
            onClick={() => onChange({ last })}
          >
            {name}
          </button>
        ))}
      </div>
      <div class="segments">
        <button type="button" aria-label="Earlier" title="Earlier" onClick={() => onChange(panned(range, -0.5, now))}>
          <Left />
        </button>
        <button type="button" aria-label="Zoom out" title="Zoom out" onClick={() => onChange(zoomed(range, 2, now))}>
          <Minus />
        </button>
        <button type="button" aria-label="Zoom in" title="Zoom in" onClick={() => onChange(zoomed(range, 0.5, now))}>
          <Plus />
        </button>
        <button
          type="button"
          aria-label="Later"
          title="Later"
          disabled={isLive(range)}
          onClick={() => onChange(panned(range, 0.5, now))}
        >
          <Right />
        </button>
      </div>
      <span class="range-text" role="status">
        {rangeText(range, now)}
      </span>
      {!isLive(range) && (
        <button type="button" class="button" onClick={() => onChange({ last: Math.round(to - from) })}>
          Back to now
        </button>
      )}
      <span class="toolbar-gap" />
      {children}
    </div>
  );
}

/** Days are named where they are not today. */
function rangeText(range: Range, now: number): string {
  if (isLive(range)) return `Last ${duration(range.last)}`;
  const { from, to } = bounds(range, now);
  const days = day(from) !== day(now);
  return `${days ? `${day(from)} ` : ""}${clock(from)} to ${day(from) === day(to) ? "" : `${day(to)} `}${clock(to)}`;
}
