// The fields of the live stream and of the history: their names, units and words.
import type { Unit } from "./format";

export interface Field {
  name: string;
  title: string;
  unit: Unit;
}

const kFields: readonly Field[] = [
  { name: "cpu_cores", title: "CPU", unit: "cores" },
  { name: "cpu_throttled", title: "CPU throttled", unit: "ratio" },
  { name: "memory_bytes", title: "Memory", unit: "bytes" },
  { name: "working_set_bytes", title: "Working set", unit: "bytes" },
  { name: "io_read_bytes", title: "Read", unit: "bytes/s" },
  { name: "io_write_bytes", title: "Written", unit: "bytes/s" },
  { name: "net_rx_bytes", title: "Received", unit: "bytes/s" },
  { name: "net_tx_bytes", title: "Sent", unit: "bytes/s" },
  { name: "pids", title: "Processes and threads", unit: "count" },
  { name: "psi_cpu", title: "CPU pressure", unit: "ratio" },
  { name: "psi_memory", title: "Memory pressure", unit: "ratio" },
  { name: "psi_io", title: "I/O pressure", unit: "ratio" },
  { name: "oom_kills", title: "OOM kills", unit: "count" },
];

const kByName = new Map(kFields.map((field) => [field.name, field]));

export function fieldOf(name: string): Field {
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
