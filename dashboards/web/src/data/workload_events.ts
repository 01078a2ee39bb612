// What happened recently, by workload: a bounded list of events, newest first.
import { kRecentSeconds, type RecentEvents } from "../model/conditions";
import { parseTime } from "../model/format";
import type { ApiEvent } from "./api";

export interface WorkloadEvent {
  id: number;
  time: number;
  type: string;
  message: string;
  workloadId: string;
  workload: string;
  kind: string;
  details: Record<string, unknown>;
}

export const kMaxEvents = 5000;
const kNone: readonly WorkloadEvent[] = [];

export function workloadEventOf(event: ApiEvent): WorkloadEvent {
  const at = event.workload ?? {};
  return {
    id: event.id,
    time: parseTime(event.time) ?? 0,
    type: event.type,
    message: event.message ?? "",
    workloadId: at.id ?? "",
    workload: at.name ?? at.workload ?? at.id ?? "",
    kind: at.kind ?? "",
    details: event.details ?? {},
  };
}

/** In a row and over all runs, which may have other ids. */
function restartsOf({ details }: WorkloadEvent): number {
  const { restarts, seconds } = details;
  if (typeof restarts !== "number" || typeof seconds !== "number") return 1;
  return seconds <= kRecentSeconds ? restarts : 1;
}

export class WorkloadEvents {
  private list: WorkloadEvent[] = [];
  private readonly byWorkload = new Map<string, WorkloadEvent[]>();

  /** Newest first. */
  all(): readonly WorkloadEvent[] {
    return this.list;
  }

  of(workloadId: string): readonly WorkloadEvent[] {
    return this.byWorkload.get(workloadId) ?? kNone;
  }

  newest(): number {
    return this.list[0]?.id ?? 0;
  }

  /** In any order; what is there already is left out. True when something was new. */
  add(events: readonly ApiEvent[]): boolean {
    const known = new Set(this.list.map((one) => one.id));
    const fresh = events.filter((event) => !known.has(event.id)).map(workloadEventOf);
    if (fresh.length === 0) return false;
    this.list = [...fresh, ...this.list].sort((a, b) => b.id - a.id).slice(0, kMaxEvents);
    this.index();
    return true;
  }

  /** Another agent, or the the same one after a restart: its numbers begin again. */
  clear(): void {
    this.list = [];
    this.byWorkload.clear();
  }

  recent(workloadId: string, now: number): RecentEvents {
    let oomKills = 0;
    let restarts = 0;
    for (const one of this.of(workloadId)) {
      if (now - one.time > kRecentSeconds) continue;
      if (one.type === "oom_killed") oomKills += 1;
      if (one.type === "restarted") restarts = Math.max(restarts + 1, restartsOf(one));
    }
    return { oomKills, restarts };
  }

  private index(): void {
    this.byWorkload.clear();
    for (const one of this.list) {
      const list = this.byWorkload.get(one.workloadId);
      if (list) list.push(one);
      else this.byWorkload.set(one.workloadId, [one]);
    }
  }
}
