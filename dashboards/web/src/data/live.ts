// All that is known now: fed by the one stream, read by every page. Components
// subscribe; they are notified at most once a frame, and not while the page is hidden.
import { conditionsOf, type Condition } from "../model/conditions";
import { waitingByWorkload, waitingOf, type Pressures, type Waiting } from "../model/pressure";
import { parseTime } from "../model/format";
import { RecentSamples } from "../model/recent_samples";
import { identity, kHostId, searched, startedAt, type Facts, type Searched } from "../model/workload";
import type { Row } from "../model/table";
import { Backfill } from "./backfill";
import { WorkloadEvents } from "./workload_events";
import type { ApiEvent } from "./api";

export interface Hello {
  version?: string;
  boot_id?: string;
  interval_seconds?: number;
  time?: string | number;
}
export interface WorkloadsMessage {
  workloads: Facts[];
  removed?: number[];
  full?: boolean;
}
export interface SampleMessage {
  time: number;
  fields: string[];
  rows: [number, ...(number | null)[]][];
}

/** One workload: what it is and its last samples. */
export interface Entry {
  facts: Facts;
  recent: RecentSamples;
  search: Searched;
  started: number | undefined;
  /** When it went away, in seconds since the epoch. */
  ended?: number;
}

/** "late": the agent answers, and has no newer sample itself. */
export type Status = "connecting" | "live" | "stale" | "late" | "denied";

/** Ended workloads that are kept, for a page that shows one. */
const kMaxEnded = 200;

export class Live {
  status: Status = "connecting";
  /** The stream is open, whether or not something comes on it. */
  connected = false;
  /** When the newest sample came, by the browser's clock, in milliseconds. */
  arrived = 0;
  /** Of the newest sample, by the agent's clock, in seconds. */
  time = 0;
  interval = 1;
  version = "";
  /** Counts connections whose list is here: what was asked of the agent before is to be asked again. */
  connections = 0;
  /**
   * A whole pass of the agent was seen: a workload that is not in the list by now does not
   * run. Before, one that has just started may not be in it yet.
   */
  get settled(): boolean {
    return this.passes > 1;
  }
  paused = false;
  fields: string[] = [];
  readonly events = new WorkloadEvents();
  readonly backfill = new Backfill(this);
  private boot = "";
  private passes = 0;
  private waits: { passes: number; byId: ReadonlyMap<string, Waiting[]> } = { passes: -1, byId: new Map() };
  private readonly entries = new Map<number, Entry>();
  private readonly ids = new Map<string, Entry>();
  private readonly ended = new Map<string, Entry>();
  private readonly subscribers = new Set<() => void>();
  private readonly samples = new Set<(message: SampleMessage) => void>();
  private columns = new Map<string, number>();
  private due = false;

  // ---- reading

  all(): IterableIterator<Entry> {
    return this.entries.values();
  }

  get size(): number {
    return this.entries.size;
  }

  find(id: string): Entry | undefined {
    return this.ids.get(id) ?? this.ended.get(id);
  }

  /** Those that run now, by this list. */
  runs(id: string): boolean {
    return this.ids.has(id);
  }

  /**
   * Whether the agent can be asked about it. It knows what is or was in the list, and
   * perhaps something that ended before this page was opened; what has just started it
   * may not know yet.
   */
  askable(id: string): boolean {
    return this.find(id) !== undefined || this.settled;
  }

  host(): Entry | undefined {
    return this.ids.get(kHostId);
  }

  /** When the agent started, and its history with it: it saw the host first. */
  get begin(): number | undefined {
    return parseTime(this.host()?.facts.seen);
  }

  column(field: string): number | undefined {
    return this.columns.get(field);
  }

  value(entry: Entry, field: string): number | null {
    if (field === "started") return entry.started ?? null;
    const column = this.columns.get(field);
    return column === undefined ? null : entry.recent.value(column);
  }

  conditions(entry: Entry): Condition[] {
    const value = (field: string): number | null => this.value(entry, field);
    const figures = {
      cpu_throttled: value("cpu_throttled"),
      memory_bytes: value("memory_bytes"),
      working_set_bytes: value("working_set_bytes"),
      pids: value("pids"),
    };
    const recent = { ...this.events.recent(entry.facts.id, this.now()), ended: entry.ended };
    const waiting = entry.facts.id === kHostId ? waitingOf(this.pressures(entry)) : this.waiting(entry);
    return conditionsOf(entry.facts, figures, recent, waiting);
  }

  private pressures(entry: Entry): Pressures {
    const value = (field: string): number | null => this.value(entry, field);
    return { psi_cpu: value("psi_cpu"), psi_memory: value("psi_memory"), psi_io: value("psi_io") };
  }

  /** Found for all of them at once, with each sample: who is named depends on the others. */
  private waiting(entry: Entry): readonly Waiting[] {
    if (this.waits.passes !== this.passes) {
      const host = this.host();
      const all = [...this.entries.values()].filter((one) => one !== host);
      const byId = waitingByWorkload(
        all.map((one) => ({ id: one.facts.id, pressures: this.pressures(one) })),
        host && this.pressures(host),
      );
      this.waits = { passes: this.passes, byId };
    }
    return this.waits.byId.get(entry.facts.id) ?? [];
  }

  /** The agent's clock. */
  now(): number {
    return this.time > 0 ? this.time + Math.max(0, (Date.now() - this.arrived) / 1000) : Date.now() / 1000;
  }

  // ---- notifications

  subscribe(notify: () => void): () => void {
    this.subscribers.add(notify);
    return () => this.subscribers.delete(notify);
  }

  /** Every sample as it comes, paused or hidden or not. */
  onSample(take: (message: SampleMessage) => void): () => void {
    this.samples.add(take);
    return () => this.samples.delete(take);
  }

  changed(): void {
    if (this.due || this.paused || document.hidden) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      for (const notify of [...this.subscribers]) notify();
    });
  }

  setPaused(paused: boolean): void {
    this.paused = false;
    this.changed();
    this.paused = paused;
  }

  // ---- writing: the stream alone

  hello(message: Hello): void {
    this.version = message.version ?? "";
    this.interval = message.interval_seconds ?? 1;
    const time = parseTime(message.time);
    if (time !== undefined && this.time === 0) {
      this.time = time;
      this.arrived = Date.now();
    }
    if (this.boot !== "" && message.boot_id !== undefined && message.boot_id !== this.boot) this.events.clear();
    this.boot = message.boot_id ?? "";
    this.changed();
  }

  workloads(message: WorkloadsMessage): void {
    if (message.full === true) {
      this.connections += 1;
      this.replaceAll(message.workloads);
    } else {
      for (const facts of message.workloads) this.put(facts);
      for (const key of message.removed ?? []) this.remove(key);
    }
    this.changed();
  }

  sample(message: SampleMessage): void {
    if (message.fields.join() !== this.fields.join()) {
      this.fields = message.fields;
      this.columns = new Map(message.fields.map((name, i) => [name, i]));
    }
    this.time = message.time;
    this.passes += 1;
    this.arrived = Date.now();
    this.status = "live";
    for (const row of message.rows) this.entries.get(row[0])?.recent.push(message.time, row.slice(1));
    for (const take of [...this.samples]) take(message);
    this.changed();
  }

  event(event: ApiEvent): void {
    if (this.events.add([event])) this.changed();
  }

  setStatus(status: Status): void {
    if (status === this.status) return;
    this.status = status;
    this.changed();
  }

  // A whole list: of the first connection, of the next one, or of an agent that was
  // restarted and counts its keys from 1 again. Samples stay with their workload.
  private replaceAll(list: Facts[]): void {
    const before = new Map([...this.entries.values()].map((entry) => [identity(entry.facts), entry]));
    this.entries.clear();
    for (const facts of list) {
      const known = before.get(identity(facts));
      before.delete(identity(facts));
      const entry = known ?? newEntry(facts);
      update(entry, facts);
      this.entries.set(facts.key, entry);
      this.ids.set(facts.id, entry);
    }
    for (const entry of before.values()) this.end(entry);
  }

  private put(facts: Facts): void {
    const known = this.entries.get(facts.key);
    if (known && known.facts.id !== facts.id) this.ids.delete(known.facts.id);
    const entry = known ?? newEntry(facts);
    update(entry, facts);
    this.entries.set(facts.key, entry);
    this.ids.set(facts.id, entry);
    this.ended.delete(facts.id);
  }

  private remove(key: number): void {
    const entry = this.entries.get(key);
    this.entries.delete(key);
    if (entry) this.end(entry);
  }

  private end(entry: Entry): void {
    entry.ended = this.now();
    if (this.ids.get(entry.facts.id) !== entry) return; // its id has a new owner already
    this.ids.delete(entry.facts.id);
    this.ended.delete(entry.facts.id);
    this.ended.set(entry.facts.id, entry);
    for (const oldest of this.ended.keys()) {
      if (this.ended.size <= kMaxEnded) break;
      this.ended.delete(oldest);
    }
  }
}

function newEntry(facts: Facts): Entry {
  return { facts, recent: new RecentSamples(), search: searched(facts), started: undefined };
}

function update(entry: Entry, facts: Facts): void {
  entry.facts = facts;
  entry.search = searched(facts);
  entry.started = startedAt(facts);
  delete entry.ended;
}

/** As the table's functions take it. */
export function rowOf(live: Live, entry: Entry, weight: number): Row {
  return { facts: entry.facts, value: (field) => live.value(entry, field), weight, search: entry.search };
}
