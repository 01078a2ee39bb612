// The fields of the live stream and of the history: their names, units and
// words, and what each page does with them. Pure.
import type { Unit } from "./format";

export interface Field {
  name: string;
  title: string;
  unit: Unit;
  /** A group of workloads has the sum of its members'. */
  summed: boolean;
  /** The title of its chart on the Compare page; without one it has none. */
  compared?: string;
  /** The overview draws it: the time before the page was opened is asked of the history. */
  backfilled: boolean;
  /** Can stand for work done, of which a unit's cost is shown. */
  work: boolean;
}

const kFields = [
  { name: "cpu_cores", title: "CPU", unit: "cores", summed: true, compared: "CPU", backfilled: true, work: false },
  { name: "cpu_throttled", title: "CPU throttled", unit: "ratio", summed: false, backfilled: false, work: false },
  { name: "memory_bytes", title: "Memory", unit: "bytes", summed: true, backfilled: true, work: false },
  {
    name: "working_set_bytes",
    title: "Working set",
    unit: "bytes",
    summed: true,
    compared: "Memory",
    backfilled: true,
    work: false,
  },
  {
    name: "io_read_bytes",
    title: "Read",
    unit: "bytes/s",
    summed: true,
    compared: "Disk, read",
    backfilled: true,
    work: true,
  },
  {
    name: "io_write_bytes",
    title: "Written",
    unit: "bytes/s",
    summed: true,
    compared: "Disk, written",
    backfilled: true,
    work: true,
  },
  {
    name: "net_rx_bytes",
    title: "Received",
    unit: "bytes/s",
    summed: true,
    compared: "Network, received",
    backfilled: true,
    work: true,
  },
  {
    name: "net_tx_bytes",
    title: "Sent",
    unit: "bytes/s",
    summed: true,
    compared: "Network, sent",
    backfilled: true,
    work: true,
  },
  {
    name: "psi_cpu",
    title: "CPU pressure",
    unit: "ratio",
    summed: false,
    compared: "CPU pressure",
    backfilled: true,
    work: false,
  },
  { name: "psi_memory", title: "Memory pressure", unit: "ratio", summed: false, backfilled: false, work: false },
  {
    name: "psi_io",
    title: "I/O pressure",
    unit: "ratio",
    summed: false,
    compared: "I/O pressure",
    backfilled: false,
    work: false,
  },
  {
    name: "pids",
    title: "Processes and threads",
    unit: "count",
    summed: true,
    compared: "Processes and threads",
    backfilled: false,
    work: false,
  },
  { name: "oom_kills", title: "OOM kills", unit: "count", summed: false, backfilled: false, work: false },
] as const satisfies readonly Field[];

export type FieldName = (typeof kFields)[number]["name"];

const kAll: readonly Field[] = kFields;
const namesOf = (column: "summed" | "backfilled" | "work"): readonly string[] =>
  kAll.filter((field) => field[column]).map((field) => field.name);

export const kSummed = namesOf("summed");
export const kBackfilled = namesOf("backfilled");
export const kWorkFields = namesOf("work");

export interface Compared {
  field: string;
  title: string;
}
export const kCompared: readonly Compared[] = kAll.flatMap((field) =>
  field.compared === undefined ? [] : [{ field: field.name, title: field.compared }],
);

const kByName = new Map(kAll.map((field) => [field.name, field]));

export function fieldOf(name: string): Pick<Field, "name" | "title" | "unit"> {
  return kByName.get(name) ?? { name, title: name.replaceAll("_", " "), unit: unitByName(name) };
}

/** A field that this page does not know by name is shown by its suffix. */
function unitByName(name: string): Unit {
  if (name.endsWith("_bytes")) return "bytes";
  if (name.endsWith("_cores")) return "cores";
  if (name.startsWith("psi_") || name.endsWith("_ratio")) return "ratio";
  if (name.endsWith("_seconds")) return "seconds";
  return "count";
}
