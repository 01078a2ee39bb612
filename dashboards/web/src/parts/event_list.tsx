// Events, newest first: when, what, of which workload, and its details.
import { useApp } from "../app_context";
import type { WorkloadEvent } from "../data/workload_events";
import { ago, formatValue, moment } from "../model/format";
import { shortPath } from "../model/text";
import { viewHash, workloadView } from "../model/url_state";
import { Name } from "./name";

const kGrave = new Set(["oom_killed"]);
const kNotable = new Set(["died", "throttled", "restarted", "health_changed"]);

export function eventWord(type: string): string {
  return type === "oom_killed" ? "OOM-killed" : type.replaceAll("_", " ");
}

/** Drawn in the list and distinguished by shape, not by colour alone. */
export function EventType({ type }: { type: string }) {
  const level = kGrave.has(type) ? "critical" : kNotable.has(type) ? "warning" : "plain";
  return (
    <span class={`event-type event-${level}`}>
      <span aria-hidden="true">{level === "critical" ? "▼" : level === "warning" ? "▲" : "●"}</span> {eventWord(type)}
    </span>
  );
}

/** cpu_seconds 0.0312 as "cpu 31 ms": the unit of the name says how to write the number. */
function detailText(name: string, value: unknown): string {
  const unit = (["bytes", "seconds", "cores"] as const).find((one) => name === one || name.endsWith(`_${one}`));
  const number = typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || unit === undefined) return `${name.replaceAll("_", " ")} ${String(value)}`;
  const word = name.slice(0, -unit.length).replaceAll("_", " ").trim();
  return `${word} ${formatValue(number, unit)}${unit === "cores" ? " cores" : ""}`.trim();
}

/** What a message says in words. */
const kInMessage = new Set([
  ..."killed process pid outcome exit_code signal lifetime_seconds restarts seconds".split(" "),
  ..."limit before now health stats_source".split(" "),
]);

/** What the message does not say. */
export function detailsText(details: Record<string, unknown>): string {
  return Object.entries(details)
    .filter(([name, value]) => !kInMessage.has(name) && (typeof value !== "object" || value === null))
    .map(([name, value]) => detailText(name, value))
    .join(" · ");
}

export function EventLine({
  event,
  withWorkload,
  onShow,
}: {
  event: WorkloadEvent;
  withWorkload: boolean;
  onShow?: (event: WorkloadEvent) => void;
}) {
  const { live } = useApp();
  const now = live.now();
  const details = detailsText(event.details);
  return (
    <>
      <time class="event-time" dateTime={new Date(event.time * 1000).toISOString()} title={ago(event.time, now)}>
        {onShow ? (
          <button type="button" class="link" onClick={() => onShow(event)} title="Show on the charts">
            {moment(event.time, now)}
          </button>
        ) : (
          moment(event.time, now)
        )}
      </time>
      <EventType type={event.type} />
      {withWorkload && (
        <span class="event-workload">
          {event.workloadId === "" ? (
            "–"
          ) : (
            <a href={viewHash(workloadView(event.workloadId, { from: event.time - 450, to: event.time + 150 }))}>
              <Name text={event.workload.startsWith("/") ? shortPath(event.workload) : event.workload} longest={64} />
            </a>
          )}
        </span>
      )}
      <span class="event-message">
        <Name text={event.message} longest={300} />
        {details !== "" && (
          <span class="event-details">
            {" "}
            <Name text={details} longest={300} />
          </span>
        )}
      </span>
    </>
  );
}
