// What uPlot's charts here have beyond lines: limits, events on the time axis, and
// moving in time by mouse, finger and key.
import type uPlot from "uplot";
import type { WorkloadEvent } from "../data/workload_events";

export interface Limit {
  value: number;
  text: string;
}

export function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Later ones lie on top of the others. */
const kGrave: readonly string[] = ["died", "oom_killed"];

/** As they are drawn: what is grave last, since a kill and its restart are at one place. */
export function inDrawingOrder(events: readonly WorkloadEvent[]): WorkloadEvent[] {
  const rank = (event: WorkloadEvent): number => kGrave.indexOf(event.type);
  return [...events].sort((a, b) => rank(a) - rank(b) || a.time - b.time || a.id - b.id);
}

export interface Marks {
  limits: () => readonly Limit[];
  events: () => readonly WorkloadEvent[];
  /** When the agent's history begins, by its clock in seconds; undefined where not known. */
  begin: () => number | undefined;
}

export function limitsAndEvents({ limits, events, begin }: Marks): uPlot.Plugin {
  return {
    hooks: {
      drawClear: (u) => shadeBefore(u, begin()),
      draw: (u) => {
        const { ctx, bbox } = u;
        const scale = devicePixelRatio;
        ctx.save();
        ctx.beginPath();
        ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
        ctx.clip();
        drawEvents(u, events(), scale);
        drawLimits(u, limits(), scale);
        ctx.restore();
      },
    },
  };
}

const kTextRoom = 120;

/** The time before the agent ran: nobody should take it for a time in which nothing happened. */
function shadeBefore(u: uPlot, begin: number | undefined): void {
  const { ctx, bbox } = u;
  const { min, max } = u.scales["x"] ?? {};
  if (begin === undefined || min == null || max == null) return;
  // What was measured was after the start, whatever the clock says.
  const end = Math.min(begin, u.data[0][0] ?? begin, max);
  if (end <= min) return;
  const scale = devicePixelRatio;
  const width = u.valToPos(end, "x", true) - bbox.left;
  ctx.save();
  ctx.fillStyle = css("--before");
  ctx.fillRect(bbox.left, bbox.top, width, bbox.height);
  if (width > kTextRoom * scale) {
    ctx.fillStyle = css("--muted");
    ctx.font = `${11 * scale}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "bottom";
    ctx.fillText("before the agent's start", bbox.left + width / 2, bbox.top + bbox.height - 6 * scale);
  }
  ctx.restore();
}

function drawLimits(u: uPlot, limits: readonly Limit[], scale: number): void {
  const { ctx, bbox } = u;
  const top = u.scales["y"]?.max ?? 0;
  for (const limit of limits) {
    if (limit.value > top) continue;
    const y = Math.round(u.valToPos(limit.value, "y", true)) + 0.5;
    ctx.strokeStyle = css("--limit");
    ctx.lineWidth = scale;
    ctx.setLineDash([6 * scale, 4 * scale]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
}

function drawEvents(u: uPlot, events: readonly WorkloadEvent[], scale: number): void {
  const { ctx, bbox } = u;
  const { min, max } = u.scales["x"] ?? {};
  if (min == null || max == null) return;
  ctx.lineWidth = scale;
  ctx.setLineDash([2 * scale, 3 * scale]);
  for (const one of inDrawingOrder(events)) {
    if (one.time < min || one.time > max) continue;
    const x = Math.round(u.valToPos(one.time, "x", true)) + 0.5;
    const grave = kGrave.includes(one.type);
    ctx.strokeStyle = ctx.fillStyle = css(grave ? "--critical" : "--muted");
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const size = (grave ? 5 : 3.5) * scale;
    ctx.beginPath();
    if (grave) {
      ctx.moveTo(x - size, bbox.top);
      ctx.lineTo(x + size, bbox.top);
      ctx.lineTo(x, bbox.top + 1.6 * size);
    } else {
      ctx.arc(x, bbox.top + size, size, 0, 2 * Math.PI);
    }
    ctx.fill();
  }
}

export interface Moves {
  pan: (part: number) => void;
  zoom: (factor: number) => void;
}

/** Shift and drag, or a finger: the chart follows. Wheel with Ctrl zooms, sideways moves. */
export function panAndZoom(moves: () => Moves): uPlot.Plugin {
  return {
    hooks: {
      ready: (u) => {
        const over = u.over;
        let from: number | undefined;
        over.addEventListener("pointerdown", (event) => {
          if (event.pointerType !== "touch" && !event.shiftKey) return;
          from = event.clientX;
          over.setPointerCapture(event.pointerId);
        });
        over.addEventListener("pointermove", (event) => {
          if (from === undefined) return;
          const part = (from - event.clientX) / Math.max(over.clientWidth, 1);
          if (Math.abs(part) < 0.01) return;
          from = event.clientX;
          moves().pan(part);
        });
        const end = (): void => {
          from = undefined;
        };
        over.addEventListener("pointerup", end);
        over.addEventListener("pointercancel", end);
        over.addEventListener(
          "wheel",
          (event) => {
            if (event.ctrlKey || event.metaKey) moves().zoom(event.deltaY > 0 ? 1.25 : 0.8);
            else if (Math.abs(event.deltaX) > Math.abs(event.deltaY))
              moves().pan(event.deltaX / Math.max(over.clientWidth, 1));
            else return;
            event.preventDefault();
          },
          { passive: false },
        );
      },
    },
  };
}
