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

const kGrave = new Set(["oom_killed", "died"]);

export function limitsAndEvents(limits: () => readonly Limit[], events: () => readonly WorkloadEvent[]): uPlot.Plugin {
  return {
    hooks: {
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
  for (const one of events) {
    if (one.time < min || one.time > max) continue;
    const x = Math.round(u.valToPos(one.time, "x", true)) + 0.5;
    const grave = kGrave.has(one.type);
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
