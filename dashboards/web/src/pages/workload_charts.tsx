// The charts of one workload, on one time axis.
import { useApp } from "../app_context";
import type { SeriesState } from "../hooks/use_series";
import { fieldOf, type FieldName } from "../model/fields";
import { bytes, cores, count } from "../model/format";
import { align, type Aligned } from "../model/series";
import { kHostId, type Facts } from "../model/workload";
import { Chart } from "../parts/chart";
import type { ChartProps, Line } from "../parts/chart_options";
import type { Limit } from "../parts/chart_plugins";
import type { Table } from "../parts/save";

interface Drawing {
  title: string;
  fields: FieldName[];
  lines: Line[];
  limit?: (facts: Facts, hostCores?: number, hostMemory?: number) => Limit | undefined;
}

const line = (label: string, color: string, more: Partial<Line> = {}): Line => ({ label, color, ...more });

const kDrawings: readonly Drawing[] = [
  {
    title: "CPU",
    fields: ["cpu_cores"],
    lines: [line("cores used", "series-1", { area: true })],
    limit: (facts, hostCores) =>
      facts.limits?.cpu_cores
        ? { value: facts.limits.cpu_cores, text: `limit ${cores(facts.limits.cpu_cores)} cores` }
        : facts.id === kHostId && hostCores
          ? { value: hostCores, text: `${hostCores} cores` }
          : undefined,
  },
  {
    title: "Memory",
    fields: ["working_set_bytes", "memory_bytes"],
    lines: [line("working set", "series-1", { area: true }), line("with cache", "series-2", { dash: [4, 3] })],
    limit: (facts, _cores, hostMemory) =>
      facts.limits?.memory_bytes
        ? { value: facts.limits.memory_bytes, text: `limit ${bytes(facts.limits.memory_bytes)}` }
        : facts.id === kHostId && hostMemory
          ? { value: hostMemory, text: `${bytes(hostMemory)} total` }
          : undefined,
  },
  {
    title: "Pressure",
    fields: ["psi_cpu", "psi_memory", "psi_io"],
    lines: [
      line("CPU", "series-1"),
      line("memory", "series-3", { dash: [6, 3] }),
      line("I/O", "series-4", { dash: [2, 2] }),
    ],
  },
  { title: "CPU throttled", fields: ["cpu_throttled"], lines: [line("of the time", "series-3", { area: true })] },
  {
    title: "Disk",
    fields: ["io_read_bytes", "io_write_bytes"],
    lines: [line("read", "series-1"), line("written", "series-2", { dash: [4, 3] })],
  },
  {
    title: "Network",
    fields: ["net_rx_bytes", "net_tx_bytes"],
    lines: [line("received", "series-1"), line("sent", "series-2", { dash: [4, 3] })],
  },
  {
    title: "Processes and threads",
    fields: ["pids"],
    lines: [line("tasks", "series-1")],
    limit: (facts) =>
      facts.limits?.pids ? { value: facts.limits.pids, text: `limit ${count(facts.limits.pids)}` } : undefined,
  },
];
export const kFields = kDrawings.flatMap((one) => one.fields);

export interface Drawn extends Drawing {
  data: Aligned;
}

export function drawnOf(series: SeriesState, id: string): Drawn[] {
  return kDrawings.map((one) => ({
    ...one,
    data: align(
      one.fields.map((field) => series.points(id, field)),
      series.step,
    ),
  }));
}

export function hasValues({ data }: Drawn): boolean {
  return data.slice(1).some((column) => column.some((value) => value !== null));
}

export function WorkloadCharts({
  facts,
  drawn,
  loading,
  ...shared
}: {
  facts: Facts | undefined;
  drawn: readonly Drawn[];
  loading: boolean;
} & Pick<ChartProps, "from" | "to" | "events" | "moves" | "onCursor" | "onZoom" | "onReset">) {
  const { host } = useApp();
  const shown = drawn.filter((one) => hasValues(one) || one.title === "CPU" || one.title === "Memory");
  const silent = drawn.filter((one) => !shown.includes(one)).map((one) => one.title.toLowerCase());
  return (
    <>
      <div class={`charts${loading ? " is-loading" : ""}`} aria-busy={loading}>
        {shown.map((one) => {
          const limit = facts && one.limit?.(facts, host?.cpu_cores, host?.memory_bytes);
          return (
            <Chart
              key={one.title}
              title={one.title}
              unit={fieldOf(one.fields[0] ?? "").unit}
              lines={one.lines}
              data={one.data}
              limits={limit ? [limit] : []}
              sync="workload"
              {...shared}
            />
          );
        })}
      </div>
      {silent.length > 0 && !loading && (
        <p class="hint">No data for: {silent.join(", ")}. The kernel does not report it for this workload.</p>
      )}
    </>
  );
}

/** The points of all charts in one table: a line for each time, a column for each field. */
export function pointsTable(name: string, drawn: readonly Drawn[]): Table {
  const columns = new Map<string, Map<number, number>>();
  const times = new Set<number>();
  for (const { fields, data } of drawn) {
    fields.forEach((field, i) => {
      const column = new Map<number, number>();
      data[0].forEach((time, at) => {
        const value = data[i + 1]?.[at];
        if (value === null || value === undefined) return;
        column.set(time, value);
        times.add(time);
      });
      columns.set(field, column);
    });
  }
  const header = [...columns.keys()];
  return {
    name: `tallyman-${name}`,
    header: ["time", ...header],
    rows: [...times]
      .sort((a, b) => a - b)
      .map((time) => [new Date(time * 1000).toISOString(), ...header.map((field) => columns.get(field)?.get(time))]),
  };
}
