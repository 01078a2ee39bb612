// A report of `tallyman overhead run`, read with care: what is not as it should be is
// left out, and the rest is shown. Pure.
import type { Quantity } from "./url_state";

/** One quantity of one place against the baseline. */
export interface Outcome {
  differs: boolean;
  unclear: boolean; // it took longer, but waiting for a CPU on a busy machine explains that
  low: number; // of the 95 % interval
  high: number;
  ratio: number | undefined; // where it differs
  p: number | undefined; // corrected
}
export type Of<T> = Record<Quantity, T>;
export interface Row {
  label: string;
  rounds: number;
  time: Of<number | undefined>; // median of an operation, ns
  outcome: Of<Outcome | undefined>;
  reason: string; // why it has no outcome, or a remark on it
}
export interface Group {
  workload: string;
  chapter: string;
  what: string;
  operation: string;
  baseline: Of<number | undefined>; // ns
  floor: Of<number | undefined>; // how far from 1 is noise
  control: Of<{ low: number; high: number } | undefined>;
  rows: Row[];
}
export interface Report {
  run: string;
  began: string;
  extent: string;
  baseline: string;
  summary: string[]; // the answer in sentences
  rounds: number | undefined;
  durationNs: number | undefined; // of one measurement
  remarks: string[];
  facts: [string, string][];
  leftOut: { name: string; what: string; reason: string }[]; // modes
  unmeasured: { workload: string; reason: string }[]; // workloads of which there is no comparison at all
  clocks: [string, number][]; // CPU time by the cgroup over that by the processes
  groups: Group[];
}

export const kChapters = [
  "Processor and kernel",
  "Start",
  "Files",
  "First write to a file of a lower layer",
  "Network",
  "Applications",
  "Other",
] as const;
const kControl = "control";

// As agent/overhead/model/plan.cc has them; a report says what an operation is only where a mode was measured.
const kWorkloads: Readonly<Record<string, readonly [chapter: number, operation: string, what: string]>> = {
  integer: [0, "1000 steps", "Multiplications, shifts and branches, each on the result of the last."],
  "floating-point": [0, "1000 steps", "Multiplications and divisions, each on the result of the last."],
  "system-calls": [0, "call", "getppid(), which does nothing but enter and leave the kernel."],
  "context-switches": [0, "round trip", "A byte through a pipe to another process on the same CPU, and back."],
  "page-faults": [0, "page", "4 MiB mapped, touched and unmapped."],
  "fork-exec": [0, "process", "fork, exec and wait."],
  start: [1, "start", "From the request to the first instruction of main."],
  "small-files": [2, "file", "100 files of 1 KiB created, listed and deleted."],
  write: [2, "64 KiB", "One after the other, into the page cache."],
  read: [2, "64 KiB", "One after the other, from the page cache."],
  "write-fsync": [2, "write", "4 KiB, then fsync."],
  "random-read": [2, "read", "4 KiB at a random position, direct I/O."],
  "random-write": [2, "write", "4 KiB at a random position, direct I/O."],
  "copy-up-4k": [3, "file", "A file of 4 KiB, which is copied up."],
  "copy-up-1m": [3, "file", "A file of 1 MiB, which is copied up."],
  "copy-up-16m": [3, "file", "A file of 16 MiB, which is copied up."],
  "loopback-throughput": [4, "64 KiB", "One TCP stream, both ends in the environment."],
  "loopback-latency": [4, "round trip", "A byte there and back, both ends in the environment."],
  "loopback-connect": [4, "connection", "A connection to its first byte, both ends in the environment."],
  "tcp-throughput": [4, "64 KiB", "One TCP stream, from a process of the host to a server in the environment."],
  "tcp-latency": [4, "round trip", "A byte there and back, from a process of the host to a server in the environment."],
  "tcp-connect": [
    4,
    "connection",
    "A connection to its first byte, from a process of the host to a server in the environment.",
  ],
  nginx: [5, "request", "A page of 4 KiB, requested by wrk."],
  postgresql: [5, "transaction", "pgbench, select only."],
};

type Json = Readonly<Record<string, unknown>>;
const objectOf = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.map(objectOf) : []);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(textOf).filter((text) => text !== "") : [];
const numberOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;
const positive = (value: unknown): number | undefined => {
  const number = numberOf(value);
  return number !== undefined && number > 0 ? number : undefined;
};

function intervalOf(value: unknown): { low: number; high: number } | undefined {
  if (!Array.isArray(value)) return undefined;
  const low = positive(value[0]);
  const high = positive(value[1]);
  return low === undefined || high === undefined || low > high ? undefined : { low, high };
}

function outcomeOf(value: unknown): Outcome | undefined {
  const object = objectOf(value);
  const interval = intervalOf(object["interval"]);
  const differs = object["differs"];
  const ratio = positive(object["ratio"]);
  if (interval === undefined || typeof differs !== "boolean" || (differs && ratio === undefined)) return undefined;
  return {
    differs,
    unclear: object["unclear"] === true,
    ...interval,
    ratio: differs ? ratio : undefined,
    p: numberOf(object["p_corrected"]),
  };
}

function floorOf(value: unknown): number | undefined {
  const floor = numberOf(objectOf(value)["noise_floor"]);
  return floor !== undefined && floor >= 1 ? floor : undefined;
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  return high === undefined || low === undefined ? undefined : (low + high) / 2;
}

interface Cell {
  workload: string;
  mode: string;
  label: string;
  reason: string;
  time: Of<number | undefined>;
}

function cellOf(cell: Json): Cell {
  const samples = listOf(cell["samples"]);
  const of = (key: string): number | undefined =>
    median(samples.map((sample) => positive(sample[key])).filter((value): value is number => value !== undefined));
  return {
    workload: textOf(cell["workload"]),
    mode: textOf(cell["mode"]),
    label: textOf(cell["label"]),
    reason: textOf(cell["reason"]),
    time: { wall: of("wall_ns"), cpu: of("cpu_ns") },
  };
}

const kNoCpu = "its CPU time was not measured";

function rowOf(result: Json, cell: Cell | undefined, modeReason: string): Row {
  const rounds = numberOf(result["rounds"]) ?? 0;
  const outcome = { wall: outcomeOf(result["wall"]), cpu: outcomeOf(result["cpu"]) };
  const reason = cell?.reason || modeReason;
  const missing = rounds === 0 ? "the report does not say why" : `only ${rounds} ${rounds === 1 ? "round" : "rounds"}`;
  return {
    label: textOf(result["label"]),
    rounds,
    outcome,
    time: { wall: positive(result["wall_ns"]) ?? cell?.time.wall, cpu: cell?.time.cpu },
    reason: reason || (outcome.wall === undefined ? missing : ""),
  };
}

/** Why there is nothing to show of it. */
export function reasonOf(row: Row, quantity: Quantity): string {
  return quantity === "cpu" && row.outcome.wall !== undefined ? kNoCpu : row.reason;
}

function groupOf(
  workload: string,
  results: readonly Json[],
  cells: readonly Cell[],
  reasons: ReadonlyMap<string, string>,
  baseline: string,
): Group {
  const known = kWorkloads[workload];
  const own = results.filter((result) => result["label"] !== kControl);
  const itself = results.find((result) => result["label"] === kControl);
  const controlOf = (quantity: Quantity): Group["control"][Quantity] =>
    intervalOf(objectOf(itself?.[quantity])["interval"]);
  const control = { wall: controlOf("wall"), cpu: controlOf("cpu") };
  const reach = (of: Group["control"][Quantity]): number | undefined => of && Math.max(1, of.high, 1 / of.low);
  const cell = (label: string): Cell | undefined =>
    cells.find((one) => one.workload === workload && one.label === label);
  const first = <T>(of: (result: Json) => T | undefined): T | undefined =>
    own.map(of).find((value) => value !== undefined);
  const base = cells.find((one) => one.workload === workload && one.mode === baseline);
  return {
    workload,
    what: known?.[2] ?? "",
    chapter: kChapters[known?.[0] ?? kChapters.length - 1] ?? "",
    operation: first((result) => textOf(result["operation"]) || undefined) ?? known?.[1] ?? "operation",
    baseline: { wall: first((result) => positive(result["baseline_wall_ns"])) ?? base?.time.wall, cpu: base?.time.cpu },
    floor: {
      wall: first((result) => floorOf(result["wall"])) ?? reach(control.wall),
      cpu: first((result) => floorOf(result["cpu"])) ?? reach(control.cpu),
    },
    control,
    rows: own.map((result) => {
      const of = cell(textOf(result["label"]));
      return rowOf(result, of, reasons.get(of?.mode ?? "") ?? "");
    }),
  };
}

/** Nothing if it is no report at all. */
export function reportOf(answer: unknown): Report | undefined {
  const report = objectOf(answer);
  if (textOf(report["run"]) === "" || !Array.isArray(report["results"])) return undefined;
  const baseline = textOf(report["baseline"]) || "bare";
  const results = listOf(report["results"]).filter(
    (result) => textOf(result["workload"]) !== "" && textOf(result["label"]) !== "",
  );
  const cells = listOf(report["cells"]).map(cellOf);
  const modes = listOf(report["modes"]).map((mode) => ({
    name: textOf(mode["name"]),
    what: textOf(mode["what"]),
    reason: textOf(mode["reason"]),
  }));
  const reasons = new Map(modes.map((mode) => [mode.name, mode.reason]));
  const compared = new Set(results.map((result) => textOf(result["workload"])));
  const others = new Set(
    cells.map((cell) => cell.workload).filter((workload) => workload !== "" && !compared.has(workload)),
  );
  return {
    run: textOf(report["run"]),
    began: textOf(report["began"]),
    extent: textOf(report["extent"]),
    baseline,
    rounds: numberOf(report["rounds"]),
    durationNs: positive(report["duration_ns"]),
    summary: textsOf(report["summary"]),
    remarks: textsOf(report["remarks"]),
    facts: Object.entries(objectOf(report["facts"])).map(([name, value]) => [name, textOf(value)]),
    leftOut: modes.filter((mode) => mode.reason !== ""),
    unmeasured: [...others].map((workload) => {
      const own = cells.filter((cell) => cell.workload === workload);
      const base = own.find((cell) => cell.mode === baseline);
      return {
        workload,
        reason: base?.reason || (own.find((cell) => cell.reason !== "")?.reason ?? "too few rounds to compare"),
      };
    }),
    clocks: Object.entries(objectOf(report["cgroup_cpu_over_own"])).flatMap(([mode, value]) => {
      const ratio = numberOf(value);
      return ratio === undefined ? [] : [[mode, ratio] as [string, number]];
    }),
    groups: [...compared].map((workload) =>
      groupOf(
        workload,
        results.filter((result) => result["workload"] === workload),
        cells,
        reasons,
        baseline,
      ),
    ),
  };
}

/** The groups by chapter, each with one at least. */
export function chaptersOf(report: Report): { title: string; groups: Group[] }[] {
  return kChapters
    .map((title) => ({ title, groups: report.groups.filter((group) => group.chapter === title) }))
    .filter((one) => one.groups.length > 0);
}

/** Whether CPU time is measured of this workload at all: of a start it is not. */
export function measuresCpu(group: Group): boolean {
  return (
    group.floor.cpu !== undefined ||
    group.baseline.cpu !== undefined ||
    group.rows.some((row) => row.outcome.cpu !== undefined)
  );
}

export function tally(report: Report, quantity: Quantity): { compared: number; differing: number } {
  const outcomes = report.groups
    .flatMap((group) => group.rows.map((row) => row.outcome[quantity]))
    .filter((one) => one !== undefined);
  return { compared: outcomes.length, differing: outcomes.filter((one) => one.differs).length };
}
