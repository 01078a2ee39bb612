// What of a workload a person should look at first, and how bad it is. Pure.
import { duration, percent } from "./format";
import type { Facts } from "./workload";

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
  psi_cpu: number | null;
  psi_memory: number | null;
  psi_io: number | null;
}

/** What happened to it recently, from the events. */
export interface RecentEvents {
  oomKills: number;
  restarts: number;
  /** When it ended, in seconds since the epoch. */
  ended?: number | undefined;
}

export const kThrottledFrom = 0.05;
export const kPressuredFrom = 0.1;
export const kNearLimitFrom = 0.9;
/** Events count as "recent" for this long. */
export const kRecentSeconds = 600;

const kNoRecentEvents: RecentEvents = { oomKills: 0, restarts: 0 };

export function conditionsOf(facts: Facts, figures: Figures, recent: RecentEvents = kNoRecentEvents): Condition[] {
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
  const pressures: [string, number | null][] = [
    ["memory", figures.psi_memory],
    ["io", figures.psi_io],
    ["cpu", figures.psi_cpu],
  ];
  for (const [resource, value] of pressures) {
    if (value === null || value < kPressuredFrom) continue;
    // A busy host makes everyone wait for a CPU a little: that stands out only when it is much.
    if (resource === "cpu" && value < 2.5 * kPressuredFrom) continue;
    add(
      "pressured",
      "warning",
      `${resource} wait ${percent(value)}`,
      `Processes waited for ${resource === "io" ? "I/O" : resource} ${percent(value)} of the time`,
    );
  }
  return found;
}

/** For sorting: the worst first. */
export function weight(conditions: readonly Condition[]): number {
  return conditions.reduce((sum, one) => sum + (one.severity === "critical" ? 100 : 1), 0);
}

function times(n: number): string {
  return n === 1 ? "once" : `${n} times`;
}
