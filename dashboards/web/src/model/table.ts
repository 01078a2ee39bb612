// The overview's table: which rows, in which order, in which groups. Pure.
import { ancestorsOf, displayName, kHostId, podOf, projectOf, sliceOf, type Facts, type Searched } from "./workload";
import { kSummed } from "./fields";
import { shortPath, visible } from "./text";

export interface Row {
  facts: Facts;
  /** By name of field; null where not known. */
  value: (field: string) => number | null;
  weight: number;
  search: Searched;
}

export interface Filters {
  text: string;
  kind: string;
  runtime: string;
  project: string;
  pod: string;
  only: boolean;
}

export type GroupBy = "" | "project" | "pod" | "slice";
export type SortBy = "name" | "status" | "cpu" | "memory" | "limit" | "io" | "net" | "pids" | "pressure" | "started";
export interface Sort {
  by: SortBy;
  descending: boolean;
}

export interface Group {
  kind: "group";
  name: string;
  label: string;
  note: string;
  members: Row[];
  sums: Map<string, number>;
}
export interface Member {
  kind: "row";
  row: Row;
  inGroup: boolean;
}
export type TableItem = Group | Member;

export const itemKey = (item: TableItem): string => (item.kind === "group" ? `group ${item.name}` : item.row.facts.id);

/** Every word of the text must be found; a word with a leading "-" must not. */
function everyWord(text: string, has: (word: string) => boolean): boolean {
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => (word.length > 1 && word.startsWith("-") ? !has(word.slice(1)) : has(word)));
}

export function matchesText(within: string, text: string): boolean {
  return everyWord(text, (word) => within.includes(word));
}

export function matchesWorkload({ text: within, ids, path }: Searched, text: string): boolean {
  return everyWord(
    text,
    (word) =>
      within.includes(word) ||
      (word.length >= 4 && ids.some((id) => id.startsWith(word))) ||
      (word.includes("/") && path.includes(word)),
  );
}

export function matches(row: Row, filters: Filters): boolean {
  const { facts } = row;
  if (facts.id === kHostId) return false; // it has its own strip
  if (filters.kind !== "" && facts.kind !== filters.kind) return false;
  if (filters.runtime !== "" && (facts.runtime ?? "") !== filters.runtime) return false;
  if (filters.project !== "" && projectOf(facts) !== filters.project) return false;
  if (filters.pod !== "" && podOf(facts) !== filters.pod) return false;
  if (filters.only && row.weight === 0) return false;
  return filters.text === "" || matchesWorkload(row.search, filters.text);
}

function both(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a + b;
}

/** Of the limit that is the nearest. */
function partOfLimit({ facts, value }: Row): number | null {
  const { cpu_cores: cores, memory_bytes: memory, pids } = facts.limits ?? {};
  const parts = [
    [value("cpu_cores"), cores],
    [value("working_set_bytes") ?? value("memory_bytes"), memory],
    [value("pids"), pids],
  ] as const;
  return parts.reduce<number | null>(
    (most, [used, limit]) => (used === null || !limit ? most : Math.max(most ?? 0, used / limit)),
    null,
  );
}

export function sortValue(row: Row, by: SortBy): number | string | null {
  switch (by) {
    case "name":
      return displayName(row.facts).toLowerCase();
    case "status":
      return row.weight;
    case "cpu":
      return row.value("cpu_cores");
    case "memory":
      return row.value("working_set_bytes") ?? row.value("memory_bytes");
    case "limit":
      return partOfLimit(row);
    case "io":
      return both(row.value("io_read_bytes"), row.value("io_write_bytes"));
    case "net":
      return both(row.value("net_rx_bytes"), row.value("net_tx_bytes"));
    case "pids":
      return row.value("pids");
    case "pressure":
      return ["psi_cpu", "psi_memory", "psi_io"]
        .map((field) => row.value(field))
        .reduce((most, value) => (value === null ? most : Math.max(most ?? 0, value)), null);
    case "started":
      return row.value("started");
  }
}

/** One for all: a localeCompare for each pair of a thousand names takes longer than a frame. */
const kCollator = new Intl.Collator(undefined, { numeric: true });

function compare(a: number | string | null, b: number | string | null, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1; // not known: last, either way
  const order = typeof a === "string" && typeof b === "string" ? kCollator.compare(a, b) : Number(a) - Number(b);
  return descending ? -order : order;
}

/** Those of one status are in the order of their CPU time. Stable: equal rows are in the order of their ids. */
export function sortRows(rows: readonly Row[], sort: Sort): Row[] {
  const second = (row: Row): number | null => (sort.by === "status" ? row.value("cpu_cores") : null);
  return rows
    .map((row) => ({ row, value: sortValue(row, sort.by), next: second(row) }))
    .sort(
      (a, b) =>
        compare(a.value, b.value, sort.descending) ||
        compare(a.next, b.next, true) ||
        (a.row.facts.id < b.row.facts.id ? -1 : 1),
    )
    .map(({ row }) => row);
}

export function groupName(facts: Facts, by: GroupBy): string {
  const name =
    by === "project" ? projectOf(facts) : by === "pod" ? podOf(facts) : by === "slice" ? sliceOf(facts) : undefined;
  return name ?? "";
}

/** Those that no other member contains: a cgroup's figures hold those below it already. */
export function topmost(members: readonly Row[]): Row[] {
  const ids = new Set(members.map((row) => row.facts.id));
  return members.filter((row) => !ancestorsOf(row.facts.id).some((id) => ids.has(id)));
}

export function sumsOf(members: readonly Row[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const row of topmost(members)) {
    for (const field of kSummed) {
      const value = row.value(field);
      if (value !== null) sums.set(field, (sums.get(field) ?? 0) + value);
    }
  }
  return sums;
}

function groupLabel(name: string, by: GroupBy): string {
  if (name === "") return by === "project" ? "No project" : by === "pod" ? "No pod" : "Top level";
  if (name === "/") return "Top level";
  return visible(by === "slice" ? shortPath(name) : name);
}

const kSumOfSort: Partial<Record<SortBy, readonly string[]>> = {
  cpu: ["cpu_cores"],
  memory: ["working_set_bytes"],
  io: ["io_read_bytes", "io_write_bytes"],
  net: ["net_rx_bytes", "net_tx_bytes"],
  pids: ["pids"],
};

function groupValue(group: Group, by: SortBy): number | string | null {
  if (by === "name") return group.label.toLowerCase();
  const fields = kSumOfSort[by];
  if (fields) return fields.map((field) => group.sums.get(field) ?? null).reduce(both, null);
  return group.members.reduce<number | null>((most, row) => {
    const value = by === "status" ? row.weight : sortValue(row, by);
    return typeof value === "number" ? Math.max(most ?? value, value) : most;
  }, null);
}

/** The table from top to bottom. Groups that are open are followed by their members. */
export function tableItems(rows: readonly Row[], sort: Sort, by: GroupBy, open: ReadonlySet<string>): TableItem[] {
  const sorted = sortRows(rows, sort);
  if (by === "") return sorted.map((row) => ({ kind: "row", row, inGroup: false }));
  const members = new Map<string, Row[]>();
  for (const row of sorted) {
    const name = groupName(row.facts, by);
    const list = members.get(name);
    if (list) list.push(row);
    else members.set(name, [row]);
  }
  const groups = [...members].map(([name, list]): Group => ({
    kind: "group",
    name,
    label: groupLabel(name, by),
    note: list.length === 1 ? "1 workload" : `${list.length} workloads`,
    members: list,
    sums: sumsOf(list),
  }));
  // What is in no group comes last, whatever the order.
  groups.sort(
    (a, b) =>
      Number(a.name === "") - Number(b.name === "") ||
      compare(groupValue(a, sort.by), groupValue(b, sort.by), sort.descending) ||
      (sort.by === "status" ? compare(groupValue(a, "cpu"), groupValue(b, "cpu"), true) : 0) ||
      (a.name < b.name ? -1 : 1),
  );
  return groups.flatMap((group): TableItem[] =>
    open.has(group.name)
      ? [group, ...group.members.map((row): Member => ({ kind: "row", row, inGroup: true }))]
      : [group],
  );
}

/** The values that occur, for the choices of a filter. */
export function choices(rows: readonly Row[], of: (facts: Facts) => string | undefined): string[] {
  const found = new Set<string>();
  for (const row of rows) {
    const value = row.facts.id === kHostId ? undefined : of(row.facts);
    if (value) found.add(value);
  }
  return [...found].sort(kCollator.compare);
}

/**
 * Which rows of a list are to be drawn: those in sight and a few around them, in steps of
 * several rows, so that most frames of a scroll draw none.
 */
export function visibleSlice(
  scrollTop: number,
  height: number,
  rowHeight: number,
  total: number,
  around = 8,
  step = 4,
): [number, number] {
  const first = Math.max(0, Math.floor((Math.floor(scrollTop / rowHeight) - around) / step) * step);
  const last = Math.min(total, Math.ceil((Math.ceil((scrollTop + height) / rowHeight) + around) / step) * step);
  return [Math.min(first, Math.max(0, total - 1)), last];
}
