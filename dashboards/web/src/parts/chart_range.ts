// How a chart changes the time that its page shows: by key, wheel, drag and double click.
import { panned, zoomed } from "../model/series";
import type { Range } from "../model/url_state";
import type { ChartProps } from "./chart_options";

/** Small moves replace the page's place in the browser's history, a chosen range is a step in it. */
export function rangeMoves(
  range: Range,
  setRange: (next: Range, replace?: boolean) => void,
  now: () => number,
): Pick<ChartProps, "moves" | "onZoom" | "onReset"> {
  return {
    moves: {
      pan: (part) => setRange(panned(range, part, now()), true),
      zoom: (factor) => setRange(zoomed(range, factor, now()), true),
    },
    onZoom: (from, to) => setRange({ from, to }),
    onReset: () => setRange({ last: 900 }),
  };
}
