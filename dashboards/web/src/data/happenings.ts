// What happened lately, by workload: a bounded list of events, newest first.
import { kLatelySeconds, type Lately } from "../model/conditions";
import { parseTime } from "../model/format";
import type { HappenedEvent } from "./api";

export interface Happening {
  id: number;
  time: number;
  type: string;
  message: string;
  workloadId: string;
  workload: string;
  kind: string;
  details: Record<string, unknown>;
}

export const kMostHappenings = 5000;

export function happeningOf(event: HappenedEvent): Happening {
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

export class Happenings {
  private list: Happening[] = [];
  private readonly byWorkload = new Map<string, Happening[]>();

  /** Newest first. */
  all(): readonly Happening[] {
    return this.list;
  }

  of(workloadId: string): readonly Happening[] {
    return this.byWorkload.get(workloadId) ?? [];
  }

  newest(): number {
    return this.list[0]?.id ?? 0;
  }

  /** In any order; what is there already is left out. True when something was new. */
  add(events: readonly HappenedEvent[]): boolean {
    const known = new Set(this.list.map((one) => one.id));
    const fresh = events.filter((event) => !known.has(event.id)).map(happeningOf);
    if (fresh.length === 0) return false;
    this.list = [...fresh, ...this.list].sort((a, b) => b.id - a.id).slice(0, kMostHappenings);
    this.index();
    return true;
  }

  /** Another agent, or the same one started anew: its numbers begin again. */
  clear(): void {
    this.list = [];
    this.byWorkload.clear();
  }

  lately(workloadId: string, now: number): Lately {
    let oomKills = 0;
    let restarts = 0;
    for (const one of this.of(workloadId)) {
      if (now - one.time > kLatelySeconds) break;
      if (one.type === "oom_killed") oomKills += 1;
      if (one.type === "restarted") restarts += 1;
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
