// Cgroups that only hold others: slices, pods and parents without tasks of their own. Their
// figures are those of what they hold, which has rows itself. Pure.
import type { Row } from "./table";
import { ancestorsOf } from "./workload";

/** With these kinds a row is a frame unless it has tasks of its own. */
const kFraming: ReadonlySet<string> = new Set(["slice", "pod", "cgroup"]);
/** These are known by their own name, whatever cgroups they make for their workers. */
const kUnits: ReadonlySet<string> = new Set(["service", "scope"]);

interface Held {
  tasks: number;
  /** Some of it is a plain cgroup. */
  cgroups: boolean;
}

/** What each row holds: the rows below it with no other row between. */
function heldBy(rows: readonly Row[]): Map<string, Held> {
  const ids = new Set(rows.map((row) => row.facts.id));
  const held = new Map<string, Held>();
  for (const row of rows) {
    const parent = ancestorsOf(row.facts.id).find((id) => ids.has(id));
    if (parent === undefined) continue;
    const one = held.get(parent) ?? { tasks: 0, cgroups: false };
    held.set(parent, one);
    one.tasks += row.value("pids") ?? 0;
    one.cgroups ||= row.facts.kind === "cgroup";
  }
  return held;
}

const kMaxSeen = 10;
const kOwnFrom = 5;

/**
 * Which rows are frames, sample after sample. A parent's tasks and those of its children
 * are counted a moment apart, so a difference counts only when most samples have it.
 */
export class Frames {
  private readonly seen = new Map<string, number>();
  private found: ReadonlySet<string> = new Set();
  private time = -1;

  of(rows: readonly Row[], time: number): ReadonlySet<string> {
    if (time === this.time && rows.every((row) => this.seen.has(row.facts.id) || !mayFrame(row))) return this.found;
    this.time = time;
    const held = heldBy(rows);
    const found = new Set<string>();
    const ids = new Set<string>();
    for (const row of rows) {
      if (!mayFrame(row)) continue;
      const { id } = row.facts;
      ids.add(id);
      const one = held.get(id);
      const own = (row.value("pids") ?? 0) - (one?.tasks ?? 0) > 0;
      const before = this.seen.get(id) ?? (own ? kOwnFrom : 0);
      const now = Math.min(kMaxSeen, Math.max(0, before + (own ? 1 : -1)));
      this.seen.set(id, now);
      if (now < kOwnFrom && isFrame(row, one)) found.add(id);
    }
    for (const id of this.seen.keys()) if (!ids.has(id)) this.seen.delete(id);
    this.found = found;
    return found;
  }
}

function mayFrame({ facts }: Row): boolean {
  return kFraming.has(facts.kind) || kUnits.has(facts.kind);
}

/** Of a row without tasks of its own. */
function isFrame({ facts, value }: Row, held: Held | undefined): boolean {
  if (held === undefined) return facts.kind === "slice";
  return kFraming.has(facts.kind) || (value("pids") !== null && !held.cgroups);
}
