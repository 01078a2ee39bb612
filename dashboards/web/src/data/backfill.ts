// The two minutes before the page was opened, for sparklines in sight: out of the
// agent's history, a few workloads a question, one question at a time.
import { getSeries } from "./api";
import { kBackfilled } from "../model/fields";
import { kRecentSamples, type RecentSamples } from "../model/recent_samples";

const kAtOnce = 6;
const kSettle = 150;

/** Where the points go: what this needs of all that is live. */
export interface BackfillTarget {
  readonly interval: number;
  /** Those of the stream's samples, in their order. */
  readonly fields: readonly string[];
  column(field: string): number | undefined;
  find(id: string): { recent: RecentSamples } | undefined;
  changed(): void;
}

export class Backfill {
  private readonly asked = new Set<string>();
  private waiting: string[] = [];
  private busy = false;
  private settling: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly live: BackfillTarget) {}

  /** Those in sight now; each is asked for once. */
  want(ids: readonly string[]): void {
    this.waiting = ids.filter((id) => !this.asked.has(id)); // what is out of sight again waits no longer
    clearTimeout(this.settling);
    // Not for what a scroll passes by.
    if (this.waiting.length > 0) this.settling = setTimeout(() => this.begin(), kSettle);
  }

  private begin(): void {
    if (!this.busy && this.live.fields.length > 0) void this.work();
  }

  private async work(): Promise<void> {
    this.busy = true;
    while (this.waiting.length > 0) {
      const ids = this.waiting.splice(0, kAtOnce);
      for (const id of ids) this.asked.add(id);
      try {
        await this.fill(ids);
      } catch {
        for (const id of ids) this.asked.delete(id);
        break; // without a history the lines grow from now on
      }
    }
    this.busy = false;
  }

  private async fill(ids: string[]): Promise<void> {
    const { live } = this;
    const fields = kBackfilled.filter((field) => live.column(field) !== undefined);
    const step = Math.max(1, Math.round(live.interval));
    const answer = await getSeries({ workloads: ids, metrics: fields, from: -kRecentSamples * step, step });
    const byId = new Map<string, Map<number, (number | null)[]>>();
    for (const one of answer.series) {
      const column = live.column(one.metric);
      if (column === undefined) continue;
      const points = byId.get(one.workload) ?? new Map<number, (number | null)[]>();
      byId.set(one.workload, points);
      for (const [time, value] of one.points) {
        const row = points.get(time) ?? live.fields.map(() => null);
        row[column] = value;
        points.set(time, row);
      }
    }
    for (const [id, points] of byId) live.find(id)?.recent.prepend(points);
    live.changed();
  }
}
