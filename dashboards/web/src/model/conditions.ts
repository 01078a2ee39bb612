// What of a workload a person should look at first, and how bad it is. Pure.
import { duration, percent } from "./format";
import type { Resource, Waiting } from "./pressure";
import { kHostId, type Facts } from "./workload";

export type Severity = "critical" | "warning";

export interface Condition {
  /** Stable word for tests, filters and exports. */
  type: "oom_killed" | "restarting" | "unhealthy" | "near_limit" | "throttled" | "pressured" | "ended";
  severity: Severity;
  /** Short, for a badge. */
  text: string;
  /** A sentence. */
  title: string;
}

export interface Figures {
  cpu_throttled: number | null;
  memory_bytes: number | null;
  working_set_bytes: number | null;
  pids: number | null;
}

/** What happened to it recently, from the events. */
export interface RecentEvents {
  oomKills: number;
  restarts: number;
  /** When it ended, in seconds since the epoch. */
  ended?: number | undefined;
}

export const kThrottledFrom = 0.05;
export const kNearLimitFrom = 0.9;
/** Events count as "recent" for this long. */
export const kRecentSeconds = 600;

const kNoRecentEvents: RecentEvents = { oomKills: 0, restarts: 0 };
const kWords: Record<Resource, string> = { cpu: "a CPU", memory: "memory", io: "I/O" };

/** `waiting`: for what it waits more than the host does. */
export function conditionsOf(
  facts: Facts,
  figures: Figures,
  recent: RecentEvents = kNoRecentEvents,
  waiting: readonly Waiting[] = [],
): Condition[] {
  const found: Condition[] = [];
  const add = (type: Condition["type"], severity: Severity, text: string, title: string): void => {
    found.push({ type, severity, text, title });
  };
  if (recent.ended !== undefined) add("ended", "warning", "ended", "The workload has ended; these are its last values");
  if (recent.oomKills > 0) {
    add(
      "oom_killed",
      "critical",
      recent.oomKills > 1 ? `OOM ×${recent.oomKills}` : "OOM",
      `OOM-killed ${times(recent.oomKills)} in the last ${duration(kRecentSeconds)}`,
    );
  }
  if (recent.restarts > 1) {
    add(
      "restarting",
      "critical",
      `restarts ×${recent.restarts}`,
      `Restarted ${times(recent.restarts)} in the last ${duration(kRecentSeconds)}`,
    );
  } else if (recent.restarts === 1) {
    add("restarting", "warning", "restarted", `Restarted in the last ${duration(kRecentSeconds)}`);
  }
  if (facts.health === "unhealthy") add("unhealthy", "critical", "unhealthy", "Its health check fails");
  const used = figures.working_set_bytes ?? figures.memory_bytes;
  const limit = facts.limits?.memory_bytes;
  if (used !== null && limit && used / limit >= kNearLimitFrom) {
    add("near_limit", "critical", `mem ${percent(used / limit)}`, `Memory is at ${percent(used / limit)} of its limit`);
  }
  if (figures.pids !== null && facts.limits?.pids && figures.pids / facts.limits.pids >= kNearLimitFrom) {
    const part = percent(figures.pids / facts.limits.pids);
    add("near_limit", "critical", `pids ${part}`, `Processes and threads are at ${part} of their limit`);
  }
  if (figures.cpu_throttled !== null && figures.cpu_throttled >= kThrottledFrom) {
    add(
      "throttled",
      "warning",
      `throttled ${percent(Math.min(figures.cpu_throttled, 9.99))}`,
      `Its CPU quota throttled it for ${percent(figures.cpu_throttled)} of the time`,
    );
  }
  for (const { resource, value } of waiting) {
    add(
      "pressured",
      "warning",
      `${resource} wait ${percent(value)}`,
      `Processes waited for ${kWords[resource]} ${percent(value)} of the time${facts.id === kHostId ? "" : ", more than on the host as a whole"}`,
    );
  }
  return found;
}

/** For sorting: the worst first. What waits is often only a victim of the others. */
export function weight(conditions: readonly Condition[]): number {
  return conditions.reduce(
    (sum, one) => sum + (one.severity === "critical" ? 1000 : one.type === "pressured" ? 1 : 10),
    0,
  );
}

export interface Attention {
  critical: number;
  warning: number;
}

/** How many workloads need attention, each counted by the worst of its conditions. */
export function attentionOf(all: Iterable<readonly Condition[]>): Attention {
  const number = { critical: 0, warning: 0 };
  for (const conditions of all) {
    if (conditions.some((one) => one.severity === "critical")) number.critical += 1;
    else if (conditions.length > 0) number.warning += 1;
  }
  return number;
}

export function attentionText({ critical, warning }: Attention): string {
  const parts = [
    critical > 0 ? `${critical} critical` : "",
    warning > 0 ? `${warning} ${warning === 1 ? "warning" : "warnings"}` : "",
  ].filter((text) => text !== "");
  return parts.length === 0 ? "none" : parts.join(", ");
}

function times(n: number): string {
  return n === 1 ? "once" : `${n} times`;
}
